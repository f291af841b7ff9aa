/**
 * Bytes of an image whose turn has not come: entries too long for one slice, and whatever had to be written while one of them was under way. An entry cannot
 * be interrupted by another, so everything lines up behind it.
 */

import type { Table } from "../memory/table.ts";
import { RdbWriter } from "./rdb/writer.ts";

const WRITER_BYTES = 16 * 1024;

/** bytes[at, to), to be written as they stand. */
interface Run {
  bytes: Buffer;
  at: number;
  to: number;
  /** Where the bytes are still the keyspace's own: the table and the chain of the key that they are the value of. */
  readonly table: Table | null;
  readonly chain: number;
}

/** First in, first out: what is written to `writer`, and what is lent to it. */
export class RunQueue {
  /** Writes entries to the end of the queue. The checksum is made when they leave it. */
  readonly writer: RdbWriter;
  /** How many runs are memory of the keyspace: whoever changes that has to say so first (`keep`). */
  borrowed = 0;
  private readonly runs: Run[] = [];
  private received = 0;

  constructor(options: { compress: boolean }) {
    const sink = {
      write: (bytes: Buffer, from: number, to: number) => {
        this.received += to - from;
        this.runs.push({ bytes: Buffer.from(bytes.subarray(from, to)), at: 0, to: to - from, table: null, chain: 0 });
      },
    };
    this.writer = new RdbWriter(sink, { compress: options.compress, checksum: false, bufferBytes: WRITER_BYTES });
  }

  get empty(): boolean {
    return this.runs.length === 0 && this.writer.bytesWritten === this.received;
  }

  /** Lines up bytes[0, length) without a copy; they belong to a key in this chain of `table`. */
  lend(bytes: Buffer, length: number, table: Table, chain: number): void {
    this.writer.flush();
    this.runs.push({ bytes, at: 0, to: length, table, chain });
    this.borrowed++;
  }

  /** What is lent from this chain is about to change: the rest of it is copied. */
  keep(table: Table, chain: number): void {
    for (const [index, run] of this.runs.entries()) {
      if (run.table !== table || run.chain !== chain) continue;
      this.runs[index] = { bytes: Buffer.from(run.bytes.subarray(run.at, run.to)), at: 0, to: run.to - run.at, table: null, chain: 0 };
      this.borrowed--;
    }
  }

  /** Writes up to `limit` bytes from the head of the queue to `out`. */
  drain(out: RdbWriter, limit: number): void {
    if (this.runs.length === 0) this.writer.flush();
    let left = limit;
    while (left > 0 && this.runs.length > 0) {
      const run = this.runs[0];
      const count = Math.min(left, run.to - run.at);
      out.raw(run.bytes, run.at, run.at + count);
      run.at += count;
      left -= count;
      if (run.at < run.to) break;
      this.runs.shift();
      if (run.table !== null) this.borrowed--;
    }
  }
}
