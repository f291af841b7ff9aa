/** What is under way in the server: REPLICANT.PROGRESS. */

import { fieldsOf, numberOf, wordOf } from "../reply.ts";
import type { Reply } from "../resp.ts";

/** Null is what is not known. */
export interface Work {
  readonly kind: string;
  /** With whom. */
  readonly subject: string;
  readonly unit: "bytes" | "keys";
  readonly done: number;
  readonly total: number | null;
  readonly percent: number | null;
  /** Units a second. */
  readonly rate: number | null;
  readonly bytes: number | null;
  readonly bytesRate: number | null;
  /** Seconds. */
  readonly seconds: number;
  readonly left: number | null;
}

const TITLES: Readonly<Record<string, string>> = {
  "load-rdb": "Loading the snapshot",
  "load-aof": "Loading the append-only file",
  save: "Saving (SAVE)",
  bgsave: "Saving in the background",
  "aof-rewrite": "Rewriting the append-only file",
  "sync-send": "Full synchronization, sent",
  "sync-receive": "Full synchronization, received",
  "sync-load": "Full synchronization, loaded",
  compare: "Comparison",
  lazyfree: "Memory given back",
};

export function titleOf({ kind, subject }: Work): string {
  const title = TITLES[kind] ?? kind;
  return subject === "" ? title : `${title}: ${subject}`;
}

export function workOf(reply: Reply): Work {
  const fields = fieldsOf(reply);
  const known = (name: string): number | null => (fields[name] === null || fields[name] === undefined ? null : numberOf(fields[name]));
  return {
    kind: wordOf(fields.kind),
    subject: wordOf(fields.subject),
    unit: wordOf(fields.unit) === "bytes" ? "bytes" : "keys",
    done: numberOf(fields.done),
    total: known("total"),
    percent: known("percent"),
    rate: known("rate"),
    bytes: known("bytes"),
    bytesRate: known("bytes-rate"),
    seconds: numberOf(fields.seconds),
    left: known("left"),
  };
}
