/** An image that comes in pieces on its way to whatever it is turned into. */

import { EnvelopedImage } from "../../rdb/envelope.ts";
import { RdbError } from "../../rdb/error.ts";
import type { RdbHandler } from "../../rdb/handler.ts";
import { RdbReader } from "../../rdb/reader.ts";
import type { ValueReader } from "../../rdb/value.ts";
import { ToolError } from "../error.ts";
import { shownKey } from "../text.ts";

/** What an image is turned into. */
export interface ImageTarget extends RdbHandler {
  /** Who takes what modules saved beside the keys; null: it is passed over. */
  readonly moduleAux: ValueReader | null;
  /** An image of this version begins. Returns who reads its values. */
  begin(version: number): ReadonlyMap<number, () => ValueReader>;
  /** The image is over, and was whole. */
  finish(): void;
  /** The database of what comes next. */
  readonly selected: number;
}

/** An image that is broken, or has what cannot be read. */
export class BrokenSource extends ToolError {
  override name = "BrokenSource";
}

export class ImagePipe implements Disposable {
  private readonly target: ImageTarget;
  private readonly reader: RdbReader;
  private readonly image: EnvelopedImage;
  private readonly name: string;

  /** `name`: what is read, for messages. `checksum`: whether it has one that is compared. */
  constructor(target: ImageTarget, name: string, { checksum = true }: { readonly checksum?: boolean } = {}) {
    const { moduleAux } = target;
    const options = { checksum, readers: new Map(), ownReaders: (version: number) => target.begin(version) };
    this.reader = new RdbReader(target, moduleAux === null ? options : { ...options, moduleAux });
    this.image = new EnvelopedImage(this.reader);
    this.target = target;
    this.name = name;
  }

  /** Whether the image has come to its end. */
  get finished(): boolean {
    return this.image.finished;
  }

  /** Takes bytes[from, to). Returns how many of them are the image's. Errors: BrokenSource, ToolError. */
  push(bytes: Buffer, from: number, to: number): number {
    return this.guarded(() => this.image.push(bytes, from, to));
  }

  /** Errors: BrokenSource where the image is not whole. */
  finish(): void {
    this.guarded(() => this.image.finish());
    this.target.finish();
  }

  [Symbol.dispose](): void {
    this.image.close();
  }

  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      const { underWay } = this.reader;
      const where = underWay === null ? "" : ` (in key ${shownKey(underWay.key)} of database ${this.target.selected})`;
      throw new BrokenSource(`${this.name}, byte ${error.offset}: ${error.reason}${where}`);
    }
  }
}
