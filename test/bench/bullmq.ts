/**
 * Jobs of BullMQ, as its authors' own benchmark (taskforcesh/bullmq-bench) has them: data and result of 10 x 10 names, 4 KB each, added a
 * hundred at a time, and a worker that does nothing.
 */
import { Queue, type QueueOptions, Worker } from "bullmq";

/** What is measured: adding the jobs, taking them to their end when they are all there, or both. */
export type BullmqPhase = "add" | "work" | "all";

const JOBS = 10_000;
const BULK = 100;
const CONCURRENCY = 50;
/** How long none of the jobs may come to its end. */
const SILENCE_MS = 60_000;

/** How many jobs there are. */
export const BULLMQ_JOBS = JOBS;

/** Where the server is, as ioredis has it. */
export type BullmqConnection = QueueOptions["connection"];

/** Names in each other, ten chains of ten. */
function sampleData(): object {
  const chain = (depth: number): object => (depth === 0 ? {} : { [crypto.randomUUID()]: chain(depth - 1) });
  return Object.assign({}, ...Array.from({ length: 10 }, () => chain(10)));
}

/**
 * Puts all jobs through the server, which must be empty, and calls `measure` with the part that the phase names. Throws when a
 * job fails.
 */
export async function runBullmq(
  connection: BullmqConnection,
  phase: BullmqPhase,
  measure: (work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const queue = new Queue("bench", { connection });
  try {
    await queue.waitUntilReady();
    const data = sampleData();
    const add = async (): Promise<void> => {
      for (let added = 0; added < JOBS; added += BULK) await queue.addBulk(Array.from({ length: BULK }, () => ({ name: "test", data })));
    };
    if (phase === "add") await measure(add);
    else if (phase === "work") {
      await add();
      await measure(() => workOff(connection));
    } else {
      await measure(async () => {
        await add();
        await workOff(connection);
      });
    }
  } finally {
    await queue.close();
  }
}

async function workOff(connection: BullmqConnection): Promise<void> {
  const result = sampleData();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let completed = 0;
  let seen = 0;
  const patience = setInterval(() => {
    if (completed === seen) reject(new Error(`no job was completed after ${completed} of ${JOBS}`));
    seen = completed;
  }, SILENCE_MS);
  const worker = new Worker("bench", async () => result, { connection, concurrency: CONCURRENCY });
  worker.on("completed", () => {
    completed += 1;
    if (completed === JOBS) resolve();
  });
  worker.on("failed", (_, error) => reject(error));
  worker.on("error", reject);
  try {
    await promise;
  } finally {
    clearInterval(patience);
    await worker.close();
  }
}
