/** Takes the reply of a command that a function in TypeScript calls, and makes it the value that `call` returns. */

import { textOf } from "../../base/text.ts";
import { ValueReply } from "../../protocol/value-reply.ts";
import { ReplyError } from "./reply-error.ts";

/** What `call` returns; `Buffer` in the place of strings if it was asked for bytes. */
export type ReplyValue =
  | string
  | Buffer
  | number
  | bigint
  | boolean
  | null
  | ReplyError
  | readonly ReplyValue[]
  | ReadonlyMap<ReplyValue, ReplyValue>
  | ReadonlySet<ReplyValue>;

export class FunctionReply extends ValueReply {
  /** Something in it is no UTF-8, and lies in it as a buffer. */
  hasOddBytes = false;
  /** Whether strings are wanted as buffers. */
  asBytes = false;

  override begin(): void {
    super.begin();
    this.hasOddBytes = false;
  }

  /** What the command answered. */
  get value(): ReplyValue {
    // What `textValue` and `errorValue` make is all that a reply is made of.
    return (this.first ?? null) as ReplyValue;
  }

  protected textValue(bytes: Buffer, from: number, to: number): string | Buffer {
    const text = this.asBytes ? null : textOf(bytes, from, to);
    if (text !== null) return text;
    this.hasOddBytes ||= !this.asBytes;
    return Buffer.from(bytes.subarray(from, to));
  }

  protected errorValue(message: string): ReplyError {
    return new ReplyError(message, { counted: true });
  }
}
