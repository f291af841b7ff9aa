/** The largest few of many keys, by one measure. */

export interface RankedKey {
  readonly database: number;
  /** Latin1. */
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
  readonly elements: number;
}

export class Ranking {
  /** The largest first. */
  readonly keys: RankedKey[] = [];
  /** A key that measures no more than this has no place. */
  floor = -1;
  private readonly most: number;
  private readonly measure: "bytes" | "elements";

  constructor(measure: "bytes" | "elements", most: number) {
    this.measure = measure;
    this.most = most;
    if (most === 0) this.floor = Number.POSITIVE_INFINITY;
  }

  /** Adds a key above the floor. */
  add(key: RankedKey): void {
    const { keys, measure, most } = this;
    let at = keys.length;
    while (at > 0 && keys[at - 1][measure] < key[measure]) at--;
    keys.splice(at, 0, key);
    if (keys.length > most) keys.pop();
    if (keys.length === most) this.floor = keys[most - 1][measure];
  }
}
