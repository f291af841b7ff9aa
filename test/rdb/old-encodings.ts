/** Makes the packed bytes of old Redis versions, as those did: no server of today writes them. */

/** One entry of a ziplist that follows one of `previous` bytes. */
export function ziplistEntry(value: string | number | bigint, previous: number, options: { longPrevious?: boolean } = {}): Buffer {
  const long = previous >= 254 || options.longPrevious === true;
  const before = Buffer.alloc(long ? 5 : 1);
  if (long) {
    before[0] = 0xfe;
    before.writeUInt32LE(previous, 1);
  } else {
    before[0] = previous;
  }
  return Buffer.concat([before, typeof value === "string" ? stringContent(value) : integerContent(BigInt(value))]);
}

function stringContent(text: string): Buffer {
  const { length } = text;
  const head =
    length < 64
      ? [length]
      : length < 16384
        ? [0x40 | (length >> 8), length & 0xff]
        : [0x80, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from(head), Buffer.from(text, "latin1")]);
}

function integerContent(value: bigint): Buffer {
  if (value >= 0n && value <= 12n) return Buffer.of(0xf1 + Number(value));
  for (const [bits, encoding] of [
    [8, 0xfe],
    [16, 0xc0],
    [24, 0xf0],
    [32, 0xd0],
  ] as const) {
    if (BigInt.asIntN(bits, value) !== value) continue;
    const content = Buffer.alloc(1 + bits / 8);
    content[0] = encoding;
    content.writeIntLE(Number(value), 1, bits / 8);
    return content;
  }
  const content = Buffer.alloc(9);
  content[0] = 0xe0;
  content.writeBigInt64LE(value, 1);
  return content;
}

/** A ziplist of entries that are made already. */
export function rawZiplist(entries: readonly Buffer[]): Buffer {
  const body = Buffer.concat(entries);
  const head = Buffer.alloc(10);
  head.writeUInt32LE(head.length + body.length + 1, 0);
  head.writeUInt32LE(head.length + body.length - (entries.at(-1)?.length ?? 0), 4);
  head.writeUInt16LE(entries.length, 8);
  return Buffer.concat([head, body, Buffer.of(0xff)]);
}

export function ziplist(values: readonly (string | number | bigint)[]): Buffer {
  const entries: Buffer[] = [];
  for (const value of values) entries.push(ziplistEntry(value, entries.at(-1)?.length ?? 0));
  return rawZiplist(entries);
}

/** `unused`: bytes left free after each value. */
export function zipmap(pairs: readonly (readonly [string, string])[], options: { unused?: number } = {}): Buffer {
  const { unused = 0 } = options;
  const parts: Buffer[] = [Buffer.of(Math.min(pairs.length, 254))];
  for (const [field, value] of pairs) {
    parts.push(zipmapLength(field.length), Buffer.from(field, "latin1"));
    parts.push(zipmapLength(value.length), Buffer.of(unused), Buffer.from(value, "latin1"), Buffer.alloc(unused, 0x75));
  }
  parts.push(Buffer.of(0xff));
  return Buffer.concat(parts);
}

function zipmapLength(length: number): Buffer {
  if (length < 254) return Buffer.of(length);
  const bytes = Buffer.alloc(5);
  bytes[0] = 0xfe;
  bytes.writeUInt32LE(length, 1);
  return bytes;
}

/** `width`: bytes of a number, 2, 4 or 8. */
export function intset(numbers: readonly bigint[], width: 2 | 4 | 8): Buffer {
  const bytes = Buffer.alloc(8 + numbers.length * width);
  bytes.writeUInt32LE(width, 0);
  bytes.writeUInt32LE(numbers.length, 4);
  numbers.forEach((number, index) => {
    const at = 8 + index * width;
    if (width === 8) bytes.writeBigInt64LE(number, at);
    else bytes.writeIntLE(Number(number), at, width);
  });
  return bytes;
}
