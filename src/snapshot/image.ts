/**
 * Writes keys as the entries of an image, in whatever order they come: from a walk, or because they are about to change. Entries stay
 * whole: behind a value that is too long for one slice, everything lines up in a queue. Hot: one call for each key.
 */

import { assert } from "../assert.ts";
import { copied } from "../base/bytes.ts";
import { metaType } from "../keyspace/record-meta.ts";
import type { ExpiryIndex } from "../memory/expiry-index.ts";
import { OUTSIDE } from "../memory/record.ts";
import type { Table } from "../memory/record-table.ts";
import { RdbWriter } from "../rdb/writer.ts";
import { Encoding, Type } from "../values/value-types.ts";
import { StoredValue } from "./stored-value.ts";
import { type RecordWriter, TableWalk } from "./table-walk.ts";
import { encodingOf, isLong, type StreamedValue, streamValue, type ValueSink, walkValue } from "./value-walk.ts";

/** What an image is written as: the RDB format (sinks/rdb.ts), commands (sinks/commands.ts). */
export interface EntrySink extends ValueSink {
  /** Where it writes to. */
  out: RdbWriter;
  /** A function library, at the head of the image. */
  library(text: Buffer): void;
  /** The entries that follow are of this database. */
  select(from: DatabaseImage): void;
  /** An entry begins: the record at `address`. Its value follows, and `finish`. */
  begin(from: DatabaseImage, address: number, type: Type, encoding: Encoding): void;
  finish(from: DatabaseImage, address: number): void;
  /** Returns a sink to which the value of the entry begun last can be given later, while other entries are written. */
  forLater(out: RdbWriter): ValueSink;
  /** Ends the image; what takes the bytes has everything then. */
  close(): void;
}

const NO_DATABASE = -1;
const QUEUE_BUFFER_BYTES = 16 * 1024;

const stored = new StoredValue();

export class Image {
  /** Entries written. */
  keys = 0;
  /** Whether entries wait in the queue: then nothing but `drain` goes to the writer. */
  blocked = false;
  private readonly out: RdbWriter;
  private readonly sink: EntrySink;
  private readonly queue: RunQueue;
  /** Whether long values are queued and written in steps; else they are written, and compressed, at one go. */
  private readonly inSteps: boolean;
  private selected = NO_DATABASE;

  constructor(sink: EntrySink, options: { readonly compress: boolean; readonly inSteps: boolean }) {
    this.out = sink.out;
    this.sink = sink;
    this.queue = new RunQueue(options);
    this.inSteps = options.inSteps;
  }

  /** Writes a function library, before any entry. */
  library(text: Buffer): void {
    assert(this.keys === 0, "libraries stand at the head of an image");
    this.sink.library(text);
  }

  /** Writes the record at `address`, in chain `chain`; `changing`: it is about to change. Returns about how many bytes that took reading. */
  write(from: DatabaseImage, chain: number, address: number, changing: boolean): number {
    const { table } = from;
    const { sink, queue } = this;
    const type = metaType(table.meta(address));
    // Most keys are short strings. They are not looked at as values: that costs a twentieth of a SAVE.
    const value = type === Type.STRING && (table.flags(address) & OUTSIDE) === 0 ? null : stored.show(table, address);
    const long = value !== null && this.inSteps && isLong(type, value);
    if (long) this.blocked = true;
    const out = this.blocked ? queue.writer : this.out;
    if (sink.out !== out) sink.out = out;
    if (this.selected !== from.database) {
      this.selected = from.database;
      sink.select(from);
    }
    sink.begin(from, address, type, value === null ? Encoding.RAW : encodingOf(value));
    this.keys++;
    let cost = 0;
    if (value === null) {
      cost = table.valueLength(address);
      const at = table.valueOffset(address);
      sink.string(table.bytesOf(address), at, at + cost);
    } else if (long) {
      const streamed = streamValue(sink, () => sink.forLater(this.out), type, value);
      if (changing) streamed.keep();
      queue.add(streamed, table, chain);
    } else cost = walkValue(sink, type, value);
    sink.finish(from, address);
    return cost;
  }

  /** The records of this chain are about to change: what waits in the queue must not depend on them any more. */
  keep(from: DatabaseImage, chain: number): void {
    if (this.queue.streamed > 0) this.queue.keep(from.table, chain);
  }

