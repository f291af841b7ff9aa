/**
 * Blocks of memory, all of one size, that may have several users: the strings that hold them, an answer on its way, an image, the journal.
 * One that is let go of by the last is used again, or its pages go back to the system at once: nothing waits for the garbage collector.
 */

import { assert } from "../assert.ts";
import { UnusedMemory } from "./unused.ts";

/** Small enough that copying one is no pause (30 µs), large enough that a string of 512 MiB has no more than 2,048. */
export const BLOCK_BYTES = 256 * 1024;
/** So many free ones are kept with their pages (4 MiB): strings that are written over again and again need no new ones. */
const KEPT = 16;

const NO_BYTES = Buffer.alloc(0);
const free: Buffer[] = [];
let used = 0;
const unused = new UnusedMemory();

export class Block {
  /** BLOCK_BYTES; none once the last user has let go. What is in them changes only while there is one user. */
  bytes: Buffer;
  private users = 1;

  /** Its bytes are what they happen to be. */
  constructor(bytes = free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES)) {
    this.bytes = bytes;
    used++;
  }

  get isShared(): boolean {
    return this.users > 1;
  }

  /** Another user. Returns itself. */
  share(): this {
    assert(this.users > 0, "a block that was let go of has no new users");
    this.users++;
    return this;
  }

  /** A user less. */
  release(): void {
    assert(this.users > 0, "a block is let go of once by each user");
    if (--this.users > 0) return;
    const { bytes } = this;
    this.bytes = NO_BYTES;
    used--;
    if (free.length < KEPT) free.push(bytes);
    else unused.take(bytes, 0, BLOCK_BYTES);
  }
}

/** A block of zeros: it always has one user more than those who read it. */
export const ZEROS = new Block(Buffer.alloc(BLOCK_BYTES));
used = 0;

/** How many blocks have a user. */
export function blocksInUse(): number {
  return used;
}
