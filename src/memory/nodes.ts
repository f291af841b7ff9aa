/**
 * Nodes: an ordered directory of runs of bytes, what large lists and streams stand on. A node is a block of the arena or, above MAX_BLOCK,
 * a Buffer of its own in the object table, or a string in blocks there, which never changes; the directory is one typed array, four words to
 * a node, kept as a deque: a node comes and goes at either end in amortized constant time, in the middle for a move of the shorter side. What
 * nodes hold is their owner's affair; here they have a length in bytes, a count of elements and a kind.
 *
 * An image (`capture`) keeps seeing the nodes of its moment. It costs one copy of the directory; from then on a node is moved to a new
 * block before its first change, and blocks that the deque gave up are kept until the images that may read them are released.
 *
 * A node may be compressed: its bytes stand for those that it is to have, as a file had them, and are kept so until it is looked into. What
 * is loaded is loaded sooner for it, and what is saved untouched is saved sooner.
 */

import { assert } from "../assert.ts";
import { moveBytes } from "../base/bytes.ts";
import type { BlockString } from "../blocks/block-string.ts";
import { Arena, MAX_BLOCK } from "./arena.ts";
import type { Mover } from "./mover.ts";
import {
  ADDRESS,
  CAPTURED,
  COMPRESSED,
  COUNT,
  type CompressedForm,
  FLAGS,
  GAP_SHIFT,
  IN_BLOCKS,
  KIND_MASK,
  KIND_SHIFT,
  LENGTH,
  locateBlock,
  MAX_GAP,
  NodeDirectory,
  NodeImage,
  OUTSIDE,
  REFERS,
  STRIDE,
  STRIDE_SHIFT,
} from "./node-image.ts";
import { Blob, filled, type LargeObject, type ObjectTable } from "./objects.ts";
import type { PackedSpace } from "./packed.ts";
import type { ByteSpan, TableSpace } from "./record-table.ts";

const MIN_NODES = 4;
/** What a full node takes unless its owner says otherwise: Redis's default for lists. */
const DEFAULT_FULL_BYTES = 8192;
/** A directory of so many nodes is long. */
const LONG = 8;
/** Blocks up to this size are not exchanged for smaller ones. */
const SHRINK_ABOVE = 64;
/** What must be left in the arena for blocks to be moved without need: some pages. */
const MOVING_BYTES = 1024 * 1024;
/** The objects around a directory, estimated: this one, its typed array and its cursor. */
const OVERHEAD_BYTES = 256;
/** How many blocks the release of an image gives back at once: well under 1 ms. What is left goes with later changes. */
const SWEEP_AT_RELEASE = 4096;
const SWEEP_AT_CHANGE = 16;

export class NodeDeque extends NodeDirectory implements LargeObject {
  /** What a full node takes, in bytes: up to there a node that grows is given room to go on growing, above hardly any. */
  fullBytes = DEFAULT_FULL_BYTES;
  /** How many nodes are in blocks, or refer to objects. */
  longNodes = 0;
  /** After `seek`: how many elements of the node found stand before the one sought. */
  offset = 0;

  private readonly arena: Arena;
  private readonly objects: ObjectTable;
  private cursor: NodeCursor | null = null;
  private images: NodeImage[] = [];
  /** How many images were ever captured: the number of the latest. */
  private captures = 0;
  /** Blocks given up while captured: their words, with the number of the latest image then in place of the count; oldest first. */
  private readonly graves: number[] = [];
  /** How much of `graves` is done with. */
  private swept = 0;

  constructor(tables: TableSpace) {
    super(tables, new Int32Array(MIN_NODES * STRIDE));
    this.arena = tables.arena;
    this.objects = tables.objects;
  }

  // ---- as a large object

  get heldBytes(): number {
    return this.words.byteLength + OVERHEAD_BYTES;
  }

  get streamed(): boolean {
    return this.images.length > 0;
  }

  memoryBytes(samples: number): number {
    let bytes = 0;
    let elements = 0;
    let index = 0;
    for (; index < this.length && (samples === 0 || elements < samples); index++) {
      bytes += this.capacity(index);
      if (this.refers(index)) {
        this.locate(index, OLD);
        bytes += this.referredBytes(OLD);
      }
      elements += this.count(index);
    }
    return this.heldBytes + (index === 0 ? 0 : Math.round((bytes / index) * this.length));
  }

