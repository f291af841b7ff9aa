import { describe, expect, test } from "bun:test";
import { HEAD_WORDS, RING_BYTES, RingReader, RingWriter } from "../../../src/transport/workers/ring.ts";

function ring() {
  const memory = new SharedArrayBuffer(RING_BYTES);
  return { writer: new RingWriter(memory), reader: new RingReader(memory) };
}

/** Writes a record of `words` words of which all behind the head are `value`. Returns whether there was room. */
function write(writer: RingWriter, words: number, value: number): boolean {
  const at = writer.reserve(words);
  if (at < 0) return false;
  writer.words.fill(value, at + HEAD_WORDS, at + words);
  writer.commit(at, words, 7, value, words);
  return true;
}

function readAll(reader: RingReader): number[] {
  const found: number[] = [];
  while (reader.next()) {
    const { at, kind, slot, first } = reader;
    expect(kind).toBe(7);
    expect(reader.words.subarray(at + HEAD_WORDS, at + first).every((word) => word === slot)).toBe(true);
    found.push(slot);
    reader.done();
  }
  return found;
}

describe("a ring between two threads", () => {
  test("hands records over whole and in order, many times round", () => {
    const { writer, reader } = ring();
    const written: number[] = [];
    const read: number[] = [];
    for (let value = 0; value < 3000; value++) {
      const words = HEAD_WORDS + ((value * 7919) % 4096);
      while (!write(writer, words, value)) read.push(...readAll(reader));
      written.push(value);
    }
    read.push(...readAll(reader));
    expect(read).toEqual(written);
    expect(reader.isEmpty).toBe(true);
  });

  test("that is full says so once, and has room again when something was read", () => {
    const { writer, reader } = ring();
    let count = 0;
    while (write(writer, 4096, count)) count++;
    expect(count).toBe(64);
    expect([reader.takeWriterWaits(), reader.takeWriterWaits()]).toEqual([true, false]);
    expect(reader.next()).toBe(true);
    expect(write(writer, 4096, 0)).toBe(false);
    reader.done();
    expect(write(writer, 4096, 0)).toBe(true);
    expect(readAll(reader).length).toBe(64);
  });

  test("takes a record that does not fit behind the last one at its start, once that is free", () => {
    const { writer, reader } = ring();
    for (let value = 0; value < 3; value++) expect(write(writer, 65_536, value)).toBe(true);
    expect(write(writer, 100_000, 3)).toBe(false);
    expect(readAll(reader)).toEqual([0, 1, 2]);
    expect(write(writer, 100_000, 3)).toBe(true);
    expect(readAll(reader)).toEqual([3]);
  });
});
