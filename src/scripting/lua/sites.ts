/** What both ways to run a chunk make of its places and constants. */

import type { Site } from "./state.ts";

/** The places in a chunk that messages of errors need, by number. */
export class SiteList {
  readonly sites: Site[] = [];
  private readonly chunk: string;
  private readonly first: number;
  private readonly known = new Map<string, number>();

  /** `chunk`: its name in messages. `first`: the number of its first site. */
  constructor(chunk: string, first: number) {
    this.chunk = chunk;
    this.first = first;
  }

  /** The number of a place in the chunk. `left` and `right`: what the operands are called. */
  site(line: number, left = "", right = ""): number {
    const key = `${line} ${left} ${right}`;
    let number = this.known.get(key);
    if (number === undefined) {
      number = this.first + this.sites.length;
      this.sites.push({ chunk: this.chunk, line, left, right });
      this.known.set(key, number);
    }
    return number;
  }
}

/** The constants of a function. */
export class Constants {
  private zero: number | null = null;

  /** Lua keeps equal constants of a function once: 0 and -0 are equal, and the first of them stands for both. */
  constant(value: number): number {
    if (value !== 0) return value;
    this.zero ??= value;
    return this.zero;
  }
}
