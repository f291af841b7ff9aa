/** How many nodes Redis's radix tree (rax.c) would have for the master ids of a stream's nodes: XINFO STREAM tells it. */

import type { ByteSpan } from "../../memory/record-table.ts";
import type { Stream } from "./stream.ts";
import { ID_BYTES } from "./stream-id.ts";

/** Beyond this many nodes of the stream the rest is taken to be like them. */
const COUNTED_NODES = 2048;

const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

/**
 * A tree of `n` keys has a leaf for each, a node for each prefix that several keys go on from differently, and one for each run of bytes
 * between those (the first byte after a fork belongs to the fork).
 */
export function radixNodes({ nodes }: Stream): number {
  const count = Math.min(nodes.length, COUNTED_NODES);
  if (count === 0) return 1;
  const before = Buffer.alloc(ID_BYTES);
  const key = Buffer.alloc(ID_BYTES);
  /** Lengths of the prefixes that fork, of which the key before is a part. */
  const forks: number[] = [];
  let total = count;
  let sharedBefore = -1;
  const close = (depth: number, parent: number) => {
    if (depth > parent + 1) total++; // a run of bytes leads here
  };
  const leave = (shared: number) => {
    close(ID_BYTES, Math.max(shared, sharedBefore));
    for (let depth = forks.at(-1) ?? -1; depth > shared; depth = forks.at(-1) ?? -1) {
      forks.pop();
      close(depth, Math.max(shared, forks.at(-1) ?? -1));
    }
  };
  for (let index = 0; index < count; index++) {
    nodes.locateStored(index, span);
    span.buffer.copy(key, 0, span.from, span.from + ID_BYTES);
    if (index > 0) {
      const shared = commonPrefix(before, key);
      leave(shared);
      if (forks.at(-1) !== shared) {
        forks.push(shared);
        total++;
      }
      sharedBefore = shared;
    }
    key.copy(before);
  }
  leave(-1);
  return Math.round((total / count) * nodes.length);
}

function commonPrefix(a: Buffer, b: Buffer): number {
  let length = 0;
  while (length < ID_BYTES && a[length] === b[length]) length++;
  return length;
}
