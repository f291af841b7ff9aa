/** Arenas in states that a test could not wait for. */

import { Arena } from "../../src/memory/arena.ts";

const SEGMENTS_BELOW = 512;
const PAGES_PER_SEGMENT = 1024;

/** An arena whose first 32 GiB are taken, without memory behind them: its addresses have the sign bit set. */
export function highArena(): Arena {
  const arena = new Arena();
  for (let segment = 0; segment < SEGMENTS_BELOW; segment++) {
    arena.bytes.push(Buffer.alloc(0));
    arena.words.push(new Int32Array(0));
    arena.doubles.push(new Float64Array(0));
  }
  Reflect.set(arena, "nextPage", SEGMENTS_BELOW * PAGES_PER_SEGMENT);
  return arena;
}
