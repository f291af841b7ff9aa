/** Replies of RESP2 and RESP3 with their types, out of bytes however these are cut: what a person is shown. */

/** Strings hold bytes, one character a byte. Numbers are kept as they came. */
export type Reply =
  | { readonly kind: "status" | "error" | "string" | "verbatim" | "integer" | "double" | "bignum"; readonly text: string }
  | { readonly kind: "nil" }
  | { readonly kind: "boolean"; readonly value: boolean }
  /** The items of a map are its keys and values by turns. */
  | { readonly kind: AggregateKind; readonly items: readonly Reply[] };

export type AggregateKind = "array" | "set" | "map" | "push";

/** What came is no reply; the message has hiredis's words. */
export class ReplyFormatError extends Error {
  override name = "ReplyFormatError";
}

const NIL: Reply = { kind: "nil" };
const LF = 0x0a;
const CRLF_BYTES = 2;
/** What stands before the text of a verbatim string: "txt:". */
const FORMAT_BYTES = 4;
/** A line of a reply that is longer than this is none, a status or an error aside, which may be long. */
const LONGEST_LINE = 1024 * 1024;

interface Open {
  /** null: attributes, which are read and not kept. */
  readonly kind: AggregateKind | null;
  readonly items: Reply[];
  readonly count: number;
}

const AGGREGATES: Readonly<Record<string, AggregateKind | null>> = { "*": "array", "~": "set", "%": "map", ">": "push", "|": null };
const LINES: Readonly<Record<string, "status" | "error" | "integer" | "double" | "bignum">> = {
  "+": "status",
  "-": "error",
  ":": "integer",
  ",": "double",
  "(": "bignum",
};

export class ReplyDecoder {
  private held: Buffer = Buffer.alloc(0);
  private position = 0;
  /** Pieces that came while `needed` bytes had not. */
  private pieces: Buffer[] = [];
  private pieceBytes = 0;
  private needed = 1;
  private open: Open[] = [];

  /** Takes bytes, which are kept: they may not change afterwards. */
  push(bytes: Buffer): void {
    this.pieces.push(bytes);
    this.pieceBytes += bytes.length;
  }

  /** Returns the next reply that is whole, or null. Errors: ReplyFormatError. */
  next(): Reply | null {
    if (!this.gather()) return null;
    for (let value = this.value(); value !== null; value = this.value()) {
      const whole = this.close(value);
      if (whole !== null) return whole;
    }
    return null;
  }

  /** Gives up what is not decoded yet: bytes that are no replies. */
  takeRest(): Buffer {
    const rest = Buffer.concat([this.held.subarray(this.position), ...this.pieces]);
    this.held = Buffer.alloc(0);
    this.position = 0;
    this.pieces = [];
    this.pieceBytes = 0;
    this.needed = 1;
    return rest;
  }

  private gather(): boolean {
    if (this.held.length - this.position + this.pieceBytes < this.needed) return false;
    if (this.pieces.length > 0) this.held = Buffer.concat([this.held.subarray(this.position), ...this.pieces]);
    else if (this.position > 0) this.held = this.held.subarray(this.position);
    this.position = 0;
    this.pieces = [];
    this.pieceBytes = 0;
    this.needed = 1;
    return true;
  }

  /** Puts a value where it belongs. Returns it, or what it completes, when nothing is open around that. */
  private close(value: Reply): Reply | null {
    for (let top = this.open.at(-1); top !== undefined; top = this.open.at(-1)) {
      top.items.push(value);
      if (top.items.length < top.count) return null;
      this.open.pop();
      if (top.kind === null) return null;
      value = { kind: top.kind, items: top.items };
    }
    return value;
  }

  /** Returns the next value that holds no others, or null when it is not all there. */
  private value(): Reply | null {
    for (;;) {
      const { held, position } = this;
      const newline = held.indexOf(LF, position);
      if (newline < 0) {
        if (held.length - position > LONGEST_LINE && held[position] !== 0x2b && held[position] !== 0x2d) {
          throw new ReplyFormatError("Protocol error, a line without an end");
        }
        this.needed = held.length - position + 1;
        return null;
      }
      const mark = String.fromCharCode(held[position]);
      const text = held.latin1Slice(position + 1, newline - 1);
      const next = newline + 1;
      const line = LINES[mark];
      if (line !== undefined) {
        this.position = next;
        return { kind: line, text };
      }
      if (mark === "$" || mark === "=") return this.bulk(mark, lengthOf(text), next);
      if (mark === "_") {
        this.position = next;
        return NIL;
      }
      if (mark === "#") {
        this.position = next;
        return { kind: "boolean", value: text === "t" };
      }
      const kind = AGGREGATES[mark];
      if (kind === undefined) throw new ReplyFormatError(`Protocol error, got ${quoted(mark)} as reply type byte`);
      this.position = next;
      const length = lengthOf(text);
      if (length < 0) return NIL;
      if (length > 0) this.open.push({ kind, items: [], count: kind === "map" || kind === null ? length * 2 : length });
      else if (kind !== null) return { kind, items: [] };
    }
  }

  private bulk(mark: string, length: number, from: number): Reply | null {
    if (length < 0) {
      this.position = from;
      return NIL;
    }
    const end = from + length + CRLF_BYTES;
    if (end > this.held.length) {
      this.needed = end - this.position;
      return null;
    }
    this.position = end;
    if (mark === "=") return { kind: "verbatim", text: this.held.latin1Slice(from + FORMAT_BYTES, from + length) };
    return { kind: "string", text: this.held.latin1Slice(from, from + length) };
  }
}

function lengthOf(text: string): number {
  const length = text === "" ? Number.NaN : Number(text);
  if (!Number.isInteger(length)) throw new ReplyFormatError("Protocol error, a length that is no number");
  return length;
}

function quoted(mark: string): string {
  const code = mark.charCodeAt(0);
  return code >= 0x20 && code < 0x7f ? `"${mark}"` : `"\\x${code.toString(16).padStart(2, "0")}"`;
}

/** The text of a reply that is one string or number, else null. */
export function textOf(reply: Reply | undefined): string | null {
  return reply !== undefined && "text" in reply ? reply.text : null;
}

/** The items of an aggregate; none of anything else. */
export function itemsOf(reply: Reply | undefined): readonly Reply[] {
  return reply !== undefined && "items" in reply ? reply.items : [];
}
