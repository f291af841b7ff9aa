/** The words of a request that an entry of a stream is made of: names and values of its fields by turns. */

import { BLOCKS_FROM, BlockString } from "../../blocks/block-string.ts";

/** Word i is buffer[offsets[i], offsets[i] + lengths[i]), or what `blocksAt` says; of names it says null. */
export interface Words {
  readonly buffer: Buffer;
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
  blocksAt?(index: number): BlockString | null;
}

/** Whether a word of an entry whose fields begin at `first` is a value that is to be in blocks. */
export function isLongValue({ lengths }: Words, first: number, index: number): boolean {
  return lengths[index] > BLOCKS_FROM && ((index - first) & 1) === 1;
}

/** Returns such a value, which shares the blocks of the request where that has it in blocks. */
export function longValue(words: Words, index: number): BlockString {
  const { buffer, offsets, lengths } = words;
  return words.blocksAt?.(index)?.copy() ?? BlockString.of(buffer, offsets[index], offsets[index] + lengths[index]);
}
