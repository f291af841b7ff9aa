/** Names and values are bytes. Here they become text and bytes again, with none lost. */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const BACKSLASH = 92;

/** The text, if the bytes are UTF-8, whole and nothing else. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Text that `octetsOf` reads back: a backslash is written twice, what is no UTF-8 or a control character as \xNN. */
export function textOf(bytes: Uint8Array): string {
  const text = utf8(bytes);
  if (text !== null) return escaped(text);
  let result = "";
  let at = 0;
  while (at < bytes.length) {
    const length = lengthOfCharacter(bytes, at);
    const character = length === 0 ? null : utf8(bytes.subarray(at, at + length));
    result += character === null ? hexEscape(bytes[at] ?? 0) : escaped(character);
    at += character === null ? 1 : length;
  }
  return result;
}

/** How long the character is that begins with the byte at `at`; 0: none begins so. */
function lengthOfCharacter(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

function escaped(text: string): string {
  return text.replace(/[\\\p{Cc}]/gu, (character) => {
    if (character === "\\") return "\\\\";
    if (character === "\n") return "\\n";
    if (character === "\r") return "\\r";
    if (character === "\t") return "\\t";
    return Array.from(encoder.encode(character), hexEscape).join("");
  });
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

const LETTERS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9 };

/** The bytes of a text as `textOf` writes it: \xNN, \n, \r, \t and \\ stand for a byte, any other backslash for itself. */
export function octetsOf(text: string): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const { index, 0: whole } of text.matchAll(/\\(?:x[0-9a-fA-F]{2}|[nrt\\])/g)) {
    const byte = whole[1] === "x" ? Number.parseInt(whole.slice(2), 16) : (LETTERS[whole[1] ?? ""] ?? BACKSLASH);
    pieces.push(encoder.encode(text.slice(from, index)), Uint8Array.of(byte));
    from = index + whole.length;
  }
  pieces.push(encoder.encode(text.slice(from)));
  return joined(pieces);
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

export function sameOctets(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** A text that stands for these bytes alone: a key of a Map. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** "1.5 MiB" or "10k" in bytes; null: it is no size. */
export function sizeOf(text: string): number | null {
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?\s*$/i.exec(text) ?? [];
  if (digits === undefined) return null;
  return Math.round(Number(digits) * (UNITS[(unit ?? "").toLowerCase()] ?? 1));
}
