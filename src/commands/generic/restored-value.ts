/** What RESTORE has read and is about to put at a key. */

import type { Context } from "../../execution/context.ts";
import type { RdbEntry, RdbString } from "../../rdb/entry.ts";
import type { RdbHandler } from "../../rdb/handler.ts";
import type { Temporary } from "../../values/temporary.ts";
import type { Type } from "../../values/value-types.ts";

/** Takes the one value of a payload. */
export class RestoredValue implements RdbHandler {
  private readonly newDraft: (type: Type) => Temporary;
  private draftInWork: Temporary | null = null;
  private text: RdbString | null = null;
  private whole = false;

  /** `newDraft` gives an empty draft of a type. */
  constructor(newDraft: (type: Type) => Temporary) {
    this.newDraft = newDraft;
  }

  /** Whether there is a value. */
  get complete(): boolean {
    return this.whole;
  }

  /** Puts the value at the key named by argument 1, just looked up at `address` (0: it is not there), in place of what that has. Returns the key's address. */
  put({ database, frame, keyHash }: Context, address: number, expireAt: number): number {
    const { text, draftInWork: draft } = this;
    const { buffer: key } = frame;
    const from = frame.offsets[1];
    const length = frame.lengths[1];
    if (draft !== null) return database.install(draft, key, from, length, address, expireAt);
    const { bytes, from: valueFrom, to: valueTo } = text as RdbString;
    return database.setString(address, keyHash, key, from, length, bytes, valueFrom, valueTo, expireAt);
  }

  /** Gives back the memory of a value that was not put anywhere. */
  drop(): void {
    this.draftInWork?.discard();
    this.draftInWork = null;
    this.whole = false;
  }

  string({ value }: RdbEntry): void {
    this.text = value;
    this.whole = true;
  }

  draft(type: Type): Temporary {
    this.draftInWork = this.newDraft(type);
    return this.draftInWork;
  }

  collection(): void {
    this.whole = true;
  }

  empty(): void {
    this.drop();
  }

  abandon(): void {
    this.drop();
  }

  // What an image has besides values is in no payload.
  aux(): void {}
  database(): void {}
  sizes(): void {}
  library(): void {}
  warning(): void {}
  unsupported(): void {}
}
