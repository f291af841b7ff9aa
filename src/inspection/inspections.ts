/** What looks through many keys for those who ask, and deletes them: the trees that are kept, the tasks under way, the purges. */

import type { Broken } from "../assert.ts";
import { HotKeyCount } from "./hot-key-count.ts";
import { KeptTrees } from "./kept-trees.ts";
import type { Hindrance } from "./purge.ts";
import { Purges, type PurgesContext } from "./purges.ts";
import { Slices, type SlicesContext } from "./slices.ts";
import { Stalls } from "./stalls.ts";
import { type TreeRequest, TreeTask } from "./tree-task.ts";

/** Something to be done in slices. */
interface Work {
  step(deadline: number): boolean;
  release(): void;
}

/** A task that a client waits for. */
export interface Running<T> {
  readonly work: T;
  /** Done, failed, or not wanted any more. */
  over: boolean;
  failure: string | null;
}

export interface InspectionsContext extends SlicesContext, Omit<PurgesContext, "slices"> {
  readonly broken: Broken;
  /** From so many keys on a tree is kept; its list of keys may take so many bytes. */
  readonly keptFrom: () => number;
  readonly keptBytes: () => number;
  readonly hindrance: Hindrance;
  /** A task is over. */
  readonly over: () => void;
}

export class Inspections {
  readonly purges: Purges;
  readonly stalls = new Stalls();
  readonly hotKeys = new HotKeyCount();
  private readonly context: InspectionsContext;
  private readonly slices: Slices;
  private readonly trees: KeptTrees;

  constructor(context: InspectionsContext) {
    this.context = context;
    this.slices = new Slices(context);
    this.trees = new KeptTrees(this.slices, context.keptBytes);
    this.purges = new Purges({ ...context, slices: this.slices });
  }

  /** Bytes of memory that trees take. */
  get heldBytes(): number {
    return this.trees.heldBytes;
  }

  /** Begins to list a level of the tree of names. Errors: WalkError. */
  tree(request: TreeRequest, wanted: () => boolean): Running<TreeTask> {
    const isLarge = request.database.size >= this.context.keptFrom();
    return this.run(new TreeTask(request, isLarge ? this.trees : null), wanted);
  }

  /** Begins work that is not `wanted` any more when its client is gone. Errors: WalkError. */
  run<T extends Work>(work: T, wanted: () => boolean, done: () => void = () => {}): Running<T> {
    const running: Running<T> = { work, over: false, failure: null };
    this.slices.start({
      wanted,
      step: (deadline) => {
        if (!work.step(deadline)) return false;
        done();
        return true;
      },
      end: (failure) => {
        running.over = true;
        running.failure = failure;
        work.release();
        this.context.over();
      },
    });
    return running;
  }

  /** Nothing is staged, kept or counted any more. */
  reset(): void {
    this.purges.clear();
    this.trees.stop();
    this.stalls.stop();
    this.hotKeys.reset();
  }

  /** The server stops. */
  stop(): void {
    this.reset();
    this.slices.stop();
  }
}
