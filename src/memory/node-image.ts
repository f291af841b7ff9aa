/** The words of a directory of nodes (nodes.ts), and images: directories as they were, for reading what the nodes held then. */

import { assert } from "../assert.ts";
import type { BlockString } from "../blocks/block-string.ts";
import { OFFSET_MASK, SEGMENT_SHIFT } from "./arena.ts";
import { Blob } from "./objects.ts";
import type { ByteSpan, TableSpace } from "./record-table.ts";

/** The words of a node. ADDRESS is a handle of the object table when flag OUTSIDE is set. */
export const ADDRESS = 0;
export const LENGTH = 1;
export const COUNT = 2;
export const FLAGS = 3;
export const STRIDE = 4;
export const STRIDE_SHIFT = 2;

export const OUTSIDE = 1;
/** An image made since the node's block was allocated may still read it. Means nothing when there is no image. */
export const CAPTURED = 2;
export const KIND_SHIFT = 2;
export const KIND_MASK = 3;
export const COMPRESSED = 16;
/** With OUTSIDE: the node is a string in blocks. */
export const IN_BLOCKS = 32;
/** Its bytes refer to objects, which are its owner's to copy and to free with it. */
export const REFERS = 64;
/** The rest of FLAGS: how many bytes of the block are free in front of the node's. */
export const GAP_SHIFT = 7;
export const MAX_GAP = 2 ** 25;

/** What the bytes of compressed nodes stand for. */
export interface CompressedForm {
  /**
   * Shows in `into` the bytes of the node of `count` elements that `stored` stands for: good until the next call. Nothing else changes
   * meanwhile. Errors: any; the node stays compressed then.
   */
  decode(stored: ByteSpan, count: number, into: ByteSpan): void;
}

/** Nodes in order: what a deque (nodes.ts) has now, or an image of it had. */
export abstract class NodeDirectory {
  /** Number of nodes. */
  length = 0;
  /** Elements in all nodes. */
  size = 0;
  readonly tables: TableSpace;
  protected words: Int32Array;
  /** The place of the first node in `words`, counted in nodes. */
  protected head = 0;
  /** That of its compressed nodes. */
  form: CompressedForm | null = null;

  constructor(tables: TableSpace, words: Int32Array) {
    this.tables = tables;
    this.words = words;
  }

  /** How many elements node `index` has. */
  count(index: number): number {
    return this.words[((this.head + index) << STRIDE_SHIFT) + COUNT];
  }

  /** What its owner says it is: 0 to 3, 0 unless told. */
  kind(index: number): number {
    return (this.words[((this.head + index) << STRIDE_SHIFT) + FLAGS] >>> KIND_SHIFT) & KIND_MASK;
  }

  /** Whether node `index` is compressed. */
  isCompressed(index: number): boolean {
    return (this.words[((this.head + index) << STRIDE_SHIFT) + FLAGS] & COMPRESSED) !== 0;
  }

  /** Node `index` if it is in blocks, to be read only, else null: only what is not in blocks can be located. */
  blocksAt(index: number): BlockString | null {
    const at = (this.head + index) << STRIDE_SHIFT;
    return (this.words[at + FLAGS] & IN_BLOCKS) === 0 ? null : (this.tables.objects.get(this.words[at + ADDRESS]) as BlockString);
  }

  /** Whether the bytes of node `index` refer to objects. */
  refers(index: number): boolean {
    return (this.words[((this.head + index) << STRIDE_SHIFT) + FLAGS] & REFERS) !== 0;
  }

  /** As `locate`, but a compressed node is shown as it is. */
  locateStored(index: number, span: ByteSpan): void {
    assert(index >= 0 && index < this.length, "a node that is looked at is in the directory");
    locateBlock(this.tables, this.words, (this.head + index) << STRIDE_SHIFT, span);
  }
}

/** The nodes of a deque as they were when it was captured. It must be released. */
export class NodeImage extends NodeDirectory {
  /** Which of its deque's images it is, from 1. */
  readonly number: number;
  /** The image is not used any more. */
  readonly release: () => void;

  constructor(of: NodeDirectory, words: Int32Array, number: number, released: (image: NodeImage) => void) {
    super(of.tables, words);
    this.length = of.length;
    this.size = of.size;
    this.form = of.form;
    this.number = number;
    this.release = () => released(this);
  }

  /** Sets `span` to the bytes of node `index`: good until anything allocates, or another node is located. */
  locate(index: number, span: ByteSpan): void {
    this.locateStored(index, span);
    if (this.form !== null && this.isCompressed(index)) this.form.decode(span, this.count(index), span);
  }
}

/** Sets `span` to the bytes of the node whose words start at words[at]. */
export function locateBlock({ arena, objects }: TableSpace, words: Int32Array, at: number, span: ByteSpan): void {
  const address = words[at + ADDRESS];
  const flags = words[at + FLAGS];
  if ((flags & OUTSIDE) === 0) {
    span.buffer = arena.bytes[address >>> SEGMENT_SHIFT];
    span.from = ((address & OFFSET_MASK) << 4) + (flags >>> GAP_SHIFT);
  } else {
    const object = objects.get(address);
    assert(object instanceof Blob, "a node that is located is in one piece");
    span.buffer = object.buffer;
    span.from = flags >>> GAP_SHIFT;
  }
  span.to = span.from + words[at + LENGTH];
}
