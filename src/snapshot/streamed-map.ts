/**
 * A big hash, set or sorted set, written element by element (streamed-value.ts). Its elements have no order: those that are about to change before their turn go to a
 * side buffer, and out from there.
 */

import { copied } from "../base/bytes.ts";
import type { ByteMap } from "../memory/bytemap.ts";
import { RdbWriter } from "../rdb/writer.ts";
import type { LentValue } from "./streamed-value.ts";
import { TableWalk } from "./table-walk.ts";

/** Writes the element at `address` of a map. -> about how many bytes that took reading. */
export type ElementWriter = (out: RdbWriter, map: ByteMap, address: number) => number;

const EARLY_BYTES = 4 * 1024;

export class LentMap implements LentValue {
  private readonly map: ByteMap;
  private readonly writeElement: ElementWriter;
  private readonly walk: TableWalk;
  /** Where elements go that change before their turn; made for the first. */
  private early: RdbWriter | null = null;
  private readonly chunks: Buffer[] = [];
  /** Where the walk writes to while it takes a step. */
  private out: RdbWriter | null = null;

  constructor(map: ByteMap, writeElement: ElementWriter) {
    this.map = map;
    this.writeElement = writeElement;
    this.walk = new TableWalk(map.table, {
      blocked: false,
      write: (_, address, changing) => this.writeElement(changing || this.out === null ? this.earlyWriter() : this.out, this.map, address),
      keep: () => {},
    });
  }

  get done(): boolean {
    return this.walk.through && this.early === null && this.chunks.length === 0;
  }

  private earlyWriter(): RdbWriter {
    const sink = { write: (bytes: Buffer, from: number, to: number) => void this.chunks.push(copied(bytes, from, to)) };
    this.early ??= new RdbWriter(sink, { compress: false, checksum: false, bufferBytes: EARLY_BYTES });
    return this.early;
  }

  write(out: RdbWriter, limit: number): number {
    this.early?.flush();
    this.early = null;
    let written = 0;
    while (written < limit) {
      const chunk = this.chunks.shift();
      if (chunk === undefined) break;
      out.raw(chunk, 0, chunk.length);
      written += chunk.length;
    }
    if (written < limit) {
      this.out = out;
      written += this.walk.step(limit - written);
      this.out = null;
    }
    if (this.done) this.walk.release();
    return written;
  }

  keep(): void {}

  release(): void {
    this.walk.release();
  }
}
