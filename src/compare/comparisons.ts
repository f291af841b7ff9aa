/** The comparison of this server with another one that a client asked for: one at a time, with lines in the log. */

import { asFailure, type Broken, guardLater } from "../assert.ts";
import type { Database } from "../keyspace/database.ts";
import type { Log } from "../log.ts";
import type { Progress } from "../progress/progress.ts";
import type { UnderWay } from "../progress/under-way.ts";
import type { Executor } from "../session/executor.ts";
import { Comparison, type Counts, type Report } from "./comparison.ts";
import { CompareError } from "./endpoint.ts";
import { LocalEndpoint } from "./local.ts";
import { type Address, RemoteEndpoint } from "./remote.ts";

/** How soon a comparison ends that no one waits for any more, even if the other server is silent, in ms. */
const LOOK_MS = 500;
/** How often `replicant compare` says how far it has come, in ms. */
const PROGRESS_MS = 5000;

export interface Request extends Address {
  readonly sample: number;
  readonly differences: number;
  /** Whether the client still waits. */
  readonly wanted: () => boolean;
}

/** A comparison that has been asked for. `report` or `failure` is set once it is over, neither when it was not wanted any more. */
export interface Running {
  over: boolean;
  report: Report | null;
  failure: string | null;
}

export interface ComparisonEvents {
  /** One has ended. */
  readonly over: () => void;
  readonly broken: Broken;
  /** What is under way in the server: a comparison is, too. */
  readonly progress: UnderWay;
}

export class Comparisons {
  private readonly executor: Executor;
  private readonly database: Database;
  private readonly log: Log;
  private readonly events: ComparisonEvents;
  private running = false;

  /** Databases are selected from `database` on. */
  constructor(executor: Executor, database: Database, log: Log, events: ComparisonEvents) {
    this.executor = executor;
    this.database = database;
    this.log = log;
    this.events = events;
  }

  /** Whether one is under way: then there is no second one. */
  get underWay(): boolean {
    return this.running;
  }

  /** Begins to compare. */
  start(request: Request): Running {
    const running: Running = { over: false, report: null, failure: null };
    this.running = true;
    void guardLater(this.run(request, running), this.events.broken).finally(() => {
      running.over = true;
      this.running = false;
      this.events.over();
    });
    return running;
  }

  private async run(request: Request, running: Running): Promise<void> {
    const { log } = this;
    const name = `${request.host}:${request.port}`;
    const began = Date.now();
    let progress: Progress | null = null;
    const there = new RemoteEndpoint(request);
    log.notice(`Comparison with ${name} started`);
    const watch = setInterval(() => {
      if (!request.wanted()) there.close();
    }, LOOK_MS);
    try {
      await there.open();
      const here = new LocalEndpoint(this.executor, this.database);
      const { sample, differences, wanted } = request;
      const comparison = new Comparison(here, there, { sample, differences, wanted, progress: () => {} });
      const { counts } = comparison;
      const done = () => comparison.keysPassed;
      const total = () => comparison.keysTotal;
      progress = this.events.progress.begin({ kind: "compare", subject: name, unit: "keys", done, total, detail: () => wordsOf(counts) });
      running.report = await comparison.run();
    } catch (error) {
      const failure = asFailure(error);
      if (!(failure instanceof CompareError)) log.warning(`Comparison with ${name}: ${failure.stack ?? failure.message}`);
      if (request.wanted()) running.failure = failure.message;
    } finally {
      progress?.end(running.report === null ? "failed" : "complete");
      clearInterval(watch);
      there.close();
    }
    const { report, failure } = running;
    if (failure !== null) log.warning(`Comparison with ${name} failed: ${failure}`);
    else if (report === null) log.notice(`Comparison with ${name} given up: its client does not wait any more`);
    else log.notice(`Comparison with ${name}: ${wordsOf(report)} (${((Date.now() - began) / 1000).toFixed(1)} seconds)`);
  }
}

/** What it is called with goes on to `say`, but not more often than every five seconds. */
export function everySoOften(say: (counts: Readonly<Counts>) => void): (counts: Readonly<Counts>) => void {
  let next = Date.now() + PROGRESS_MS;
  return (counts) => {
    if (Date.now() < next) return;
    next = Date.now() + PROGRESS_MS;
    say(counts);
  };
}

/** The counts in words. */
export function wordsOf({ compared, same, different, missingHere, missingThere, changing }: Readonly<Counts>): string {
  const more = changing === 0 ? "" : `, ${changing} changing`;
  return `${compared} keys compared, ${same} the same, ${different} different, ${missingHere} missing here, ${missingThere} missing there${more}`;
}
