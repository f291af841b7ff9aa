import { blocksInUse } from "../../src/blocks/block.ts";
import { BlockString } from "../../src/blocks/block-string.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { RequestQueue } from "../../src/session/request-queue.ts";
import { check, property, type Random } from "../support/property.ts";

function anyRequest(random: Random): Buffer[] {
  const count = random.chance(0.02) ? random.between(100, 3000) : random.between(1, 6);
  const longest = random.chance(0.02) ? 400_000 / count : 60;
  return Array.from({ length: count }, () => random.bytes(random.below(longest)));
}

function wordsOf(frame: Frame): Buffer[] {
  return Array.from({ length: frame.count }, (_, index) => frame.argument(index));
}

property(
  "a queue gives back what was put in, in order and in windows of any size",
  (random) => {
    const queue = new RequestQueue();
    const requests = Array.from({ length: random.between(1, 400) }, () => anyRequest(random));
    let bytes = 0;
    const blocksBefore = blocksInUse();
    for (const words of requests) {
      const blocks = random.chance(0.05) ? random.below(words.length) : -1;
      const parts = words.map((word, index) => (index === blocks ? BlockString.of(word, 0, word.length) : word));
      const frame = new Frame().encode(parts);
      // Somewhere in a longer buffer, which is used for something else afterwards.
      const { buffer } = frame;
      const shared = Buffer.concat([Buffer.alloc(random.below(50)), buffer]);
      frame.buffer = shared;
      frame.shift(shared.length - buffer.length);
      frame.hashed = true;
      queue.push(frame);
      shared.fill(0);
      frame.release();
      for (const part of parts) if (part instanceof BlockString) part.free();
      bytes += buffer.length;
      check(queue.bytes >= bytes, `a queue of ${bytes} bytes counts ${queue.bytes}`);
    }
    check(queue.length === requests.length, "its length is the number of requests");
    check(queue.bytes < bytes * 4 + 4096, `a queue of ${bytes} bytes counts no more than ${queue.bytes}`);
    const seen: Buffer[][] = [];
    const last = requests.length - 1;
    check(
      queue.some((frame) => seen.push(wordsOf(frame)) > last),
      "the last one is found",
    );
    const frames: Frame[] = [];
    const read: Buffer[][] = [];
    for (let count = -1; count !== 0; ) {
      count = queue.read(frames, random.between(1, 40));
      check(count < 2 || frames.slice(0, count).every(({ long }) => long === null), "one with an argument in blocks comes alone");
      for (const frame of frames.slice(0, count)) {
        check(!frame.hashed, "no hash is left from another request");
        check(frame.buffer.latin1Slice(frame.start, frame.start + 1) === "*", "the request stands in the array form");
        read.push(wordsOf(frame));
      }
    }
    queue.release();
    check(blocksInUse() === blocksBefore, "no block is held any more");
    for (const found of [seen, read]) {
      check(found.length === requests.length, `${found.length} requests of ${requests.length}`);
      for (const [index, words] of requests.entries())
        check(words.every((word, at) => word.equals(found[index][at])) && words.length === found[index].length, "each is what it was");
    }
  },
  8,
);
