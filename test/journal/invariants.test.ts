import { describe, expect, test } from "bun:test";
import { InvariantError } from "../../src/assert.ts";
import { FileReader } from "../../src/journal/file-reader.ts";
import { Journal } from "../../src/journal/journal.ts";
import { Frame } from "../../src/protocol/frame.ts";

const BYTES = Buffer.from("0123456789");
const BLOCK = 512 * 1024;

/** What breaks an invariant, by the words that it trips with. */
const BROKEN: Record<string, (journal: Journal) => void> = {
  "a unit that ends has begun": (journal) => journal.endUnit(),
  "a unit is scattered before it has done anything": (journal) => {
    journal.beginUnit();
    journal.append(0, new Frame().encode(["DEL", "k"]));
    journal.scatterUnit();
  },
  "what is written has bytes": (journal) => journal.append(0, new Frame()),
  "what is appended is there": (journal) => journal.appendRaw(BYTES, 5, 11),
  "runs follow each other without a gap": (journal) => {
    journal.appendRaw(Buffer.alloc(BLOCK), 0, BLOCK);
    journal.offset += 5;
    journal.appendRaw(BYTES, 0, 10);
  },
  "a reader starts at bytes that are kept": (journal) => void journal.open(1),
  "what a reader has not taken is kept for it": (journal) => journal.read({ offset: 1 }, () => 0),
  "a reader takes no more than it is given": (journal) => {
    journal.appendRaw(BYTES, 0, 10);
    journal.read(journal.open(0), () => 11);
  },
  "there is one append-only file": (journal) => {
    journal.openFile();
    journal.openFile();
  },
  "a file cannot follow from one history into another": (journal) => {
    journal.openFile();
    journal.rebase(100);
  },
  "an offset counts bytes": (journal) => journal.rebase(-1),
  "a stream has a database selected": (journal) => journal.follow(-1),
  "what the file sees otherwise lies in the order of the stream": () => {
    const file = new FileReader(10);
    file.skip(12, 5);
    file.insert(15, BYTES);
  },
  "the file skips what is in the stream": () => {
    const file = new FileReader(10);
    file.skip(12, 5);
    file.collect(14, [], () => {});
  },
};

describe("a journal stops when it is asked to break an invariant", () => {
  for (const [words, breakIt] of Object.entries(BROKEN)) {
    test(words, () => {
      const journal = new Journal();
      journal.start();
      let thrown: unknown = null;
      try {
        breakIt(journal);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(InvariantError);
      expect((thrown as Error).message).toBe(words);
    });
  }
});

test("a unit under way moves no offset until it ends, and the bytes of its commands are read then", () => {
  const journal = new Journal();
  journal.start();
  journal.beginUnit();
  for (const key of ["a", "b"]) journal.append(0, new Frame().encode(["DEL", key]));
  expect([journal.offset, journal.size]).toEqual([0, 0]);
  journal.endUnit();
  const words = [["MULTI"], ["SELECT", 0], ["DEL", "a"], ["DEL", "b"], ["EXEC"]];
  const expected = Buffer.concat(
    words.map((each) => {
      const { buffer, start, end } = new Frame().encode(each);
      return Buffer.from(buffer.subarray(start, end));
    }),
  );
  let seen = "";
  journal.read(journal.open(0), (bytes, from, to) => {
    seen += bytes.latin1Slice(from, to);
    return to - from;
  });
  expect(seen).toBe(expected.toString("latin1"));
  expect(journal.offset).toBe(expected.length);
});
