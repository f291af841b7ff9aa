/** BullMQ does its main jobs: its whole state lives in Redis, and every step of a job is a script of one to three hundred lines. */
import { describe, expect, test } from "bun:test";
import { FlowProducer, type Job, Queue, QueueEvents, type QueueOptions, Worker, type WorkerOptions } from "bullmq";
import { createClient } from "redis";
import { until } from "../replication/support.ts";
import { connect } from "../support/client.ts";
import { closing, useSoftwareServer } from "./support.ts";

type Work = (job: Job) => unknown;

const port = useSoftwareServer();

/** Parts of BullMQ, all closed in the end. An error of one of them is a failure. */
class Bench implements AsyncDisposable {
  private readonly stack = new AsyncDisposableStack();
  private readonly connection = { port: port() };

  queue(name: string, options: Partial<QueueOptions> = {}): Queue {
    return this.closing(new Queue(name, { connection: this.connection, ...options }));
  }

  worker(name: string, work: Work, options: Partial<WorkerOptions> = {}): Worker {
    return this.closing(new Worker(name, async (job) => work(job), { connection: this.connection, ...options }));
  }

  async events(name: string): Promise<QueueEvents> {
    const events = this.closing(new QueueEvents(name, { connection: this.connection }));
    await events.waitUntilReady();
    return events;
  }

  flows(): FlowProducer {
    return this.closing(new FlowProducer({ connection: this.connection }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }

  private closing<T extends { close(): Promise<void>; on(event: "error", listener: (error: Error) => void): unknown }>(part: T): T {
    part.on("error", (error) => {
      throw error;
    });
    return closing(this.stack, part, (closed) => closed.close());
  }
}

/** Ends when the queue has `count` jobs in `state`. */
function untilThereAre(queue: Queue, count: number, state: "completed" | "failed" | "active" | "waiting-children"): Promise<void> {
  return until(`${count} jobs to be ${state}`, async () => (await queue.getJobCountByTypes(state)) === count);
}

describe("BullMQ", () => {
  test("a worker does the jobs of a queue in their order, hands back results and tells of each step", async () => {
    await using bench = new Bench();
    const queue = bench.queue("paint").setMaxListeners(100);
    const events = await bench.events("paint");
    const progress: unknown[] = [];
    events.on("progress", (event) => progress.push(event.data));
    const seen: number[] = [];
    bench.worker("paint", async (job) => {
      seen.push(job.data.n);
      await job.updateProgress({ half: job.data.n });
      await job.log(`painted ${job.data.n}`);
      return { squared: job.data.n ** 2, colour: "grün" };
    });
    const jobs = await queue.addBulk(Array.from({ length: 30 }, (_, n) => ({ name: "wall", data: { n } })));
    const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events)));
    expect(results).toEqual(jobs.map((_, n) => ({ squared: n ** 2, colour: "grün" })));
    expect(seen).toEqual(jobs.map((_, n) => n));
    await until("30 events of progress", () => progress.length === 30);
    expect(progress[7]).toEqual({ half: 7 });
    expect(await queue.getJobCounts()).toMatchObject({ active: 0, completed: 30, delayed: 0, failed: 0, waiting: 0 });
    expect(await queue.getJobLogs(jobs[3]?.id ?? "")).toEqual({ logs: ["painted 3"], count: 1 });
    expect(await jobs[3]?.getState()).toBe("completed");
  });

  test("urgent jobs come first, the last in come first where they are told to, equal ones in their order", async () => {
    await using bench = new Bench();
    const queue = bench.queue("mail");
    await queue.add("p5a", {}, { priority: 5 });
    await queue.add("p1", {}, { priority: 1 });
    await queue.add("p5b", {}, { priority: 5 });
    await queue.add("plain", {});
    await queue.add("lifo", {}, { lifo: true });
    expect(await queue.getCountsPerPriority([0, 1, 5])).toEqual({ "0": 2, "1": 1, "5": 2 });
    const seen: string[] = [];
    bench.worker("mail", (job) => seen.push(job.name));
    await untilThereAre(queue, 5, "completed");
    expect(seen).toEqual(["lifo", "plain", "p1", "p5a", "p5b"]);
  });

  test("a delayed job waits for its time, and one that is promoted does not", async () => {
    await using bench = new Bench();
    const queue = bench.queue("later");
    const soon = await queue.add("soon", {}, { delay: 60 });
    const never = await queue.add("in an hour", {}, { delay: 3_600_000 });
    expect(await queue.getDelayedCount()).toBe(2);
    bench.worker("later", () => "done");
    await untilThereAre(queue, 1, "completed");
    const done = await queue.getJob(soon.id ?? "");
    expect((done?.finishedOn ?? 0) - soon.timestamp).toBeGreaterThanOrEqual(60);
    expect(await never.getState()).toBe("delayed");
    await never.promote();
    await untilThereAre(queue, 2, "completed");
  });

