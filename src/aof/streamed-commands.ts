/** Big lists, sets, hashes and sorted sets as commands, bit by bit, as they were when they were lent (streamed-value.ts; streamed-map.ts and streamed-nodes.ts do the same for images). */

import type { ByteMap } from "../memory/bytemap.ts";
import type { NodeImage } from "../memory/node-image.ts";
import type { NodeDeque } from "../memory/nodes.ts";
import { Element, packedAtEnd, packedFirst, packedRead } from "../memory/packed.ts";
import type { ByteSpan } from "../memory/record-table.ts";
import type { LentValue } from "../snapshot/streamed-value.ts";
import { TableWalk } from "../snapshot/table-walk.ts";
import { PACKED } from "../values/list/quicklist.ts";
import type { Batches } from "./batches.ts";
import { type CommandBytes, writeElement, writeWord } from "./protocol.ts";

/** What a node or an element costs beside its bytes. */
const STEP_COST = 64;

const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };
const element = new Element();

export class LentListCommands implements LentValue {
  private readonly image: NodeImage;
  private readonly batches: Batches;
  private at = 0;
  private released = false;

  constructor(nodes: NodeDeque, batches: Batches) {
    this.image = nodes.capture();
    this.batches = batches;
  }

  get done(): boolean {
    return this.at === this.image.length;
  }

  write(out: CommandBytes, limit: number): number {
    const { image } = this;
    let written = 0;
    for (; this.at < image.length && written < limit; this.at++) {
      image.locate(this.at, span);
      written += STEP_COST + span.to - span.from;
      writeNodeElements(out, this.batches, image.kind(this.at), span);
    }
    return written;
  }

  keep(): void {}

  release(): void {
    if (this.released) return;
    this.released = true;
    this.image.release();
  }
}

/** The elements of a list's node of this kind. */
export function writeNodeElements(out: CommandBytes, batches: Batches, kind: number, { buffer, from, to }: ByteSpan): void {
  if (kind !== PACKED) {
    batches.next(out);
    writeWord(out, buffer, from, to);
    return;
  }
  for (let at = packedFirst(buffer, from); !packedAtEnd(buffer, at); ) {
    at = packedRead(buffer, at, element);
    batches.next(out);
    writeElement(out, element);
  }
}

/** Writes the words of the element at `address`. -> about how many bytes that took reading. */
export type ElementWords = (out: CommandBytes, map: ByteMap, address: number) => number;

/** Elements that are about to change before their turn are kept aside, each whole, and go out from there. */
export class LentMapCommands implements LentValue {
  private readonly map: ByteMap;
  private readonly batches: Batches;
  private readonly words: ElementWords;
  private readonly walk: TableWalk;
  private readonly early: Buffer[] = [];
  private out: CommandBytes | null = null;

  constructor(map: ByteMap, batches: Batches, words: ElementWords) {
    this.map = map;
    this.batches = batches;
    this.words = words;
    this.walk = new TableWalk(map.table, {
      blocked: false,
      write: (_, address, changing) => (changing || this.out === null ? this.setAside(address) : this.put(this.out, address)),
      keep: () => {},
    });
  }

  get done(): boolean {
    return this.walk.through && this.early.length === 0;
  }

  private put(out: CommandBytes, address: number): number {
    this.batches.next(out);
    return this.words(out, this.map, address);
  }

  private setAside(address: number): number {
    const parts: Buffer[] = [];
    const bytes = this.words({ raw: (source, from, to) => void parts.push(Buffer.from(source.subarray(from, to))) }, this.map, address);
    this.early.push(Buffer.concat(parts));
    return bytes;
  }

  write(out: CommandBytes, limit: number): number {
    let written = 0;
    let taken = 0;
    for (; taken < this.early.length && written < limit; taken++) {
      const words = this.early[taken];
      this.batches.next(out);
      out.raw(words, 0, words.length);
      written += STEP_COST + words.length;
    }
    this.early.splice(0, taken);
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
