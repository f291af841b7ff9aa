/**
 * Writes keys as entries of an RDB image, in whatever order they come: from a walk, or because they are about to change. It knows the format's rules about
 * what stands before an entry, and keeps entries whole. Hot: one call per key.
 */

import { assert } from "../assert.ts";
import { idleSeconds, lfuCounter } from "../keyspace/access.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { ACCESS_MASK, metaType } from "../keyspace/types.ts";
import { EXPIRES } from "../memory/record.ts";
import { OPCODE } from "./rdb/format.ts";
import { type RdbSink, RdbWriter } from "./rdb/writer.ts";
import { RunQueue } from "./run-queue.ts";
import type { TableWalk } from "./table-walk.ts";
import { VALUE_WRITERS } from "./value-writer.ts";

/** What the image says about each key's use: nothing, seconds since the last use, or the LFU counter. Redis's rule: as maxmemory-policy needs it. */
export type UsageFacts = "none" | "idle" | "frequency";

export interface ImageOptions {
  /** Directive rdbcompression. */
  readonly compress: boolean;
  /** Directive rdbchecksum. */
  readonly checksum: boolean;
  readonly usage: UsageFacts;
  /** Facts for the head of the image. */
  readonly aux: readonly (readonly [name: string, value: string | number])[];
}

const SELECT_DB = Buffer.of(OPCODE.selectDb);
const NO_DATABASE = -1;

export class ImageWriter {
  /** Entries written. */
  keys = 0;
  /** Whether entries wait in the queue: then nothing but `drain` goes to the sink. */
  blocked = false;
  private readonly keyspace: Keyspace;
  private readonly out: RdbWriter;
  private readonly queue: RunQueue;
  private readonly usage: UsageFacts;
  /** Whether long values are lined up and written in pieces; else they are written, and compressed, at one go. */
  private readonly inPieces: boolean;
  private selected = NO_DATABASE;

  constructor(keyspace: Keyspace, sink: RdbSink, options: ImageOptions, inPieces: boolean) {
    this.keyspace = keyspace;
    this.out = new RdbWriter(sink, { compress: options.compress, checksum: options.checksum });
    this.queue = new RunQueue({ compress: options.compress });
    this.usage = options.usage;
    this.inPieces = inPieces;
    this.out.header(options.aux);
  }

  /**
   * Writes the entry of the record at `address`, which is in chain `chain` of the walk's table. `changing`: the record is about to change or go, so that
   * nothing of it may be lent. -> about how many bytes of memory that took reading.
   */
  write(walk: TableWalk, chain: number, address: number, changing: boolean): number {
    const { table } = walk;
    const writer = VALUE_WRITERS[metaType(table.meta(address))];
    assert(writer !== undefined, "every type that a key can have has a writer");
    const bulk = this.inPieces ? writer.bulk(table, address) : null;
    if (bulk !== null) this.blocked = true;
    const out = this.blocked ? this.queue.writer : this.out;
    if (this.selected !== walk.database) this.select(out, walk);
    this.writeFacts(out, walk, address);
    this.keys++;
    if (bulk === null) return writer.write(out, table, address);
    writer.writeHead(out, table, address, bulk);
    if (changing) out.raw(bulk.buffer, 0, bulk.length);
    else this.queue.lend(bulk.buffer, bulk.length, table, chain);
    return 0;
  }

  private select(out: RdbWriter, walk: TableWalk): void {
    this.selected = walk.database;
    if (!walk.announced) {
      walk.announced = true;
      out.selectDatabase(walk.database, walk.keys, walk.expires);
      return;
    }
    out.raw(SELECT_DB, 0, 1);
    out.length(walk.database);
  }

  private writeFacts(out: RdbWriter, walk: TableWalk, address: number): void {
    const { table } = walk;
    if ((table.flags(address) & EXPIRES) !== 0) out.expiry(walk.expiry.at(address));
    if (this.usage === "none") return;
    const { keyspace } = this;
    const access = table.meta(address) & ACCESS_MASK;
    if (this.usage === "idle") out.idle(idleSeconds(access, keyspace.now));
    else if (keyspace.lfu !== null) out.freq(lfuCounter(access, keyspace.now, keyspace.lfu));
  }

  /** The records of this chain are about to change: what the queue has lent from them is copied. */
  keep(walk: TableWalk, chain: number): void {
    if (this.queue.borrowed > 0) this.queue.keep(walk.table, chain);
  }

  /** Moves up to `limit` bytes on from the queue. */
  drain(limit: number): void {
    this.queue.drain(this.out, limit);
    this.blocked = !this.queue.empty;
  }

  /** Ends the image; the sink has everything then. The queue must be empty. */
  end(): void {
    assert(!this.blocked, "an image ends after its last entry");
    this.out.end();
  }
}