  test("a job that fails is tried again, later each time, until it has no attempts left; retry() gives it another", async () => {
    await using bench = new Bench();
    const queue = bench.queue("flaky");
    bench.worker("flaky", (job) => {
      if (job.attemptsMade < job.data.failures) throw new Error(`failure ${job.attemptsMade + 1}`);
      return job.attemptsMade;
    });
    const backoff = { type: "exponential", delay: 2 };
    const lucky = await queue.add("lucky", { failures: 2 }, { attempts: 3, backoff });
    const unlucky = await queue.add("unlucky", { failures: 3 }, { attempts: 3, backoff });
    await untilThereAre(queue, 1, "completed");
    await untilThereAre(queue, 1, "failed");
    expect((await queue.getJob(lucky.id ?? ""))?.returnvalue).toBe(2);
    const failed = await queue.getJob(unlucky.id ?? "");
    expect(failed).toMatchObject({ failedReason: "failure 3", attemptsMade: 3 });
    expect(failed?.stacktrace?.length).toBe(3);
    await failed?.retry();
    await untilThereAre(queue, 2, "completed");
  });

  test("a scheduler makes jobs at its interval, as many as it may, and can be changed and removed", async () => {
    await using bench = new Bench();
    const queue = bench.queue("clock");
    await queue.upsertJobScheduler("tick", { every: 30, limit: 4 }, { name: "tick", data: { tock: true } });
    await queue.upsertJobScheduler("nightly", { pattern: "0 3 * * *", tz: "Europe/Berlin" }, { name: "night" });
    expect((await queue.getJobSchedulers()).map((scheduler) => scheduler.key).sort()).toEqual(["nightly", "tick"]);
    const seen: unknown[] = [];
    bench.worker("clock", (job) => seen.push(job.data.tock));
    await untilThereAre(queue, 4, "completed");
    expect(seen).toEqual([true, true, true, true]);
    await queue.upsertJobScheduler("nightly", { every: 3_600_000, startDate: Date.now() + 3_600_000 }, { name: "hourly" });
    expect(await queue.getJobScheduler("nightly")).toMatchObject({ every: 3_600_000, name: "hourly" });
    expect(await queue.removeJobScheduler("nightly")).toBe(true);
    expect(await queue.getJobScheduler("nightly")).toBeUndefined();
    expect(await queue.getDelayedCount()).toBe(0);
  });

  test("a parent waits for its children, and their children, and gets what they made", async () => {
    await using bench = new Bench();
    const queue = bench.queue("house");
    bench.worker("house", async (job) => [job.name, ...Object.values<string>(await job.getChildrenValues()).sort()].join(" "));
    bench.worker(
      "parts",
      async (job) =>
        `${job.name}(${Object.values<string>(await job.getChildrenValues())
          .sort()
          .join(",")})`,
    );
    const flow = await bench.flows().add({
      name: "house",
      queueName: "house",
      children: [
        { name: "roof", queueName: "parts", children: ["tiles", "beams"].map((name) => ({ name, queueName: "parts" })) },
        { name: "wall", queueName: "parts" },
      ],
    });
    await untilThereAre(queue, 1, "completed");
    expect((await queue.getJob(flow.job.id ?? ""))?.returnvalue).toBe("house roof(beams(),tiles()) wall()");
    const tree = await bench.flows().getFlow({ id: flow.job.id ?? "", queueName: "house" });
    expect(tree.children?.length).toBe(2);
  });

  test("a child that fails takes its parent with it where it is told to, and else is left out", async () => {
    await using bench = new Bench();
    const queue = bench.queue("order");
    bench.worker("order", async (job) => Object.values(await job.getIgnoredChildrenFailures()));
    bench.worker("items", () => {
      throw new Error("sold out");
    });
    const child = { name: "item", queueName: "items", data: {} };
    const strict = { name: "strict", queueName: "order", children: [{ ...child, opts: { failParentOnFailure: true } }] };
    const lenient = { name: "lenient", queueName: "order", children: [{ ...child, opts: { ignoreDependencyOnFailure: true } }] };
    const flows = await bench.flows().addBulk([strict, lenient]);
    await untilThereAre(queue, 1, "failed");
    await untilThereAre(queue, 1, "completed");
    expect((await queue.getJob(flows[0]?.job.id ?? ""))?.failedReason).toContain("failed");
    expect((await queue.getJob(flows[1]?.job.id ?? ""))?.returnvalue).toEqual(["sold out"]);
  });

  test("a rate limit lets through as many jobs as it says, and no more until its time is over or it is lifted", async () => {
    await using bench = new Bench();
    const queue = bench.queue("sms");
    await queue.addBulk(Array.from({ length: 5 }, (_, n) => ({ name: "sms", data: { n } })));
    const limited = bench.worker("sms", () => "sent", { limiter: { max: 2, duration: 3_600_000 }, concurrency: 5 });
    await until("the limit to be reached", async () => (await queue.getRateLimitTtl(2)) > 3_000_000);
    await untilThereAre(queue, 2, "completed");
    expect(await queue.getWaitingCount()).toBe(3);
    await limited.close();
    await queue.removeRateLimitKey();
    bench.worker("sms", () => "sent", { limiter: { max: 2, duration: 20 }, concurrency: 5 });
    await untilThereAre(queue, 5, "completed");
  });

