/**
 * The words that a directory of nodes (nodes.ts) consists of, and images: directories as they were, for reading what the nodes held then.
 */

import { OFFSET_MASK, SEGMENT_SHIFT } from "./arena.ts";
import type { Blob } from "./objects.ts";
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
/** The rest of FLAGS: how many bytes of the block are free in front of the node's. */
export const GAP_SHIFT = 5;
export const MAX_GAP = 2 ** 26;

/** What the bytes of compressed nodes stand for. */
export interface CompressedForm {
  /**
   * Shows in `into` the bytes of the node of `count` elements that `stored` stands for: good until the next call. Nothing else changes
   * meanwhile. Errors: any; the node stays compressed then.
   */
  decode(stored: ByteSpan, count: number, into: ByteSpan): void;
}

/** The nodes of a deque as they were when it was captured. It must be released. */
export interface NodeImage {
  /** Number of nodes. */
  readonly length: number;
  /** Elements in all nodes. */
  readonly size: number;
  count(index: number): number;
  kind(index: number): number;
  /** Sets `span` to the bytes of node `index`: good until anything allocates, or another node is located. */
  locate(index: number, span: ByteSpan): void;
  /** Whether node `index` is compressed. */
  isCompressed(index: number): boolean;
  /** As `locate`, but a compressed node is shown as it is. */
  locateStored(index: number, span: ByteSpan): void;
  /** The image is not used any more. */
  release(): void;
}

/** The image of a deque. */
export class Image implements NodeImage {
  readonly size: number;
  /** Which of its deque's images it is, from 1. */
  readonly number: number;
  private readonly tables: TableSpace;
  private readonly words: Int32Array;
  private readonly form: CompressedForm | null;
  private readonly released: (image: Image) => void;

  constructor(
    tables: TableSpace,
    words: Int32Array,
    size: number,
    form: CompressedForm | null,
    number: number,
    released: (image: Image) => void,
  ) {
    this.tables = tables;
    this.words = words;
    this.size = size;
    this.form = form;
    this.number = number;
    this.released = released;
  }

  get length(): number {
    return this.words.length >> STRIDE_SHIFT;
  }

  count(index: number): number {
    return this.words[(index << STRIDE_SHIFT) + COUNT];
  }

  kind(index: number): number {
    return (this.words[(index << STRIDE_SHIFT) + FLAGS] >>> KIND_SHIFT) & KIND_MASK;
  }

  locate(index: number, span: ByteSpan): void {
    this.locateStored(index, span);
    if (this.form !== null && this.isCompressed(index)) this.form.decode(span, this.count(index), span);
  }

  isCompressed(index: number): boolean {
    return (this.words[(index << STRIDE_SHIFT) + FLAGS] & COMPRESSED) !== 0;
  }

  locateStored(index: number, span: ByteSpan): void {
    locateBlock(this.tables, this.words, index << STRIDE_SHIFT, span);
  }

  release(): void {
    this.released(this);
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
    span.buffer = (objects.get(address) as Blob).buffer;
    span.from = flags >>> GAP_SHIFT;
  }
  span.to = span.from + words[at + LENGTH];
}
