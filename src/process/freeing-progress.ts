/** Tells of memory that is given back in slices, where that is much: a large database that was emptied, a value of millions. */

import type { LazyFree } from "../keyspace/lazyfree.ts";
import type { Progress } from "../progress/progress.ts";
import type { UnderWay } from "../progress/under-way.ts";

/** Fewer keys and elements are gone before anyone looks. */
const MANY = 200_000;

export class FreeingProgress {
  private readonly lazyFree: LazyFree;
  private readonly underWay: UnderWay;
  private progress: Progress | null = null;

  constructor(lazyFree: LazyFree, underWay: UnderWay) {
    this.lazyFree = lazyFree;
    this.underWay = underWay;
  }

  /** To be called about ten times a second. */
  look(): void {
    const { lazyFree } = this;
    if (this.progress !== null) {
      if (lazyFree.pending > 0) return;
      this.progress.end("complete");
      this.progress = null;
    } else if (lazyFree.pending >= MANY) {
      // More may come meanwhile.
      let most = 0;
      const total = () => {
        most = Math.max(most, lazyFree.pending);
        return most;
      };
      this.progress = this.underWay.begin({ kind: "lazyfree", unit: "keys", done: () => total() - lazyFree.pending, total });
    }
  }
}