  free(stop: () => boolean): boolean {
    assert(!this.streamed, "nodes are freed when no image reads them any more");
    while (!this.sweep(SWEEP_AT_CHANGE)) if (stop()) return false;
    while (this.length > 0) {
      this.remove(this.length - 1);
      if ((this.length & 15) === 0 && stop()) break;
    }
    return this.length === 0;
  }

  /** Nodes that an image may read stay where they are: they are kept for it there. */
  defragment(cursor: number, mover: Mover): number {
    let index = cursor;
    while (index < this.length) {
      const { words } = this;
      const at = (this.head + index++) << STRIDE_SHIFT;
      const flags = words[at + FLAGS];
      const stays = (flags & OUTSIDE) !== 0 || (this.images.length > 0 && (flags & CAPTURED) !== 0);
      if (stays) mover.pass();
      else words[at + ADDRESS] = mover.move(words[at + ADDRESS]);
      if (mover.isOver) break;
    }
    return index < this.length ? index : 0;
  }

  copy(): NodeDeque {
    return this.copyTo(new NodeDeque(this.tables));
  }

  /** Puts equal nodes into `copy`, which is empty. Returns it. Errors: ArenaFull, and it is empty again. */
  protected copyTo<T extends NodeDeque>(copy: T): T {
    copy.fullBytes = this.fullBytes;
    const source: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };
    const target: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };
    return filled(copy, () => {
      for (let index = 0; index < this.length; index++) {
        const blocks = this.blocksAt(index);
        if (blocks !== null) {
          copy.insertBlocks(index, blocks.copy(), this.kind(index));
          copy.setCount(index, this.count(index));
          continue;
        }
        this.locateStored(index, source);
        copy.insert(index, source.to - source.from, this.kind(index));
        copy.setCount(index, this.count(index));
        if (this.form !== null && this.isCompressed(index)) copy.setCompressed(index, this.form);
        copy.locateStored(index, target);
        source.buffer.copy(target.buffer, target.from, source.from, source.to);
        if (!this.refers(index)) continue;
        copy.copyReferences(target);
        copy.setRefers(index);
      }
      return copy;
    });
  }

  // ---- reading

  /** The length of node `index` in bytes. */
  bytes(index: number): number {
    const at = (this.head + index) << STRIDE_SHIFT;
    if ((this.words[at + FLAGS] & COMPRESSED) !== 0) this.decompress(at);
    return this.words[((this.head + index) << STRIDE_SHIFT) + LENGTH];
  }

  /** The size in bytes of the block it stands in. */
  capacity(index: number): number {
    const at = (this.head + index) << STRIDE_SHIFT;
    const address = this.words[at + ADDRESS];
    return (this.words[at + FLAGS] & OUTSIDE) === 0 ? this.arena.capacity(address) : this.objects.get(address).heldBytes;
  }

  /** Shows node `index` in `span`, for reading: good until the next change of anything. Errors: if compressed ArenaFull and its form's. */
  locate(index: number, span: ByteSpan): void {
    assert(index >= 0 && index < this.length, "a node that is looked at is in the directory");
    const at = (this.head + index) << STRIDE_SHIFT;
    if ((this.words[at + FLAGS] & COMPRESSED) !== 0) this.decompress(at);
    locateBlock(this.tables, this.words, at, span);
  }

  /** The node that holds element `element` (0 to size - 1); `offset` tells which of the node's it is. Counts from the nearer end. */
  seek(element: number): number {
    assert(element >= 0 && element < this.size, "an element that is sought is one of those that the nodes count");
    const { words, head } = this;
    if (element < this.size - element) {
      let at = (head << STRIDE_SHIFT) + COUNT;
      let rest = element;
      while (rest >= words[at]) {
        rest -= words[at];
        at += STRIDE;
      }
      this.offset = rest;
      return (at >> STRIDE_SHIFT) - head;
    }
    let at = ((head + this.length - 1) << STRIDE_SHIFT) + COUNT;
    let before = this.size - words[at];
    while (element < before) {
      at -= STRIDE;
      before -= words[at];
    }
    this.offset = element - before;
    return (at >> STRIDE_SHIFT) - head;
  }

  // ---- changing

  /** Puts a node of `bytes` bytes, undefined, and of no elements yet before node `index` (`length`: after all). Errors: ArenaFull. */
  insert(index: number, bytes: number, kind = 0): void {
    assert(index >= 0 && index <= this.length, "a node is inserted among the others or at an end");
    if (this.graves.length > 0) this.sweep(SWEEP_AT_CHANGE);
    this.reserve(index);
    this.place(index, this.allocate(bytes), bytes, kind, bytes > MAX_BLOCK ? OUTSIDE : 0);
  }

  /** Likewise a node that is this string, which is the node's from then on. */
  insertBlocks(index: number, value: BlockString, kind = 0): void {
    assert(index >= 0 && index <= this.length, "a node is inserted among the others or at an end");
    if (this.graves.length > 0) this.sweep(SWEEP_AT_CHANGE);
    this.reserve(index);
    this.place(index, this.objects.add(value), value.length, kind, OUTSIDE | IN_BLOCKS);
    this.longNodes++;
  }

  private place(index: number, address: number, bytes: number, kind: number, flags: number): void {
    assert(kind >= 0 && kind <= KIND_MASK, "two bits hold the kind of a node");
    const at = this.openGap(index) << STRIDE_SHIFT;
    const { words } = this;
    words[at + ADDRESS] = address;
    words[at + LENGTH] = bytes;
    words[at + COUNT] = 0;
    words[at + FLAGS] = (kind << KIND_SHIFT) | flags;
  }

  /** Removes node `index` and its elements. */
  remove(index: number): void {
    this.removeRange(index, 1);
  }

  /** Removes `nodes` nodes from `index` on, and their elements. */
  removeRange(index: number, nodes: number): void {
    assert(index >= 0 && nodes >= 0 && index + nodes <= this.length, "nodes that are removed are in the directory");
    if (this.graves.length > 0) this.sweep(SWEEP_AT_CHANGE);
    this.cursor?.close();
    const { words } = this;
    const first = this.head + index;
    for (let place = first; place < first + nodes; place++) {
      const at = place << STRIDE_SHIFT;
      this.size -= words[at + COUNT];
      if ((words[at + FLAGS] & (IN_BLOCKS | REFERS)) !== 0) this.longNodes--;
      this.giveUp(words[at + ADDRESS], words[at + FLAGS], words[at + LENGTH]);
    }
    const after = this.length - index - nodes;
    if (index < after) {
      words.copyWithin((this.head + nodes) << STRIDE_SHIFT, this.head << STRIDE_SHIFT, first << STRIDE_SHIFT);
      this.head += nodes;
    } else if (after > 0) {
      words.copyWithin(first << STRIDE_SHIFT, (first + nodes) << STRIDE_SHIFT, (this.head + this.length) << STRIDE_SHIFT);
    }
    this.length -= nodes;
    assert(this.length > 0 ? this.size >= 0 : this.size === 0, "the counts of the nodes add up to the number of elements");
    const places = words.length >> STRIDE_SHIFT;
    if (places > MIN_NODES && this.length * 4 < places) this.relocate(Math.max(MIN_NODES, this.length * 2), this.length >> 1);
  }

  /** Says how many elements node `index` has. */
  setCount(index: number, count: number): void {
    assert(index < this.length && count >= 0, "a node in the directory has no fewer elements than none");
    const at = ((this.head + index) << STRIDE_SHIFT) + COUNT;
    this.size += count - this.words[at];
    this.words[at] = count;
  }

  /** Says that the bytes of node `index` (`locateStored`) stand for what this form makes of them. All compressed nodes have one form. */
  setCompressed(index: number, form: CompressedForm): void {
    assert(this.form === null || this.form === form, "all compressed nodes of a deque have one form, so that one reads them all");
    this.form = form;
    this.words[((this.head + index) << STRIDE_SHIFT) + FLAGS] |= COMPRESSED;
  }

  // ---- objects that nodes refer to: what a node that does has to do with them is its owner's to say

  /** Says that the bytes of node `index` refer to objects, which are the node's from then on. */
  protected setRefers(index: number): void {
    const at = ((this.head + index) << STRIDE_SHIFT) + FLAGS;
    if ((this.words[at] & REFERS) === 0) this.longNodes++;
    this.words[at] |= REFERS;
  }

  /** These bytes are a copy: they are to refer to objects of their own. */
  protected copyReferences(_span: ByteSpan): void {
    assert(false, "nodes that refer to objects have an owner who copies them");
  }

  /** These bytes go, and with them what they refer to. */
  protected freeReferences(_span: ByteSpan): void {
    assert(false, "nodes that refer to objects have an owner who frees them");
  }

  /** What the objects hold that these bytes refer to. */
  protected referredBytes(_span: ByteSpan): number {
    return 0;
  }

  // ---- nodes that change

  /** Gives a compressed node, whose words are at `at`, the bytes that it stands for. */
  private decompress(at: number): void {
    const { words, form } = this;
    assert(form !== null, "a deque with compressed nodes knows their form");
    locateBlock(this.tables, words, at, OLD);
    form.decode(OLD, words[at + COUNT], NEW);
    const { buffer, from, to } = NEW;
    const address = this.allocate(to - from);
    const old = words[at + ADDRESS];
    const flags = words[at + FLAGS];
    const length = words[at + LENGTH];
    words[at + ADDRESS] = address;
    words[at + LENGTH] = to - from;
    words[at + FLAGS] = (flags & (KIND_MASK << KIND_SHIFT)) | (to - from > MAX_BLOCK ? OUTSIDE : 0);
    locateBlock(this.tables, words, at, NEW);
    buffer.copy(NEW.buffer, NEW.from, from, to);
    OLD.buffer = NO_BYTES;
    NEW.buffer = NO_BYTES;
    this.giveUp(old, flags, length);
  }

  /**
   * Node `index` to be changed, its bytes and (`splice`) its length; good until the next call of anything here that changes. The node may
   * have moved: of what was located before, offsets from its start still hold. Returns a cursor that the next call uses again. Errors:
   * ArenaFull, and nothing has changed then.
   */
  open(index: number): PackedSpace {
    assert(index >= 0 && index < this.length, "a node that is changed is in the directory");
    const at = (this.head + index) << STRIDE_SHIFT;
    if ((this.words[at + FLAGS] & COMPRESSED) !== 0) this.decompress(at);
    if (this.images.length > 0 && (this.words[at + FLAGS] & CAPTURED) !== 0) this.replaceBlock(at, 0, 0, 0, this.words[at + LENGTH]);
    this.cursor ??= new NodeCursor(this);
    this.cursor.index = index;
    locateBlock(this.tables, this.words, at, this.cursor);
    return this.cursor;
  }

  /** Whether there is memory to move nodes for the sake of order: where that is all it is for, it must not fail. */
  get canMove(): boolean {
    return this.arena.unusedBytes >= MOVING_BYTES;
  }

  /** Gives back what node `index` was given to grow: for when it is known to be complete. */
  fit(index: number): void {
    const at = (this.head + index) << STRIDE_SHIFT;
    if ((this.words[at + FLAGS] & (COMPRESSED | IN_BLOCKS)) !== 0) return;
    const length = this.words[at + LENGTH];
    if (this.capacity(index) <= (length > MAX_BLOCK ? length : Arena.blockSize(Math.max(length, 1))) || !this.canMove) return;
    this.cursor?.close();
    this.replaceBlock(at, 0, 0, 0, length);
  }

  /** `PackedSpace.splice` of an opened node. The shorter side moves, so both ends are cheap to change: a block has room on both sides. */
  splice(cursor: NodeCursor, at: number, removed: number, inserted: number): void {
    const place = (this.head + cursor.index) << STRIDE_SHIFT;
    const { words } = this;
    const length = words[place + LENGTH];
    assert(at >= 0 && at + removed <= length, "a splice takes out bytes of its own node");
    const grown = inserted - removed;
    const newLength = length + grown;
    const capacity = this.capacity(cursor.index);
    if (newLength > capacity) {
      this.replaceBlock(place, at, removed, inserted, this.roomFor(cursor.index, newLength));
    } else if (grown < 0 && capacity > SHRINK_ABOVE && newLength * 2 < capacity && this.canMove) {
      this.replaceBlock(place, at, removed, inserted, newLength + (newLength >> 2));
    } else {
      const { buffer, from } = cursor;
      const gap = words[place + FLAGS] >>> GAP_SHIFT;
      words[place + LENGTH] = newLength;
      if (at < length - at - removed && gap >= grown && gap - grown < MAX_GAP) {
        moveBytes(buffer, from - grown, from, from + at);
        words[place + FLAGS] -= grown << GAP_SHIFT;
        cursor.from = from - grown;
        cursor.to = from + length;
      } else if (gap + newLength <= capacity) {
        if (grown !== 0) moveBytes(buffer, from + at + inserted, from + at + removed, from + length);
        cursor.to = from + newLength;
      } else {
        this.center(cursor, at, removed, inserted, Math.min((capacity - newLength) >> 1, MAX_GAP - 1));
      }
      return;
    }
    locateBlock(this.tables, words, place, cursor);
  }

  /** Splices a node, whose new length is in its words already, and moves it in its block so that `newGap` bytes are free in front of it. */
  private center(cursor: NodeCursor, at: number, removed: number, inserted: number, newGap: number): void {
    const { buffer, from, to } = cursor;
    const place = (this.head + cursor.index) << STRIDE_SHIFT;
    const gap = this.words[place + FLAGS] >>> GAP_SHIFT;
    const newFrom = from - gap + newGap;
    if (newGap < gap) moveBytes(buffer, newFrom, from, from + at);
    moveBytes(buffer, newFrom + at + inserted, from + at + removed, to);
    if (newGap > gap) moveBytes(buffer, newFrom, from, from + at);
    this.words[place + FLAGS] += (newGap - gap) << GAP_SHIFT;
    cursor.from = newFrom;
    cursor.to = newFrom + this.words[place + LENGTH];
  }

  // ---- images

  /** Returns what the nodes are now, for reading later: changes to come are not seen by it. */
  capture(): NodeImage {
    const from = this.head << STRIDE_SHIFT;
    const to = from + (this.length << STRIDE_SHIFT);
    const { words } = this;
    for (let at = from + FLAGS; at < to; at += STRIDE) words[at] |= CAPTURED;
    const image = new NodeImage(this, words.slice(from, to), ++this.captures, (done) => this.release(done));
    this.images.push(image);
    return image;
  }

  /** `NodeImage.release`. */
  private release(image: NodeImage): void {
    assert(this.images.includes(image), "an image is released once");
    this.images = this.images.filter((other) => other !== image);
    this.sweep(SWEEP_AT_RELEASE);
  }

  // ---- blocks

  /**
   * How much memory node `index` gets, having grown to `length` bytes. At the ends of a long directory it gets at once what it will fill:
   * growing there little by little would leave pages of every size behind. A larger block is not left for a Buffer before it must.
   */
  private roomFor(index: number, length: number): number {
    if (length < this.fullBytes && this.length >= LONG && (index === 0 || index === this.length - 1)) return this.fullBytes;
    if (length < this.fullBytes) return Math.min(this.fullBytes, length + (length >> 1));
    const room = length + (length >> 3);
    return length <= MAX_BLOCK && room > MAX_BLOCK ? MAX_BLOCK : room;
  }

  /** Memory of at least `room` bytes. Returns an address, or of more than MAX_BLOCK bytes a handle. */
  private allocate(room: number): number {
    if (room <= MAX_BLOCK) return this.arena.allocate(Math.max(room, 1));
    return this.objects.add(new Blob(Buffer.allocUnsafeSlow(room)));
  }

  /** Gives a node, its words at `place`, spliced, `room` bytes of its own; what is free is on the side that the splice is nearer to. */
  private replaceBlock(place: number, at: number, removed: number, inserted: number, room: number): void {
    const { words } = this;
    const flags = words[place + FLAGS];
    const length = words[place + LENGTH];
    const newLength = length - removed + inserted;
    const address = this.allocate(room);
    locateBlock(this.tables, words, place, OLD);
    const old = words[place + ADDRESS];
    const outside = room > MAX_BLOCK;
    const free = (outside ? room : this.arena.capacity(address)) - newLength;
    assert(free >= 0, "a node fits the block that it moves to");
    const gap = at < length - at - removed ? Math.min(free, MAX_GAP - 1) : 0;
    words[place + ADDRESS] = address;
    words[place + LENGTH] = newLength;
    words[place + FLAGS] = (flags & ((KIND_MASK << KIND_SHIFT) | REFERS)) | (outside ? OUTSIDE : 0) | (gap << GAP_SHIFT);
    locateBlock(this.tables, words, place, NEW);
    OLD.buffer.copy(NEW.buffer, NEW.from, OLD.from, OLD.from + at);
    if (at + removed < length) OLD.buffer.copy(NEW.buffer, NEW.from + at + inserted, OLD.from + at + removed, OLD.to);
    const kept = this.images.length > 0 && (flags & CAPTURED) !== 0;
    if ((flags & REFERS) !== 0) {
      assert(removed === 0 && (inserted === 0 || at === length), "a node that refers to objects grows at its end only");
      NEW.to = NEW.from + length;
      if (kept) this.copyReferences(NEW);
    }
    this.giveUp(old, kept ? flags : flags & ~REFERS, length);
    OLD.buffer = NO_BYTES;
    NEW.buffer = NO_BYTES;
  }

  /** Frees a block, or keeps it for the images that may read it. */
  private giveUp(address: number, flags: number, length: number): void {
    if (this.images.length > 0 && (flags & CAPTURED) !== 0) this.graves.push(address, length, this.captures, flags);
    else this.freeBlock(address, flags, length);
  }

  private freeBlock(address: number, flags: number, length: number): void {
    if ((flags & REFERS) !== 0) {
      locateBlock(this.tables, Int32Array.of(address, length, 0, flags), 0, OLD);
      this.freeReferences(OLD);
    }
    if ((flags & OUTSIDE) === 0) this.arena.free(address);
    else this.objects.removeBytes(address);
  }

  /** Frees up to `limit` blocks that no image reads any more. Returns whether there are none left. */
  private sweep(limit: number): boolean {
    const { graves, images } = this;
    const oldest = images.length === 0 ? Number.POSITIVE_INFINITY : images[0].number;
    const last = Math.min(graves.length, this.swept + limit * STRIDE);
    while (this.swept < last && graves[this.swept + COUNT] < oldest) {
      this.freeBlock(graves[this.swept + ADDRESS], graves[this.swept + FLAGS], graves[this.swept + LENGTH]);
      this.swept += STRIDE;
    }
    assert(this.swept <= graves.length, "no more blocks are given back than were kept for images");
    if (this.swept < graves.length) return graves[this.swept + COUNT] >= oldest;
    graves.length = 0;
    this.swept = 0;
    return true;
  }

  // ---- directory

  /** Makes sure that there is a free place at the end that a node inserted at `index` pushes others towards. */
  private reserve(index: number): void {
    const { length } = this;
    const places = this.words.length >> STRIDE_SHIFT;
    const atFront = index < length - index;
    if (atFront ? this.head > 0 : this.head + length < places) return;
    // With enough room at the other end, half of it comes here; else there must be more of it, most of it here.
    const enough = (places - length) * 4 >= places;
    const slack = (enough ? places : places * 2) - length;
    const share = enough ? slack >> 1 : slack >> 2;
    this.relocate(length + slack, atFront ? slack - share : share);
  }

  /** Moves apart what stands before and after node `index`; `reserve` has been called. Returns the place between. */
  private openGap(index: number): number {
    const { words, head, length } = this;
    this.length++;
    if (index < length - index) {
      this.head--;
      words.copyWithin(this.head << STRIDE_SHIFT, head << STRIDE_SHIFT, (head + index) << STRIDE_SHIFT);
    } else {
      words.copyWithin((head + index + 1) << STRIDE_SHIFT, (head + index) << STRIDE_SHIFT, (head + length) << STRIDE_SHIFT);
    }
    return this.head + index;
  }

  /** Moves the nodes to a directory of `places` places, `head` of them free in front. */
  private relocate(places: number, head: number): void {
    assert(head >= 0 && head + this.length <= places, "a directory has places for all its nodes");
    const from = this.head << STRIDE_SHIFT;
    const to = from + (this.length << STRIDE_SHIFT);
    if (places === this.words.length >> STRIDE_SHIFT) {
      this.words.copyWithin(head << STRIDE_SHIFT, from, to);
    } else {
      const words = new Int32Array(places * STRIDE);
      words.set(this.words.subarray(from, to), head << STRIDE_SHIFT);
      this.words = words;
    }
    this.head = head;
  }
}

/** The node that is open for changing; one for each deque. */
class NodeCursor implements PackedSpace {
  buffer: Buffer = NO_BYTES;
  from = 0;
  to = 0;
  index = 0;
  private readonly deque: NodeDeque;

  constructor(deque: NodeDeque) {
    this.deque = deque;
  }

  splice(at: number, removed: number, inserted: number): void {
    this.deque.splice(this, at, removed, inserted);
  }

  /** Lets go of the bytes, which may be those of a large element that goes. */
  close(): void {
    this.buffer = NO_BYTES;
    this.from = 0;
    this.to = 0;
  }
}

const NO_BYTES: Buffer = Buffer.alloc(0);
/** Scratch of `replaceBlock` and `decompress`. */
const OLD: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };
const NEW: ByteSpan = { buffer: NO_BYTES, from: 0, to: 0 };
