/**
 * What of an image has to wait for its turn: values too long for one slice, and whatever had to be written while one of them was under way. An entry cannot
 * be interrupted by another, so everything lines up behind it.
 */

import { copied } from "../base/bytes.ts";
import type { Table } from "../memory/record-table.ts";
import { RdbWriter } from "../rdb/writer.ts";
import { LentBytes, type LentValue } from "./streamed-value.ts";

const WRITER_BYTES = 16 * 1024;

interface Run {
  readonly value: LentValue;
  /** Where the value is the keyspace's: the table and the chain of its key. */
  readonly table: Table | null;
  readonly chain: number;
}

/** First in, first out: what is written to `writer`, and what is lent to it. */
export class RunQueue {
  /** Writes entries to the end of the queue. The checksum is made when they leave it. */
  readonly writer: RdbWriter;
  /** How many runs are values of the keyspace: whoever changes one has to say so first (`keep`). */
  borrowed = 0;
  private readonly runs: Run[] = [];
  private received = 0;

  constructor(options: { compress: boolean }) {
    const sink = {
      write: (bytes: Buffer, from: number, to: number) => {
        this.received += to - from;
        this.runs.push({ value: new LentBytes(copied(bytes, from, to), 0, to - from), table: null, chain: 0 });
      },
    };
    this.writer = new RdbWriter(sink, { compress: options.compress, checksum: false, bufferBytes: WRITER_BYTES });
  }

  get empty(): boolean {
    return this.runs.length === 0 && this.writer.bytesWritten === this.received;
  }

  /** Lines up a value without a copy; its key is in this chain of `table`. */
  lend(value: LentValue, table: Table, chain: number): void {
    this.writer.flush();
    this.runs.push({ value, table, chain });
    this.borrowed++;
  }

  /** Keys in this chain are about to change: what is lent from there must not depend on them any more. */
  keep(table: Table, chain: number): void {
    for (const run of this.runs) if (run.table === table && run.chain === chain) run.value.keep();
  }

  /** Writes about `limit` bytes' worth from the head of the queue to `out`. */
  drain(out: RdbWriter, limit: number): void {
    if (this.runs.length === 0) this.writer.flush();
    let left = limit;
    while (left > 0 && this.runs.length > 0) {
      const { value, table } = this.runs[0];
      left -= value.write(out, left);
      if (!value.done) break;
      value.release();
      this.runs.shift();
      if (table !== null) this.borrowed--;
    }
  }

  /** Gives back what is lent, unwritten. */
  release(): void {
    for (const { value } of this.runs) value.release();
    this.runs.length = 0;
  }
}
