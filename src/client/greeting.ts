/** What a connection begins with: RESP3, who asks, and the database, in one write. */

import { type Address, nameOf } from "./address.ts";
import { deferred } from "./deferred.ts";
import { LinkError, ReplyError } from "./errors.ts";
import { INCOMPLETE, Push, type ReplyDecoder } from "./reply-decoder.ts";
import { RequestBuffer } from "./request-buffer.ts";
import type { Wire } from "./wire.ts";

export class Greeting {
  private readonly address: Address;
  private readonly decoder: ReplyDecoder;
  private readonly done = deferred<void>();
  private left = 1;
  private isFirst = true;

  constructor(address: Address, decoder: ReplyDecoder) {
    this.address = address;
    this.decoder = decoder;
    // Whoever waits is told; before anyone does, a failure is no one's.
    this.done.promise.catch(() => {});
  }

  /** Sends it. Resolves when the server has accepted all of it. Errors: LinkError, ReplyError. */
  async say(wire: Wire): Promise<void> {
    const { username, password, name, database, connectTimeout } = this.address;
    const request = new RequestBuffer();
    const auth = password === "" ? [] : ["AUTH", username === "" ? "default" : username, password];
    request.add(["HELLO", "3", ...auth, ...(name === "" ? [] : ["SETNAME", name])]);
    if (database !== 0) {
      request.add(["SELECT", database]);
      this.left++;
    }
    // It is far shorter than what any system takes at once.
    wire.write(request.bytes, request.start, request.end);
    const timer = setTimeout(() => this.fail(new Error(`it did not answer within ${connectTimeout} ms`)), connectTimeout);
    try {
      await this.done.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  receive(chunk: Buffer): void {
    try {
      this.decoder.feed(chunk);
      for (let reply = this.decoder.next(false); reply !== INCOMPLETE; reply = this.decoder.next(false)) {
        if (!(reply instanceof Push)) this.take(reply);
      }
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** The connection is gone. */
  fail(error: Error | null): void {
    const why = error === null ? "it closed the connection" : error.message;
    this.done.reject(new LinkError(`no greeting from ${nameOf(this.address)}: ${why}`, { cause: error }));
  }

  private take(reply: unknown): void {
    if (reply instanceof ReplyError) this.done.reject(this.isFirst ? this.refusal(reply) : reply);
    this.isFirst = false;
    if (--this.left === 0) this.done.resolve();
  }

  private refusal(reply: ReplyError): Error {
    const isOld = reply.code === "NOPROTO" || /unknown command/i.test(reply.message);
    if (!isOld) return reply;
    return new LinkError(`${nameOf(this.address)} does not speak RESP3, which Redis has since version 6: "${reply.message}"`, {
      cause: reply,
    });
  }
}
