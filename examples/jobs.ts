/**
 * A queue and its worker in one program: BullMQ on a Redis without a port. Jobs are tried again when they fail, some come later, and a restart
 * would lose none if `dir` named a folder.
 *
 *     bun examples/jobs.ts
 */
import { Queue, QueueEvents, Worker } from "bullmq";
import { Replicant } from "replicant";

await using server = await Replicant.inProcess();
const connection = { ...server.ioredis(), maxRetriesPerRequest: null };

interface Mail {
  readonly to: string;
}

const mails = new Queue<Mail, string>("mails", { connection });
const events = new QueueEvents("mails", { connection });
const worker = new Worker<Mail, string>(
  "mails",
  async ({ data, attemptsMade }) => {
    // The first attempt to reach Grace fails, as post does.
    if (data.to === "grace" && attemptsMade === 0) throw new Error("mailbox full");
    return `sent to ${data.to}`;
  },
  { connection, concurrency: 4 },
);
worker.on("failed", (job, error) => console.log(`${job?.data.to}: ${error.message}, attempt ${job?.attemptsMade}`));

const retried = { attempts: 3, backoff: { type: "fixed", delay: 20 } };
const jobs = [
  await mails.add("welcome", { to: "ada" }),
  await mails.add("welcome", { to: "grace" }, retried),
  await mails.add("reminder", { to: "edsger" }, { delay: 50 }),
];
for (const job of jobs) console.log(await job.waitUntilFinished(events));
console.log(await mails.getJobCounts("completed", "failed", "waiting"));

await Promise.all([worker.close(), mails.close(), events.close()]);