  /** Moves up to `limit` bytes on from the queue. */
  drain(limit: number): void {
    assert(this.blocked, "only a queue with something in it is drained");
    this.queue.drain(this.out, limit);
    this.blocked = !this.queue.empty;
  }

  /** Lets go of the values in the queue: the image ends unfinished. */
  release(): void {
    this.queue.release();
  }

  /** Ends the image; what takes the bytes has everything then. The queue must be empty. */
  end(): void {
    assert(!this.blocked, "an image ends after its last entry");
    assert(this.queue.streamed === 0, "an image ends when it has let go of all values");
    this.sink.out = this.out;
    this.sink.close();
  }
}

/** One database on its way into an image: what is to be said about it, and the walk through its keys. */
export class DatabaseImage implements RecordWriter {
  readonly table: Table;
  readonly expiry: ExpiryIndex;
  readonly walk: TableWalk;
  /** The number that the database had at the start, and what it held then. */
  readonly database: number;
  readonly keys: number;
  readonly expires: number;
  /** Whether the image has said these figures. */
  announced = false;
  private readonly image: Image;

  constructor(image: Image, database: { index: number; table: Table; expiry: ExpiryIndex }) {
    this.image = image;
    this.table = database.table;
    this.expiry = database.expiry;
    this.database = database.index;
    this.keys = this.table.size;
    this.expires = this.expiry.size;
    this.walk = new TableWalk(this.table, this);
  }

  get blocked(): boolean {
    return this.image.blocked;
  }

  write(chain: number, address: number, changing: boolean): number {
    return this.image.write(this, chain, address, changing);
  }

  keep(chain: number): void {
    this.image.keep(this, chain);
  }
}

/** Bytes that were written to the queue, or a value that the keyspace still has: with the table and the chain of its key. */
type Run = { readonly bytes: Buffer } | { readonly value: StreamedValue; readonly table: Table; readonly chain: number };

/** First in, first out: what is written to `writer`, and values. */
class RunQueue {
  /** Writes entries to the end of the queue. The checksum is made when they leave it. */
  readonly writer: RdbWriter;
  /** How many runs are values of the keyspace: before one changes, `keep` must be called. */
  streamed = 0;
  private readonly runs: Run[] = [];
  /** Bytes that the writer has passed on. */
  private received = 0;

  constructor({ compress }: { readonly compress: boolean }) {
    const queue = {
      write: (bytes: Buffer, from: number, to: number) => {
        this.received += to - from;
        this.runs.push({ bytes: copied(bytes, from, to) });
      },
    };
    this.writer = new RdbWriter(queue, { compress, checksum: false, bufferBytes: QUEUE_BUFFER_BYTES });
  }

  get empty(): boolean {
    return this.runs.length === 0 && this.writer.bytesWritten === this.received;
  }

  /** Adds a value without a copy; its key is in this chain of `table`. */
  add(value: StreamedValue, table: Table, chain: number): void {
    this.writer.flush();
    assert(this.writer.bytesWritten === this.received, "what comes before a value is in the queue before it");
    this.runs.push({ value, table, chain });
    this.streamed++;
  }

  /** Keys in this chain are about to change: values of theirs must not depend on them any more. */
  keep(table: Table, chain: number): void {
    for (const run of this.runs) if ("value" in run && run.table === table && run.chain === chain) run.value.keep();
  }

  /** Writes about `limit` bytes' worth from the head of the queue to `out`. */
  drain(out: RdbWriter, limit: number): void {
    if (this.runs.length === 0) this.writer.flush();
    let left = limit;
    while (left > 0 && this.runs.length > 0) {
      const run = this.runs[0];
      if ("value" in run) {
        left -= run.value.step(left);
        if (!run.value.done) break;
        run.value.release();
        this.streamed--;
      } else {
        out.raw(run.bytes, 0, run.bytes.length);
        left -= run.bytes.length;
      }
      this.runs.shift();
    }
    assert(this.streamed >= 0, "each value in the queue leaves it once");
  }

  /** Lets go of all values, unwritten. */
  release(): void {
    for (const run of this.runs) if ("value" in run) run.value.release();
    this.runs.length = 0;
    this.streamed = 0;
  }
}
