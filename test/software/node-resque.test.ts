/** node-resque does its main jobs: queues, delayed jobs and locks, with scripts that take a job and say who has it in one step. */
import { describe, expect, test } from "bun:test";
import { type Jobs, Plugins, Queue, Scheduler, Worker } from "node-resque";
import { until } from "../replication/support.ts";
import { closing, useSoftwareServer } from "./support.ts";

const port = useSoftwareServer();

/** A queue, and a worker and a scheduler for it that ask again at once, all on a namespace of their own. */
async function start(
  stack: AsyncDisposableStack,
  namespace: string,
  jobs: Jobs,
): Promise<{ queue: Queue; worker: Worker; scheduler: Scheduler }> {
  const connection = { pkg: "ioredis", host: "127.0.0.1", port: port(), database: 0, namespace };
  const queue = new Queue({ connection }, jobs);
  const worker = new Worker({ connection, queues: ["math"], timeout: 5 }, jobs);
  const scheduler = new Scheduler({ connection, timeout: 5 });
  for (const part of [queue, worker, scheduler]) {
    part.on("error", (error: Error) => {
      throw error;
    });
    await part.connect();
    closing(stack, part, async (ended) => {
      await ended.end();
    });
  }
  return { queue, worker, scheduler };
}

describe("node-resque", () => {
  test("a worker does what is queued, and what failed is kept to be tried again", async () => {
    await using stack = new AsyncDisposableStack();
    let broken = true;
    const jobs: Jobs = {
      add: { perform: async (a: number, b: number) => a + b },
      fail: {
        perform: async () => {
          if (broken) throw new Error("out of paper");
          return "printed";
        },
      },
    };
    const { queue, worker } = await start(stack, "plain", jobs);
    const results: unknown[] = [];
    worker.on("success", (_queue, _job, result) => results.push(result));
    for (let n = 0; n < 10; n += 1) await queue.enqueue("math", "add", [n, n]);
    await queue.enqueue("math", "fail");
    expect(await queue.length("math")).toBe(11);
    await worker.start();
    await until("a failed job", async () => (await queue.failedCount()) === 1);
    expect(results).toEqual(Array.from({ length: 10 }, (_, n) => 2 * n));
    const [failed] = await queue.failed(0, -1);
    expect(failed).toMatchObject({ queue: "math", error: "out of paper" });
    broken = false;
    if (failed !== undefined) await queue.retryAndRemoveFailed(failed);
    await until("the job to be done", () => results.length === 11);
    expect(results[10]).toBe("printed");
    expect(await queue.failedCount()).toBe(0);
    expect(await queue.stats()).toMatchObject({ processed: "11", failed: "1" });
  });

  test("a scheduler brings delayed jobs in when their time has come", async () => {
    await using stack = new AsyncDisposableStack();
    const { queue, worker, scheduler } = await start(stack, "delayed", { add: { perform: async (a: number, b: number) => a + b } });
    const results: unknown[] = [];
    worker.on("success", (_queue, _job, result) => results.push(result));
    await queue.enqueueAt(Date.now() - 5000, "math", "add", [1, 2]);
    await queue.enqueueIn(3_600_000, "math", "add", [3, 4]);
    expect(Object.keys(await queue.allDelayed()).length).toBe(2);
    await worker.start();
    await scheduler.start();
    await until("the delayed job", () => results.length === 1);
    expect(results).toEqual([3]);
    expect(await queue.delDelayed("math", "add", [3, 4])).toHaveLength(1);
  });

  test("a job that must not run beside itself is put back until it can", async () => {
    await using stack = new AsyncDisposableStack();
    const jobs: Jobs = {
      alone: { plugins: [Plugins.JobLock], pluginOptions: { JobLock: { enqueueTimeout: 1 } }, perform: async (n: number) => n },
    };
    const { queue, worker } = await start(stack, "locked", jobs);
    const lock = worker.connection.key("workerslock", "alone", "math", "[1]");
    await queue.connection.redis.set(lock, "another worker");
    await queue.enqueue("math", "alone", [1]);
    const results: unknown[] = [];
    worker.on("success", (_queue, _job, result) => results.push(result));
    await worker.start();
    await until("the job to be put back", async () => (await queue.scheduledAt("math", "alone", [1])).length === 1);
    expect(results).toEqual([]);
    await queue.delDelayed("math", "alone", [1]);
    await queue.connection.redis.del(lock);
    await queue.enqueue("math", "alone", [1]);
    await until("the job to be done", () => results.length === 1);
    expect(await queue.connection.redis.exists(lock)).toBe(0);
  });
});
