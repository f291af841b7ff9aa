/** Commands that take several elements at a time: RPUSH, SADD, ZADD, HMSET. As in Redis, 64 of them in one command. */

import { type CommandBytes, writeWord, writeWords } from "./protocol.ts";

/** Redis's figure: AOF_REWRITE_ITEMS_PER_CMD. */
const ELEMENTS = 64;

/** Puts the heads of commands between the elements of one value. The caller writes each element's words after `next`. */
export class Batches {
  private readonly word: Buffer;
  private readonly key: Buffer;
  private readonly keyFrom: number;
  private readonly keyTo: number;
  private readonly wordsEach: number;
  private left: number;
  private inCommand = 0;

  /** `elements` in all, of `wordsEach` words. The key is key[from, to), which must stay as it is. */
  constructor(command: { word: Buffer; wordsEach: number }, elements: number, key: Buffer, from: number, to: number) {
    this.word = command.word;
    this.wordsEach = command.wordsEach;
    this.left = elements;
    this.key = key;
    this.keyFrom = from;
    this.keyTo = to;
  }

  /** An element follows. */
  next(out: CommandBytes): void {
    if (this.inCommand === 0) {
      this.inCommand = Math.min(ELEMENTS, this.left);
      writeWords(out, 2 + this.inCommand * this.wordsEach);
      writeWord(out, this.word, 0, this.word.length);
      writeWord(out, this.key, this.keyFrom, this.keyTo);
    }
    this.inCommand--;
    this.left--;
  }
}

/** The commands that build collections. */
export const BUILDERS = {
  list: { word: Buffer.from("RPUSH"), wordsEach: 1 },
  set: { word: Buffer.from("SADD"), wordsEach: 1 },
  zset: { word: Buffer.from("ZADD"), wordsEach: 2 },
  hash: { word: Buffer.from("HMSET"), wordsEach: 2 },
} as const;
