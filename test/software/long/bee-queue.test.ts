/**
 * Bee-Queue, on node-redis 3, does its main jobs. Skipped until `npm ci --prefix test/software/long` has been run: `npm run test:long`
 * does so.
 */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { until } from "../../replication/support.ts";
import { closing, useSoftwareServer } from "../support.ts";

/** What the tests use of Bee-Queue. Its own types cannot be imported: where it is not installed the rest must still be checked. */
interface Job {
  readonly id: string;
  readonly data: { readonly n: number };
  readonly options: { readonly retries: number };
  retries(n: number): Job;
  backoff(strategy: "fixed" | "immediate", delayMs?: number): Job;
  delayUntil(when: number): Job;
  save(): Promise<Job>;
  on(event: "succeeded", listener: (result: unknown) => void): void;
  on(event: "failed", listener: (error: Error) => void): void;
  on(event: "progress", listener: (progress: unknown) => void): void;
  reportProgress(progress: unknown): void;
}

interface BeeQueue {
  createJob(data: Job["data"]): Job;
  saveAll(jobs: readonly Job[]): Promise<unknown>;
  process(concurrency: number, handler: (job: Job) => Promise<unknown>): void;
  checkHealth(): Promise<Record<string, number>>;
  checkStalledJobs(): Promise<number>;
  close(timeoutMs?: number): Promise<void>;
  on(event: "error", listener: (error: Error) => void): void;
}

const installed = existsSync(join(import.meta.dirname, "node_modules/bee-queue"));
const port = useSoftwareServer();

function newQueue(stack: AsyncDisposableStack, name: string, settings: Record<string, unknown> = {}): BeeQueue {
  const BeeQueue: new (name: string, settings: Record<string, unknown>) => BeeQueue = createRequire(import.meta.url)("bee-queue");
  const queue = new BeeQueue(name, { redis: { port: port() }, activateDelayedJobs: true, ...settings });
  queue.on("error", (error) => {
    throw error;
  });
  return closing(stack, queue, (closed) => closed.close(0).catch(() => {})); // it rejects when jobs are still under way
}

describe.skipIf(!installed)(installed ? "Bee-Queue" : "Bee-Queue (skipped: not installed, npm ci --prefix test/software/long)", () => {
  test("jobs are done, tell of their progress and bring results; those that fail are tried again", async () => {
    await using stack = new AsyncDisposableStack();
    const queue = newQueue(stack, "paint");
    const failures = new Map<string, number>();
    queue.process(4, async (job) => {
      if (job.data.n < 0) {
        const failed = (failures.get(job.id) ?? 0) + 1;
        failures.set(job.id, failed);
        if (failed <= -job.data.n) throw new Error(`failure ${failed}`);
      }
      job.reportProgress(job.data.n);
      return job.data.n * 2;
    });
    const jobs = Array.from({ length: 20 }, (_, n) => queue.createJob({ n }));
    const results = jobs.map((job) => new Promise((resolve) => job.on("succeeded", resolve)));
    const progress = new Promise((resolve) => jobs[7]?.on("progress", resolve));
    await queue.saveAll(jobs);
    expect(await Promise.all(results)).toEqual(jobs.map((_, n) => 2 * n));
    expect(await progress).toBe(7);
    const lucky = queue.createJob({ n: -2 }).retries(2).backoff("fixed", 2);
    const unlucky = queue.createJob({ n: -9 }).retries(1);
    const outcomes = Promise.all([
      new Promise((resolve) => lucky.on("succeeded", resolve)),
      new Promise<Error>((resolve) => unlucky.on("failed", resolve)).then((error) => error.message),
    ]);
    await lucky.save();
    await unlucky.save();
    expect(await outcomes).toEqual([-4, "failure 2"]);
    expect(await queue.checkHealth()).toMatchObject({ waiting: 0, active: 0, succeeded: 21, failed: 1, delayed: 0 });
  });

  test("a delayed job waits for its time", async () => {
    await using stack = new AsyncDisposableStack();
    const queue = newQueue(stack, "later");
    queue.process(1, async () => Date.now());
    const due = Date.now() + 60;
    const job = queue.createJob({ n: 1 }).delayUntil(due);
    const done = new Promise((resolve) => job.on("succeeded", resolve));
    await job.save();
    expect(await queue.checkHealth()).toMatchObject({ delayed: 1 });
    expect(await done).toBeGreaterThanOrEqual(due);
  });

  test("a job whose worker died is given to another", async () => {
    await using stack = new AsyncDisposableStack();
    const dead = newQueue(stack, "mine", { stallInterval: 20 });
    dead.process(1, () => new Promise(() => {}));
    await dead.createJob({ n: 1 }).save();
    await until("the job to be taken", async () => (await dead.checkHealth()).active === 1);
    await dead.close(0).catch(() => {});
    const queue = newQueue(stack, "mine", { stallInterval: 20 });
    const seen: number[] = [];
    queue.process(1, async (job) => seen.push(job.data.n));
    await until("the job to be done by another", async () => {
      await queue.checkStalledJobs();
      return seen.length === 1;
    });
  });
});
