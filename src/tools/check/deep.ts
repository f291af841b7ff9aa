/** Looks into every value of an image as a server does that loads it, and keeps none: finds what is broken where no checksum tells. */

import { Keyspace } from "../../keyspace/keyspace.ts";
import type { ProgressLine } from "../../progress/line.ts";
import { EnvelopedImage } from "../../rdb/envelope.ts";
import { RdbError, RdbUnsupported } from "../../rdb/error.ts";
import { VALUE_TYPE } from "../../rdb/format.ts";
import type { RdbHandler } from "../../rdb/handler.ts";
import { RdbReader } from "../../rdb/reader.ts";
import { VALUE_READERS } from "../../rdb/value-readers.ts";
import { DEFAULT_LIMITS } from "../../values/limits.ts";
import { Temporary } from "../../values/temporary.ts";
import type { Type } from "../../values/value-types.ts";
import type { ChunkedFile } from "../chunks.ts";
import { ModuleOutline } from "../outline.ts";
import { type Damage, damageOf } from "./damage.ts";

/** Builds values and throws them away. */
class Discarding implements RdbHandler {
  selected = 0;
  keys = 0;
  /** Where the last whole entry ends. */
  goodUpTo = 0;
  /** Where reading is. */
  offset: () => number = () => 0;
  private readonly building = new Temporary(new Keyspace({ databases: 1, now: 0 }).space, { ...DEFAULT_LIMITS });

  database(index: number): void {
    this.selected = index;
  }

  string(): void {
    this.keys++;
    this.goodUpTo = this.offset();
  }

  draft(type: Type): Temporary {
    return this.building.begin(type);
  }

  collection(): void {
    this.building.discard();
    this.string();
  }

  empty(): void {
    this.collection();
  }

  passed(): void {
    this.string();
  }

  abandon(): void {
    this.building.discard();
  }

  aux(): void {}
  sizes(): void {}
  library(): void {}
  command(): void {}
  warning(): void {}
  unsupported(): void {}
}

/**
 * Reads the image at the start of `file`, up to `end`. Returns what is broken first and where the last whole entry before it ends, or null.
 * Errors: ToolError.
 */
export function deepDamage(file: ChunkedFile, end: number, progress: ProgressLine): { damage: Damage; goodUpTo: number } | null {
  const handler = new Discarding();
  const readers = new Map(VALUE_READERS).set(VALUE_TYPE.module2, () => new ModuleOutline(handler));
  const reader = new RdbReader(handler, { checksum: false, readers });
  const image = new EnvelopedImage(reader);
  handler.offset = () => reader.input.offset;
  try {
    file.offset = 0;
    while (!image.finished && file.offset < end) {
      const chunk = file.next();
      if (chunk.length === 0) break;
      image.push(chunk, 0, chunk.length);
      progress.at(image.offset);
    }
    return null;
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    if (error instanceof RdbUnsupported) return null;
    return { damage: damageOf(error, reader, handler), goodUpTo: handler.goodUpTo };
  } finally {
    image.close();
    handler.abandon();
  }
}
