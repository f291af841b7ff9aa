/** Writes keys as the commands that make them (aof-use-rdb-preamble no), in whatever order they come: what ImageWriter does for the RDB format. Hot: one call per key. */

import { assert } from "../assert.ts";
import { metaType } from "../keyspace/record-meta.ts";
import { EXPIRES } from "../memory/record.ts";
import { type RdbSink, RdbWriter } from "../rdb/writer.ts";
import type { DatabaseImage } from "../snapshot/database-image.ts";
import type { ImageForm } from "../snapshot/image-writer.ts";
import { RunQueue } from "../snapshot/run-queue.ts";
import { type CommandBytes, writeNumber, writeText, writeWord, writeWords } from "./protocol.ts";
import { VALUE_COMMANDS } from "./value-commands.ts";

export interface CommandImageOptions {
  /** The time to note at the head, in s since 1970; null for none. */
  readonly timestamp: number | null;
}

export class CommandImage implements ImageForm {
  keys = 0;
  blocked = false;
  /** Of an RDB writer, only the buffer is of use here. */
  private readonly out: RdbWriter;
  private readonly queue = new RunQueue({ compress: false });
  private readonly inPieces: boolean;
  private selected = -1;

  constructor(sink: RdbSink, { timestamp }: CommandImageOptions, inPieces: boolean) {
    this.out = new RdbWriter(sink, { compress: false, checksum: false });
    this.inPieces = inPieces;
    if (timestamp === null) return;
    const line = annotation(timestamp);
    this.out.raw(line, 0, line.length);
  }

  write(from: DatabaseImage, chain: number, address: number, changing: boolean): number {
    const { table } = from;
    const commands = VALUE_COMMANDS[metaType(table.meta(address))];
    assert(commands !== undefined, "every type that a key can have has its commands");
    const lent = this.inPieces ? commands.lend(table, address) : null;
    if (lent !== null) this.blocked = true;
    const out = this.blocked ? this.queue.writer : this.out;
    if (this.selected !== from.database) this.select(out, from.database);
    this.keys++;
    let cost = 0;
    if (lent === null) cost = commands.write(out, table, address);
    else {
      commands.writeHead(out, table, address);
      if (changing) lent.keep();
      this.queue.lend(lent, table, chain);
      commands.writeTail(out);
    }
    if ((table.flags(address) & EXPIRES) !== 0) this.writeDeadline(out, from, address);
    return cost;
  }

  private select(out: CommandBytes, database: number): void {
    this.selected = database;
    writeWords(out, 2);
    writeText(out, "SELECT");
    writeNumber(out, database);
  }

  private writeDeadline(out: CommandBytes, from: DatabaseImage, address: number): void {
    const { table, expiry } = from;
    const keyFrom = table.keyOffset(address);
    const at = expiry.at(address);
    writeWords(out, 3);
    writeText(out, "PEXPIREAT");
    writeWord(out, table.keyBuffer(address), keyFrom, keyFrom + table.keyLength(address));
    writeText(out, String(at <= Number.MAX_SAFE_INTEGER ? at : expiry.exact(address)));
  }

  keep(from: DatabaseImage, chain: number): void {
    if (this.queue.borrowed > 0) this.queue.keep(from.table, chain);
  }

  drain(limit: number): void {
    this.queue.drain(this.out, limit);
    this.blocked = !this.queue.empty;
  }

  release(): void {
    this.queue.release();
  }

  end(): void {
    assert(!this.blocked, "an image ends after its last entry");
    this.out.flush();
  }
}

/** A line that says that what follows was written at `seconds` since 1970. */
export function annotation(seconds: number): Buffer {
  return Buffer.from(`#TS:${seconds}\r\n`, "latin1");
}