  test("a job whose worker died is noticed and given to another, or fails where that may not happen so often", async () => {
    await using bench = new Bench();
    const queue = bench.queue("mine");
    const events = await bench.events("mine");
    const stalled: string[] = [];
    events.on("stalled", (event) => stalled.push(event.jobId));
    const dying = { skipStalledCheck: true, skipLockRenewal: true, lockDuration: 20, concurrency: 2 };
    const die = async (name: string, jobs: readonly string[]) => {
      const dead = bench.worker(name, () => new Promise(() => {}), dying);
      const added = await bench.queue(name).addBulk(jobs.map((job) => ({ name: job, data: {} })));
      await untilThereAre(bench.queue(name), jobs.length, "active");
      await dead.close(true);
      return added;
    };
    const jobs = await die("mine", ["shaft", "tunnel"]);
    bench.worker("mine", (job) => `${job.name} dug`, { stalledInterval: 25 });
    expect(await Promise.all(jobs.map((job) => job.waitUntilFinished(events)))).toEqual(["shaft dug", "tunnel dug"]);
    expect(stalled.sort()).toEqual(jobs.map((job) => job.id ?? "").sort());
    const [fragile] = await die("glass", ["pane"]);
    bench.worker("glass", () => "cut", { stalledInterval: 25, maxStalledCount: 0 });
    await untilThereAre(bench.queue("glass"), 1, "failed");
    expect((await bench.queue("glass").getJob(fragile?.id ?? ""))?.failedReason).toBe("job stalled more than allowable limit");
    expect(await queue.getFailedCount()).toBe(0);
  });

  test("twins are taken once; a paused queue waits; what is drained, cleaned and obliterated is gone", async () => {
    await using bench = new Bench();
    const queue = bench.queue("misc");
    await queue.pause();
    const first = await queue.add("twin", { n: 1 }, { deduplication: { id: "twin", ttl: 3_600_000 } });
    const second = await queue.add("twin", { n: 2 }, { deduplication: { id: "twin", ttl: 3_600_000 } });
    expect(second.id).toBe(first.id);
    expect(await queue.getDeduplicationJobId("twin")).toBe(first.id ?? "");
    expect((await queue.add("named", {}, { jobId: "me" })).id).toBe((await queue.add("named", {}, { jobId: "me" })).id);
    bench.worker("misc", () => "done");
    expect(await queue.isPaused()).toBe(true);
    await queue.resume();
    await untilThereAre(queue, 2, "completed");
    expect((await queue.clean(0, 10, "completed")).sort()).toEqual([first.id ?? "", "me"].sort());
    await queue.pause();
    await queue.addBulk(Array.from({ length: 20 }, () => ({ name: "late", data: {}, opts: { delay: 1000 } })));
    await queue.drain(true);
    expect(await queue.count()).toBe(0);
    await queue.add("last", {});
    await queue.obliterate({ force: true });
    const client = await connect(port());
    expect((await client.command("KEYS", "bull:misc:*")).toString()).toBe("*0\r\n");
    client.close();
  });

  test("a queue keeps to one job at a time over all its workers, and counts what they did", async () => {
    await using bench = new Bench();
    const queue = bench.queue("narrow");
    await queue.setGlobalConcurrency(1);
    let busy = 0;
    let most = 0;
    const work = async (job: Job) => {
      busy += 1;
      most = Math.max(most, busy);
      await job.log("at work");
      busy -= 1;
    };
    const options = { concurrency: 3, metrics: { maxDataPoints: 60 }, removeOnComplete: { count: 5 } };
    for (let n = 0; n < 2; n += 1) bench.worker("narrow", work, options);
    await queue.addBulk(Array.from({ length: 20 }, () => ({ name: "step", data: {} })));
    await until("20 jobs to be counted", async () => (await queue.getMetrics("completed")).meta.count === 20);
    expect(most).toBe(1);
    expect(await queue.getCompletedCount()).toBe(5);
  });

  test("works through node-redis as well", async () => {
    await using bench = new Bench();
    const client = createClient({ url: `redis://127.0.0.1:${port()}` });
    await client.connect();
    const queue = bench.queue("node-redis", { connection: client });
    const worker = bench.worker("node-redis", (job) => job.data.n + 1, { connection: client });
    const jobs = await queue.addBulk([1, 2, 3].map((n) => ({ name: "inc", data: { n } })));
    await untilThereAre(queue, 3, "completed");
    expect(await Promise.all(jobs.map(async (job) => (await queue.getJob(job.id ?? ""))?.returnvalue))).toEqual([2, 3, 4]);
    await worker.close();
    await queue.close();
    await client.close();
  });
});
