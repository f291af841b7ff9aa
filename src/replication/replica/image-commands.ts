/**
 * Commands that stand between the keys of an image: what a client changed at a Valkey 9.2 while it made the image without a fork. They are
 * run in their place.
 */

import { Replay } from "../../aof/replay.ts";
import type { Database } from "../../keyspace/database.ts";
import { Frame } from "../../protocol/frame.ts";
import type { Executor } from "../../session/executor.ts";
import { LoadError } from "../../snapshot/load-handler.ts";

const SHOWN_BYTES = 128;
/** What changes other databases than the one it is run on, or function libraries. */
const REACHES_FURTHER: ReadonlySet<string> = new Set(["select", "swapdb", "move", "flushall", "function"]);

export class ImageCommands {
  private readonly executor: Executor;
  private readonly staged: boolean;
  private replay: Replay | null = null;

  /** `staged`: the image is read beside the data that clients are served, which they must leave alone. */
  constructor(executor: Executor, { staged }: { staged: boolean }) {
    this.executor = executor;
    this.staged = staged;
  }

  /** Errors: LoadError when there is no such command, or it cannot be run here. */
  run(database: Database, words: readonly Buffer[]): void {
    if (this.staged && reachesFurther(words)) {
      throw new LoadError(
        `it has the command ${shown(words)}, which cannot be run beside the data that is there (repl-diskless-load swapdb)`,
      );
    }
    this.replay ??= new Replay(this.executor, database);
    const { replay } = this;
    replay.select(database);
    replay.begin(false);
    try {
      if (!replay.run(new Frame().encode(words))) throw new LoadError(`it has the command ${shown(words)}, which is not known here`);
    } finally {
      replay.end();
    }
  }
}

function reachesFurther([name, ...options]: readonly Buffer[]): boolean {
  const word = name.latin1Slice().toLowerCase();
  return REACHES_FURTHER.has(word) || (word === "copy" && options.some((option) => option.latin1Slice().toLowerCase() === "db"));
}

function shown([name]: readonly Buffer[]): string {
  return JSON.stringify(name.latin1Slice(0, Math.min(name.length, SHOWN_BYTES)));
}
