/** REPLICANT.PROGRESS: how far the long things are that are under way, and how the last of each kind went. */

import { commandsOf } from "../../execution/command-spec.ts";
import type { Ended, Progress } from "../../progress/progress.ts";
import { percentOf, secondsLeft } from "../../progress/words.ts";
import type { Reply } from "../../protocol/reply.ts";

const command = commandsOf("server");

/** Null is what is not known: the total, and what comes of it; bytes where keys are counted alone. */
export const progress = command("replicant.progress", { arity: 1, since: "0.1.0", flags: "loading stale" })
  .answers(`{running: Running[], ended: Ended[]} where
      Running = {kind: string, subject: string, unit: string, done: count, total: count | null, percent: double | null, rate: double,
        bytes: count | null, bytes-rate: double | null, started: time, seconds: double, left: double | null}
      where Ended = {kind: string, subject: string, unit: string, done: count, total: count | null, bytes: count | null, started: time,
        seconds: double, complete: boolean}`)
  .acl("dangerous")
  .tips("nondeterministic_output")
  .docs("Returns how far loads, saves, synchronizations and other long operations are.", "O(N) for N operations under way")
  .run(({ server, reply }) => {
    const { list, ended } = server.progress;
    reply.map(2);
    reply.bulk("running");
    reply.array(list.length);
    for (const one of list) writeRunning(reply, one);
    reply.bulk("ended");
    reply.array(ended.length);
    for (const one of ended) writeEnded(reply, one);
  });

function writeRunning(reply: Reply, one: Progress): void {
  const { done, total, rate, bytes, byteRate, seconds } = one;
  reply.map(12);
  writeWhat(reply, one);
  reply.field("done", done);
  reply.field("total", known(total));
  double(reply, "percent", percentOf(one));
  double(reply, "rate", rate);
  reply.field("bytes", bytes < 0 ? null : bytes);
  double(reply, "bytes-rate", bytes < 0 ? null : byteRate);
  reply.field("started", one.startedAt);
  double(reply, "seconds", seconds);
  double(reply, "left", secondsLeft(one));
}

function writeEnded(reply: Reply, one: Ended): void {
  reply.map(9);
  writeWhat(reply, one);
  reply.field("done", one.done);
  reply.field("total", known(one.total));
  reply.field("bytes", one.bytes < 0 ? null : one.bytes);
  reply.field("started", one.startedAt);
  double(reply, "seconds", one.seconds);
  reply.bulk("complete");
  reply.boolean(one.complete);
}

function writeWhat(reply: Reply, { kind, subject, unit }: Pick<Ended, "kind" | "subject" | "unit">): void {
  reply.field("kind", kind);
  reply.field("subject", subject);
  reply.field("unit", unit);
}

function known(total: number): number | null {
  return total > 0 ? total : null;
}

/** To three digits behind the point. */
function double(reply: Reply, name: string, value: number | null): void {
  reply.bulk(name);
  if (value === null) reply.null();
  else reply.double(Math.round(value * 1000) / 1000);
}
