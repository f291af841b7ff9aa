/**
 * Writes keys as entries of an RDB image, in whatever order they come: from a walk, or because they are about to change. It knows the format's rules about
 * what stands before an entry, and keeps entries whole. Hot: one call per key.
 */

import { assert } from "../assert.ts";
import { idleSeconds, lfuCounter } from "../keyspace/access.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { ACCESS_MASK, metaType } from "../keyspace/record-meta.ts";
import { EXPIRES } from "../memory/record.ts";
import { OPCODE } from "../rdb/format.ts";
import { type RdbSink, RdbWriter } from "../rdb/writer.ts";
import type { DatabaseImage } from "./database-image.ts";
import { RunQueue } from "./run-queue.ts";
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

/** A form that images are written in: RDB here, or commands (aof/command-image.ts). */
export interface ImageForm {
  /** Entries written. */
  readonly keys: number;
  /** Whether entries wait in a queue: then nothing but `drain` goes to the sink. */
  readonly blocked: boolean;
  /** Writes the entry of the record at `address`, in chain `chain`. `changing`: it is about to change or go. -> about how many bytes of memory that took reading. */
  write(from: DatabaseImage, chain: number, address: number, changing: boolean): number;
  /** The records of this chain are about to change. */
  keep(from: DatabaseImage, chain: number): void;
  drain(limit: number): void;
  /** The image ends unfinished. */
  release(): void;
  /** Ends the image; the sink has everything then. The queue must be empty. */
  end(): void;
}

const SELECT_DB = Buffer.of(OPCODE.selectDb);
const NO_DATABASE = -1;

export class ImageWriter implements ImageForm {
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
   * Writes the entry of the record at `address`, which is in chain `chain` of the table. `changing`: the record is about to change or go. -> about how many bytes of memory that took reading.
   */
  write(from: DatabaseImage, chain: number, address: number, changing: boolean): number {
    const { table } = from;
    const writer = VALUE_WRITERS[metaType(table.meta(address))];
    assert(writer !== undefined, "every type that a key can have has a writer");
    const lent = this.inPieces ? writer.lend(table, address) : null;
    if (lent !== null) this.blocked = true;
    const out = this.blocked ? this.queue.writer : this.out;
    if (this.selected !== from.database) this.select(out, from);
    this.writeFacts(out, from, address);
    this.keys++;
    if (lent === null) return writer.write(out, table, address);
    writer.writeHead(out, table, address);
    if (changing) lent.keep();
    this.queue.lend(lent, table, chain);
    return 0;
  }

  private select(out: RdbWriter, from: DatabaseImage): void {
    this.selected = from.database;
    if (!from.announced) {
      from.announced = true;
      out.selectDatabase(from.database, from.keys, from.expires);
      return;
    }
    out.raw(SELECT_DB, 0, 1);
    out.length(from.database);
  }

  private writeFacts(out: RdbWriter, from: DatabaseImage, address: number): void {
    const { table } = from;
    if ((table.flags(address) & EXPIRES) !== 0) {
      const at = from.expiry.at(address);
      out.expiry(at <= Number.MAX_SAFE_INTEGER ? at : from.expiry.exact(address));
    }
    if (this.usage === "none") return;
    const { keyspace } = this;
    const access = table.meta(address) & ACCESS_MASK;
    if (this.usage === "idle") out.idle(idleSeconds(access, keyspace.now));
    else if (keyspace.lfu !== null) out.freq(lfuCounter(access, keyspace.now, keyspace.lfu));
  }

  /** The records of this chain are about to change: what the queue has been lent from them must not depend on them any more. */
  keep(from: DatabaseImage, chain: number): void {
    if (this.queue.borrowed > 0) this.queue.keep(from.table, chain);
  }

  /** Moves up to `limit` bytes on from the queue. */
  drain(limit: number): void {
    this.queue.drain(this.out, limit);
    this.blocked = !this.queue.empty;
  }

  /** Gives back what it has been lent: the image ends unfinished. */
  release(): void {
    this.queue.release();
  }

  /** Ends the image; the sink has everything then. The queue must be empty. */
  end(): void {
    assert(!this.blocked, "an image ends after its last entry");
    this.out.end();
  }
}
