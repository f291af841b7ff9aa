/** RESP3 in a browser: requests to bytes, bytes to replies. */

/** What a server answers. Bulk strings are text or bytes, as the request wanted. */
export type Reply = string | number | bigint | boolean | null | Uint8Array | ReplyError | Reply[] | Set<Reply> | Map<Reply, Reply>;

/** A part of a request; text goes as UTF-8. */
export type Word = string | number | bigint | Uint8Array;

/** An error that the server answered. */
export class ReplyError extends Error {
  override name = "ReplyError";

  /** Its first word: "NOPERM". */
  get code(): string {
    return this.message.split(" ", 1)[0] ?? "";
  }
}

/** A message that answers no request. */
export class Push {
  readonly items: Reply[];

  constructor(items: Reply[]) {
    this.items = items;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const CR = 13;
const LINE_FEED = 10;

/** A request in bytes. */
export function encode(words: readonly Word[]): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [encoder.encode(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = word instanceof Uint8Array ? word : encoder.encode(String(word));
    pieces.push(encoder.encode(`$${bytes.length}\r\n`), bytes, encoder.encode("\r\n"));
  }
  return joined(pieces);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Thrown while a reply is not whole. */
const INCOMPLETE = Symbol("incomplete");

/** Takes bytes as they come, and hands out replies. */
export class Decoder {
  private bytes = new Uint8Array(0);
  private at = 0;
  /** How many bytes from `at` on there must be before it is worth trying again. */
  private wanted = 0;

  feed(chunk: Uint8Array): void {
    this.bytes = this.at === this.bytes.length ? new Uint8Array(chunk) : joined([this.bytes.subarray(this.at), chunk]);
    this.at = 0;
  }

  /** The next reply, or undefined. `inBytes`: whether its bulk strings are wanted as bytes. Errors: Error where the bytes are none. */
  next(inBytes: boolean): Reply | Push | undefined {
    if (this.at === this.bytes.length || this.bytes.length - this.at < this.wanted) return undefined;
    const start = this.at;
    this.wanted = 0;
    try {
      return this.value(this.bytes[start] === 62 /* > */ || inBytes);
    } catch (error) {
      if (error !== INCOMPLETE) throw error;
      this.at = start;
      this.wanted = Math.max(0, this.wanted - start);
      return undefined;
    }
  }

  private value(inBytes: boolean): Reply | Push {
    const kind = String.fromCharCode(this.bytes[this.at] ?? 0);
    const line = this.line();
    switch (kind) {
      case "+":
        return line;
      case "-":
        return new ReplyError(line);
      case ":":
        return integer(line);
      case "_":
        return null;
      case "#":
        return line === "t";
      case ",":
        return double(line);
      case "(":
        return BigInt(line);
      case "$":
        return this.bulk(Number(line), inBytes);
      case "=": {
        const text = this.bulk(Number(line), false);
        return typeof text === "string" ? text.slice(4) : text;
      }
      case "!": {
        const text = this.bulk(Number(line), false);
        return new ReplyError(String(text));
      }
      case "*":
        return Number(line) < 0 ? null : this.items(Number(line), inBytes);
      case "~":
        return new Set(this.items(Number(line), inBytes));
      case ">":
        return new Push(this.items(Number(line), inBytes));
      case "%":
        return this.map(Number(line), inBytes);
      case "|":
        this.map(Number(line), inBytes);
        return this.value(inBytes);
      default:
        throw new Error(`the server sent no reply: ${JSON.stringify(kind + line.slice(0, 40))}`);
    }
  }

  private line(): string {
    const { bytes } = this;
    const start = this.at + 1;
    let end = start;
    while (end < bytes.length && bytes[end] !== CR) end++;
    if (end + 1 >= bytes.length) throw INCOMPLETE;
    if (bytes[end + 1] !== LINE_FEED) throw new Error("the server sent a line without its end");
    this.at = end + 2;
    return decoder.decode(bytes.subarray(start, end));
  }

  private bulk(length: number, inBytes: boolean): string | Uint8Array | null {
    if (length < 0) return null;
    const end = this.at + length;
    if (end + 2 > this.bytes.length) {
      this.wanted = end + 2;
      throw INCOMPLETE;
    }
    const content = this.bytes.subarray(this.at, end);
    this.at = end + 2;
    return inBytes ? content.slice() : decoder.decode(content);
  }

  private items(count: number, inBytes: boolean): Reply[] {
    const items: Reply[] = [];
    for (let index = 0; index < count; index++) items.push(this.value(inBytes) as Reply);
    return items;
  }

  private map(count: number, inBytes: boolean): Map<Reply, Reply> {
    const map = new Map<Reply, Reply>();
    for (let index = 0; index < count; index++) {
      // Keys of maps are names as a rule, and looked up by text.
      const key = this.value(inBytes) as Reply;
      map.set(key, this.value(inBytes) as Reply);
    }
    return map;
  }
}

function integer(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function double(text: string): number {
  if (text === "inf") return Number.POSITIVE_INFINITY;
  return text === "-inf" ? Number.NEGATIVE_INFINITY : Number(text);
}
