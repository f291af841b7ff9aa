/** The first of many in an order, without keeping all of them. */

export class Best<T> {
  /** The last of those that are kept, once there are enough: what comes behind it need not be added. */
  last: T | null = null;
  /** Whether there were more than are kept. */
  overflowed = false;
  private readonly most: number;
  private readonly compare: (a: T, b: T) => number;
  private readonly kept: T[] = [];

  constructor(most: number, compare: (a: T, b: T) => number) {
    this.most = most;
    this.compare = compare;
  }

  add(item: T): void {
    if (this.last !== null && this.compare(item, this.last) > 0) {
      this.overflowed = true;
      return;
    }
    this.kept.push(item);
    if (this.kept.length >= 2 * this.most) this.cut();
  }

  /** In order. */
  list(): readonly T[] {
    this.cut();
    return this.kept;
  }

  private cut(): void {
    this.kept.sort(this.compare);
    if (this.kept.length > this.most) {
      this.kept.length = this.most;
      this.overflowed = true;
    }
    if (this.kept.length === this.most) this.last = this.kept[this.most - 1] ?? null;
  }
}
