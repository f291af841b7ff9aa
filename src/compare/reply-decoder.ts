/** Replies of RESP2 as values: what a server answers that is asked, as a client. */

import { ReplyFormatError, ReplyReader } from "../protocol/reply-reader.ts";

/** An error that a server replied with. */
export class ErrorReply {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }

  /** Its first word, "WRONGTYPE". */
  get code(): string {
    return this.message.split(" ", 1)[0];
  }
}

/** A reply: strings are latin1, one character a byte. */
export type Value = string | number | null | ErrorReply | Value[];

export class ValueDecoder extends ReplyReader<Value> {
  protected readonly nil = null;

  /** Takes bytes, which may be used again afterwards, and hands every reply that is whole to `each`. Errors: ReplyFormatError. */
  take(bytes: Buffer, each: (value: Value) => void): void {
    this.push(Buffer.from(bytes));
    for (let value = this.next(); value !== undefined; value = this.next()) each(value);
  }

  protected line(mark: string, text: string): Value | undefined {
    if (mark === "+") return text;
    if (mark === "-") return new ErrorReply(text);
    return mark === ":" ? Number(text) : undefined;
  }

  protected string(mark: string, bytes: Buffer, from: number, to: number): Value {
    if (mark !== "$") throw new ReplyFormatError("a verbatim string, which RESP2 does not have");
    return bytes.latin1Slice(from, to);
  }

  protected itemsEach(mark: string): number | undefined {
    return mark === "*" ? 1 : undefined;
  }

  protected aggregate(_mark: string, items: Value[]): Value {
    return items;
  }
}
