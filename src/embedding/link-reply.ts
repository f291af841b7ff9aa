/** Takes the answers to a link in this process as the values that its promises resolve with. Hot. */

import { textOf } from "../base/text.ts";
import { ReplyError } from "../client/errors.ts";
import { ValueReply } from "../protocol/value-reply.ts";
import { decodePushes, type Push } from "./pushes.ts";

const NO_PUSHES: readonly Push[] = [];
const MAX_ASCII = 0x7f;

export class LinkReply extends ValueReply {
  /** Whether bulk strings are wanted as bytes, in place of text. */
  asBytes = false;
  private pushes: Push[] = [];
  /** A message is being written: its strings are bytes. */
  private inPush = false;

  /** Hands over what was answered; undefined where nothing was. An error is a ReplyError. */
  take(): unknown {
    const { first } = this;
    this.begin();
    return first;
  }

  get hasAnswer(): boolean {
    return this.answers > 0;
  }

  get hasPushes(): boolean {
    return this.pushes.length > 0;
  }

  takePushes(): readonly Push[] {
    const { pushes } = this;
    if (pushes.length === 0) return NO_PUSHES;
    this.pushes = [];
    return pushes;
  }

  override push(length: number): void {
    this.inPush = true;
    super.push(length);
  }

  protected override pushed(message: Push): void {
    this.inPush = false;
    this.pushes.push(message);
  }

  /** A message that the client has sent to itself. */
  override rawBytes(bytes: Buffer): void {
    for (const message of decodePushes(bytes, 0, bytes.length)) this.pushes.push(message);
  }

  protected textValue(bytes: Buffer, from: number, to: number): string | Uint8Array {
    if (this.asBytes || this.inPush) return new Uint8Array(bytes.subarray(from, to));
    return textOf(bytes, from, to) ?? bytes.toString("utf8", from, to);
  }

  protected errorValue(message: string): ReplyError {
    return new ReplyError(this.lineValue(message.replace(/[\r\n]/g, " ")));
  }

  /** Lines are text, whatever is wanted. */
  protected override lineValue(text: string): string {
    return isAscii(text) ? text : Buffer.from(text, "latin1").utf8Slice();
  }

  /** So is what is for people. */
  override verbatimParts(parts: readonly { readonly bytes: Buffer; readonly length: number }[], between: string): void {
    const { asBytes } = this;
    this.asBytes = false;
    super.verbatimParts(parts, between);
    this.asBytes = asBytes;
  }
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > MAX_ASCII) return false;
  return true;
}
