/** What an image or a payload has that has no place here, and is left out of values that are read without it: counted, and said once. */

import type { RdbHandler } from "./handler.ts";

export class Omitted {
  /** Pending entries of stream groups that belong to no consumer (Redis 8.8), and streams that had some. */
  pendingEntries = 0;
  pendingStreams = 0;
  /** Ids by which streams know what producers have sent already (Redis 8.6), and streams that had producers or ids. */
  producedIds = 0;
  producerStreams = 0;

  /** Tells the handler what there was, if anything; counts from nothing again. */
  report(handler: RdbHandler): void {
    const { pendingEntries, pendingStreams, producedIds, producerStreams } = this;
    if (pendingStreams > 0)
      handler.warning(
        `${pendingEntries} pending entries that belong to no consumer (Redis 8.8) were left out of the groups of ${streams(pendingStreams)}`,
      );
    if (producerStreams > 0)
      handler.warning(
        `${producedIds} ids of idempotent producers (Redis 8.6) were left out of ${streams(producerStreams)}: what is sent again is added again`,
      );
    this.pendingEntries = 0;
    this.pendingStreams = 0;
    this.producedIds = 0;
    this.producerStreams = 0;
  }
}

function streams(count: number): string {
  return count === 1 ? "1 stream" : `${count} streams`;
}
