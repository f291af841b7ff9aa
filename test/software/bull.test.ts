/**
 * Bull does its main jobs: BullMQ's forerunner, with scripts of its own. `job.finished()` is not used: it overlooks a job that ends while it
 * asks (on redis-server too), and asks again five seconds later.
 */
import { describe, expect, test } from "bun:test";
import Bull from "bull";
import { until } from "../replication/support.ts";
import { closing, useSoftwareServer } from "./support.ts";

const port = useSoftwareServer();

/** Queues of Bull, all closed in the end without waiting for what they still work on. */
class Bench implements AsyncDisposable {
  private readonly stack = new AsyncDisposableStack();

  queue(name: string, options: Bull.QueueOptions = {}): Bull.Queue {
    return closing(this.stack, new Bull(name, { redis: { port: port() }, ...options }), (queue) => queue.close(true));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}

function untilThereAre(queue: Bull.Queue, count: number, state: keyof Bull.JobCounts): Promise<void> {
  return until(`${count} jobs to be ${state}`, async () => (await queue.getJobCounts())[state] === count);
}

describe("Bull", () => {
  test("jobs are done in their order of urgency, with progress, logs and results", async () => {
    await using bench = new Bench();
    const queue = bench.queue("paint");
    await queue.addBulk(Array.from({ length: 20 }, (_, n) => ({ name: "wall", data: { n } })));
    await queue.add("roof", { n: 100 }, { priority: 1 });
    const last = await queue.add("door", { n: 200 }, { lifo: true });
    const seen: number[] = [];
    void queue.process("*", async (job) => {
      seen.push(job.data.n);
      await job.progress(50);
      await job.log(`painted ${job.data.n}`);
      return { squared: job.data.n ** 2 };
    });
    await untilThereAre(queue, 22, "completed");
    expect((await queue.getJob(last.id))?.returnvalue).toEqual({ squared: 40_000 });
    expect(seen).toEqual([200, 100, ...Array.from({ length: 20 }, (_, n) => n)]);
    expect((await queue.getJobLogs(last.id)).logs).toEqual(["painted 200"]);
    expect((await queue.getJob(last.id))?.progress()).toBe(50);
    expect(await queue.getJobCounts()).toMatchObject({ active: 0, completed: 22, delayed: 0, failed: 0, waiting: 0 });
  });

  test("a delayed job waits, a failing one is tried again, a repeated one comes back", async () => {
    await using bench = new Bench();
    const queue = bench.queue("times");
    void queue.process("later", async () => "done");
    void queue.process("flaky", async (job) => {
      if (job.attemptsMade < 2) throw new Error(`failure ${job.attemptsMade + 1}`);
      return job.attemptsMade;
    });
    void queue.process("tick", async () => "tock");
    const later = await queue.add("later", {}, { delay: 50 });
    const flaky = await queue.add("flaky", {}, { attempts: 3, backoff: { type: "fixed", delay: 2 } });
    await queue.add("flaky", {}, { attempts: 1 });
    await queue.add("tick", {}, { repeat: { every: 40, limit: 3 } });
    await untilThereAre(queue, 5, "completed");
    expect(((await queue.getJob(later.id))?.finishedOn ?? 0) - later.timestamp).toBeGreaterThanOrEqual(50);
    expect(await queue.getJob(flaky.id)).toMatchObject({ returnvalue: 2, attemptsMade: 2 });
    expect(await queue.getFailed()).toMatchObject([{ failedReason: "failure 1" }]);
    await queue.add("tick", {}, { repeat: { cron: "0 3 * * *" } });
    await queue.removeRepeatable("tick", { cron: "0 3 * * *" });
    expect((await queue.getRepeatableJobs()).filter((job) => job.cron !== null)).toEqual([]);
  });

  test("a rate limit lets through as many jobs as it says and delays the others until its time is over", async () => {
    await using bench = new Bench();
    const queue = bench.queue("sms", { limiter: { max: 2, duration: 3_600_000 } });
    void queue.process(async () => "sent");
    await queue.addBulk(Array.from({ length: 5 }, (_, n) => ({ data: { n } })));
    await untilThereAre(queue, 2, "completed");
    await untilThereAre(queue, 3, "delayed");
    const [held] = await queue.getDelayed();
    expect(await held?.getState()).toBe("delayed");
    await held?.promote();
    await until("the job to be delayed again", async () => (await held?.getState()) === "delayed");
    expect(await queue.getCompletedCount()).toBe(2);
  });

  test("a job whose worker died is given to another", async () => {
    await using bench = new Bench();
    const settings = { lockDuration: 20, lockRenewTime: 3_600_000, stalledInterval: 0 };
    const dead = bench.queue("mine", { settings });
    void dead.process(() => new Promise(() => {}));
    const job = await dead.add({});
    await untilThereAre(dead, 1, "active");
    await dead.close(true);
    const queue = bench.queue("mine", { settings: { stalledInterval: 25 } });
    const stalled: Bull.JobId[] = [];
    queue.on("stalled", (stalledJob) => stalled.push(stalledJob.id));
    void queue.process(async () => "dug");
    await untilThereAre(queue, 1, "completed");
    expect(stalled).toEqual([job.id]);
  });

  test("a paused queue waits; what is removed, cleaned and emptied is gone", async () => {
    await using bench = new Bench();
    const queue = bench.queue("misc");
    await queue.pause();
    const jobs = await queue.addBulk(Array.from({ length: 5 }, (_, n) => ({ data: { n } })));
    await jobs[0]?.remove();
    await queue.removeJobs("2");
    expect(await queue.getJobCounts()).toMatchObject({ paused: 3, waiting: 0 });
    void queue.process(async (job) => job.data.n);
    await queue.resume();
    await untilThereAre(queue, 3, "completed");
    expect((await queue.clean(0, "completed")).map(String).sort()).toEqual(["3", "4", "5"]);
    await queue.pause();
    await queue.add({});
    await queue.empty();
    expect(await queue.count()).toBe(0);
    await queue.obliterate({ force: true });
    expect(await queue.client.keys("bull:misc:*")).toEqual([]);
  });
});
