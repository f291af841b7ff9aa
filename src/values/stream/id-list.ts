/** A list of stream ids in the order in which they were added, 16 bytes each. */

import { ID_BYTES, type StreamId } from "./stream-id.ts";

const FIRST_BYTES = 16 * ID_BYTES;
const NO_BYTES = Buffer.alloc(0);

export class IdList {
  size = 0;
  private bytes = NO_BYTES;

  push(id: StreamId): void {
    const end = this.size * ID_BYTES;
    if (end === this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, end * 2));
      this.bytes.copy(grown);
      this.bytes = grown;
    }
    id.write(this.bytes, end);
    this.size++;
  }

  /** Sets `into` to the id at `index`, which there must be. Returns it. */
  read(index: number, into: StreamId): StreamId {
    return into.read(this.bytes, index * ID_BYTES);
  }
}
