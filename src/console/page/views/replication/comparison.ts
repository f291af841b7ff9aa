/** A comparison with another server: it goes on while other views are shown. */

import { effect, signal } from "@preact/signals";
import type { Link } from "../../link.ts";
import { fieldsOf, listOf, numberOf, octetsIn, wordOf } from "../../reply.ts";
import type { Reply, Word } from "../../resp.ts";
import { openLink, phase, wordsOf } from "../../session.ts";

export interface Difference {
  readonly database: number;
  readonly key: Uint8Array;
  /** "value", "type", "ttl", "missing here", "missing there". */
  readonly what: string;
}

export interface Report {
  readonly counts: Readonly<Record<CountName, number>>;
  readonly offsets: string;
  readonly differences: readonly Difference[];
}

const COUNTS = ["compared", "same", "different", "missing-here", "missing-there", "changing"] as const;
export type CountName = (typeof COUNTS)[number];

type Comparison =
  | { readonly state: "none" }
  | { readonly state: "running"; readonly address: string }
  | { readonly state: "failed"; readonly address: string; readonly reason: string }
  | { readonly state: "done"; readonly address: string; readonly report: Report; readonly at: Date };

export const comparison = signal<Comparison>({ state: "none" });

let link: Link | null = null;

// What one user may see is not for the next.
effect(() => {
  if (phase.value !== "outside") return;
  link?.close();
  comparison.value = { state: "none" };
});

export interface Target {
  readonly address: string;
  readonly host: string;
  readonly port: string;
  /** Empty: the default user. */
  readonly user: string;
  /** Empty: none is sent. Kept nowhere. */
  readonly password: string;
  /** Keys drawn at random; empty: all. */
  readonly sample: string;
  readonly differences: string;
}

export async function compareWith({ address, host, port, user, password, sample, differences }: Target): Promise<void> {
  const words: Word[] = ["REPLICANT.COMPARE", host, port];
  if (password !== "") words.push("AUTH", ...(user === "" ? [] : [user]), password);
  if (sample !== "") words.push("SAMPLE", sample);
  if (differences !== "") words.push("DIFFERENCES", differences);
  comparison.value = { state: "running", address };
  let own: Link | null = null;
  try {
    own = await openLink();
    link = own;
    const reply = await own.callForBytes(...words);
    comparison.value = { state: "done", address, report: reportOf(reply), at: new Date() };
  } catch (error) {
    comparison.value = { state: "failed", address, reason: isGivenUp ? "It was given up." : wordsOf(error) };
  } finally {
    isGivenUp = false;
    own?.close();
    link = null;
  }
}

let isGivenUp = false;

/** The server ends a comparison whose client goes. */
export function giveUp(): void {
  isGivenUp = link !== null;
  link?.close();
}

function reportOf(reply: Reply): Report {
  const fields = fieldsOf(reply);
  return {
    counts: Object.fromEntries(COUNTS.map((name) => [name, numberOf(fields[name])])) as Report["counts"],
    offsets: wordOf(fields.offsets),
    differences: listOf(fields.differences).map((one) => {
      const [database, key, what] = listOf(one);
      return { database: numberOf(database), key: octetsIn(key), what: wordOf(what) };
    }),
  };
}
