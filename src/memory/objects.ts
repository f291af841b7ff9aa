/**
 * What does not fit a block of the arena: keys and values of more than MAX_BLOCK bytes. Records name them by a small number, the handle.
 */

import { assert } from "../assert.ts";

/** Something too large for the arena that can say how much memory it takes. */
export interface LargeObject {
  /** Bytes held, for `used_memory`. */
  readonly heldBytes: number;
}

/** A long run of bytes with room to grow: the first `length` bytes of `buffer` count. The buffer shares its memory with no other. */
export class Blob implements LargeObject {
  buffer: Buffer;
  length: number;

  constructor(buffer: Buffer, length = buffer.length) {
    this.buffer = buffer;
    this.length = length;
  }

  get heldBytes(): number {
    return this.buffer.buffer.byteLength; // what is kept alive, though the buffer be a part of it
  }
}

export class ObjectTable {
  /** Bytes in all live objects. */
  usedBytes = 0;
  private readonly slots: (LargeObject | null)[] = [];
  private readonly held: number[] = [];
  private readonly free: number[] = [];

  /** -> the handle of `object`, valid until `remove`. */
  add(object: LargeObject): number {
    const handle = this.free.pop() ?? this.slots.length;
    this.slots[handle] = object;
    this.held[handle] = object.heldBytes;
    this.usedBytes += object.heldBytes;
    return handle;
  }

  get(handle: number): LargeObject {
    const object = this.slots[handle];
    assert(object != null, "a handle names an object until it is removed");
    return object;
  }

  /** The object grew or shrank: its share of `usedBytes` is counted anew. */
  resized(handle: number): void {
    const bytes = this.get(handle).heldBytes;
    this.usedBytes += bytes - this.held[handle];
    this.held[handle] = bytes;
  }

  remove(handle: number): void {
    assert(this.slots[handle] != null, "an object is removed once");
    this.usedBytes -= this.held[handle];
    this.slots[handle] = null;
    this.held[handle] = 0;
    this.free.push(handle);
  }
}
