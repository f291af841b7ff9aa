/**
 * Looks at pipelined requests before they run: works out the hashes of their keys and touches the records, all at once, so that the processor waits for memory once
 * and not once per request. Measured with 1,000,000 keys at pipeline 16: GET 1.64 and SET 1.38 times Redis instead of 1.07 and 1.06 (docs/performance.md).
 */

import type { Frame } from "../resp/frame.ts";
import type { Database } from "./database.ts";

export class LookAhead {
  private readonly hashes: Int32Array;
  private readonly addresses: Int32Array;
  /** What prefetching read: kept so that reading has an effect. */
  private seen = 0;

  constructor(mostRequests: number) {
    this.hashes = new Int32Array(mostRequests);
    this.addresses = new Int32Array(mostRequests);
  }

  /** Prepares the first `count` of `frames`, taking each one's first argument for a key of `database`: a wrong guess costs nothing but the guess. */
  prepare(database: Database, frames: readonly Frame[], count: number): void {
    const { hashes } = this;
    const { table } = database;
    let keys = 0;
    for (let i = 0; i < count; i++) {
      const frame = frames[i];
      if (frame.count < 2) continue;
      frame.keyHash = table.hash(frame.buffer, frame.offsets[1], frame.lengths[1]);
      frame.hashed = true;
      hashes[keys++] = frame.keyHash;
    }
    this.seen ^= table.prefetch(hashes, this.addresses, keys);
  }
}
