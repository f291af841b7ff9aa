/** What does not fit a block of the arena: keys and values of more than MAX_BLOCK bytes. Records name them by a number, the handle. */

import { assert } from "../assert.ts";
import { copied } from "../base/bytes.ts";
import { BlockString } from "../blocks/block-string.ts";
import type { Mover } from "./mover.ts";

/** Something too large for a record: a long string, or a collection that is no longer packed. */
export interface LargeObject {
  /** Bytes held outside the arena (whose blocks count themselves), for `used_memory`; known without a walk. */
  readonly heldBytes: number;
  /** Elements, 1 for a string: what freeing it costs. */
  readonly size: number;
  /** Whether an image in progress still reads it: then it must not be freed. */
  readonly streamed: boolean;
  /** All bytes it takes, those in the arena included, estimated from about `samples` elements (0: all of them). */
  memoryBytes(samples: number): number;
  /** Frees its memory in the arena until `stop()`, asked every few microseconds, says so. Returns whether all is freed; else call again. */
  free(stop: () => boolean): boolean;
  /**
   * Moves its blocks out of sparse pages of the arena, from `cursor` (0 at first) on, until the mover's slice is over. Returns the cursor to go on
   * with, 0 at the end. The object may change between two calls: what changes is in its place anyway, or is moved another time.
   */
  defragment(cursor: number, mover: Mover): number;
  /** Returns an equal object that shares nothing with this one. */
  copy(): LargeObject;
}

/** Fills a new object. Returns what `fill` does. Errors: those of `fill`, and the object has given back what it took. */
export function filled<T>(object: Pick<LargeObject, "free">, fill: () => T): T {
  try {
    return fill();
  } catch (error) {
    object.free(() => false);
    throw error;
  }
}

/** A long run of bytes with room to grow: the first `length` bytes of `buffer` count. The buffer shares its memory with no other. */
export class Blob implements LargeObject {
  readonly size = 1;
  /** An image that streams it copies it when it has to (`keep` in snapshot/value-walk.ts). */
  readonly streamed = false;
  buffer: Buffer;
  length: number;

  constructor(buffer: Buffer, length = buffer.length) {
    assert(length <= buffer.length, "a blob is no longer than the buffer that holds it");
    this.buffer = buffer;
    this.length = length;
  }

  get heldBytes(): number {
    return this.buffer.buffer.byteLength; // what is kept alive, though the buffer be a part of it
  }

  memoryBytes(): number {
    return this.heldBytes;
  }

  free(): boolean {
    return true;
  }

  defragment(): number {
    return 0; // it is a block of its own
  }

  copy(): Blob {
    return new Blob(copied(this.buffer, 0, this.length));
  }
}

export class ObjectTable {
  /** Bytes in all live objects. */
  usedBytes = 0;
  private readonly slots: (LargeObject | null)[] = [];
  private readonly held: number[] = [];
  private readonly free: number[] = [];
  /** Those that have more than the garbage collector to give back, their blocks, by handle: one that is renamed has two for a moment. */
  private readonly strings = new Map<number, BlockString>();

  /** Returns the handle of `object`, valid until `remove`. */
  add(object: LargeObject): number {
    const handle = this.free.pop() ?? this.slots.length;
    assert(this.slots[handle] == null, "a handle that is free names no object");
    this.slots[handle] = object;
    this.held[handle] = object.heldBytes;
    this.usedBytes += object.heldBytes;
    if (object instanceof BlockString) this.strings.set(handle, object);
    return handle;
  }

  get(handle: number): LargeObject {
    const object = this.slots[handle];
    assert(object != null, "a handle names an object until it is removed");
    return object;
  }

  /** The object grew or shrank: its share of `usedBytes` is counted again. */
  resized(handle: number): void {
    const bytes = this.get(handle).heldBytes;
    this.usedBytes += bytes - this.held[handle];
    assert(this.usedBytes >= 0, "what the objects hold together is not less than nothing");
    this.held[handle] = bytes;
  }

  remove(handle: number): void {
    const object = this.slots[handle];
    assert(object != null, "an object is removed once");
    if (object instanceof BlockString) this.strings.delete(handle);
    this.usedBytes -= this.held[handle];
    assert(this.usedBytes >= 0, "an object gives back as many bytes as were counted for it");
    this.slots[handle] = null;
    this.held[handle] = 0;
    this.free.push(handle);
    if (this.free.length === this.slots.length) this.forget();
  }

  /** Removes bytes, and gives back their blocks. */
  removeBytes(handle: number): void {
    const object = this.get(handle);
    this.remove(handle);
    object.free(() => false);
  }

  /** Removes every object. What they have in the arena is freed by other means. */
  forgetAll(): void {
    for (const string of this.strings.values()) string.free();
    this.strings.clear();
    this.usedBytes = 0;
    this.forget();
  }

  /** Gives up the room of objects that were there once, when none is there now. */
  private forget(): void {
    this.slots.length = 0;
    this.held.length = 0;
    this.free.length = 0;
  }
}
