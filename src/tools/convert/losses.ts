/** What cannot go into the form that is asked for, and what became of it. */

import { shownKey } from "../text.ts";

/** So many are named one by one. */
const MOST_NAMED = 100;

export class Losses {
  count = 0;
  private readonly complain: (text: string) => void;
  private readonly skip: boolean;

  /** `skip`: they are left out, and all else goes. */
  constructor(complain: (text: string) => void, { skip }: { readonly skip: boolean }) {
    this.complain = complain;
    this.skip = skip;
  }

  /** A key (latin1) that cannot go. */
  key(database: number, key: string, type: string, why: string): void {
    this.add(`the ${type} at key ${shownKey(key)} of database ${database}: ${why}`);
  }

  /** Something else that cannot go. */
  add(what: string): void {
    if (this.count++ < MOST_NAMED) this.complain(`${this.skip ? "left out" : "cannot go"}: ${what}\n`);
  }

  /** What goes, but not all of it. */
  note(what: string): void {
    this.complain(`note: ${what}\n`);
  }

  /** Whether the outcome is to be thrown away. */
  get forbid(): boolean {
    return this.count > 0 && !this.skip;
  }

  /** The same, for what is said already. */
  silent(): Losses {
    return new Losses(() => {}, { skip: this.skip });
  }

  /** Says how many there were of which not all were named. */
  summarize(): void {
    if (this.count > MOST_NAMED) this.complain(`and ${this.count - MOST_NAMED} more\n`);
  }
}
