/** The keys of an image as commands: an append-only file, in one file as of old. */

import { copyBytes } from "../../base/bytes.ts";
import type { RdbEntry } from "../../rdb/entry.ts";
import { type ByteSink, RdbWriter } from "../../rdb/writer.ts";
import { CommandSink } from "../../snapshot/sinks/commands.ts";
import { Type } from "../../values/value-types.ts";
import type { EntriesSink } from "./value-events.ts";

const BUFFER_BYTES = 1024 * 1024;
/** Redis's figure: AOF_REWRITE_ITEMS_PER_CMD. */
const ELEMENTS = 64;

export class CommandsOut extends CommandSink implements EntriesSink {
  private selected = -1;
  private keyBytes = Buffer.allocUnsafeSlow(1024);
  /** Elements of a list whose number is not known, until there are enough for a command; null for other values. */
  private elements: Buffer[] | null = null;

  constructor(sink: ByteSink) {
    super(new RdbWriter(sink, { compress: false, checksum: false, bufferBytes: BUFFER_BYTES }));
  }

  /** What is known of the image beside the keys has no command. */
  fact(): void {}

  beginEntry(database: number, { key }: RdbEntry): void {
    if (database !== this.selected) this.select({ database });
    this.selected = database;
    if (key.length > this.keyBytes.length) this.keyBytes = Buffer.allocUnsafeSlow(key.length * 2);
    // A copy: the chunk that the key came in may be gone before the value is over.
    this.at(this.keyBytes, 0, copyBytes(this.keyBytes, 0, key.bytes, key.from, key.to));
  }

  finishEntry({ expireAt, farExpiry }: RdbEntry): void {
    if (expireAt !== -1) this.expireKey(expireAt > Number.MAX_SAFE_INTEGER ? farExpiry : expireAt);
  }

  list(): void {
    this.elements = [];
  }

  override element(bytes: Buffer, from: number, to: number): void {
    const { elements } = this;
    if (elements === null) return super.element(bytes, from, to);
    elements.push(Buffer.from(bytes.subarray(from, to)));
    if (elements.length === ELEMENTS) this.pushElements(elements);
  }

  override end(): void {
    if (this.elements !== null && this.elements.length > 0) this.pushElements(this.elements);
    this.elements = null;
    super.end();
  }

  private pushElements(elements: Buffer[]): void {
    super.collection(Type.LIST, elements.length);
    for (const element of elements) super.element(element, 0, element.length);
    elements.length = 0;
  }
}
