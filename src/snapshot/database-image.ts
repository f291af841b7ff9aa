/** One database on its way into an image: what is to be said about it, and the walk through its keys. */

import type { ExpiryIndex } from "../keyspace/expiry.ts";
import type { Table } from "../memory/record-table.ts";
import type { ImageForm } from "./image-writer.ts";
import { type RecordWriter, TableWalk } from "./table-walk.ts";

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
  private readonly image: ImageForm;

  constructor(image: ImageForm, database: { index: number; table: Table; expiry: ExpiryIndex }) {
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
