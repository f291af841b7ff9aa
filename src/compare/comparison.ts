/**
 * Compares the keys of two servers: which there are, their types, values and deadlines. Nothing is paused. A key that differs is looked at again
 * a moment later, when both servers stand at the same offset if they share a history: it differs if it does so in the same way three times on end,
 * and is in flux if that never comes about.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { assert } from "../assert.ts";
import { askPatiently, CompareError, type Endpoint, type Words } from "./endpoint.ts";
import { type Abilities, abilitiesOf, compareKeys } from "./key-state.ts";
import { type Offsets, waitForEqualOffsets } from "./offsets.ts";
import { askBoth, type Difference, type DifferenceKind, type Pair } from "./pair.ts";
import { ErrorReply } from "./reply-decoder.ts";

/** A key that differs; its name is latin1. */
export interface DifferentKey {
  readonly database: number;
  readonly key: string;
  readonly kind: DifferenceKind;
}

/** Counts of keys. Those compared are the sum of all others. */
export interface Counts {
  compared: number;
  same: number;
  /** There on both sides, with another type, value or deadline. */
  different: number;
  missingHere: number;
  missingThere: number;
  /** Changed again and again while they were looked at, and were never found the same. */
  changing: number;
}

export interface Report extends Counts {
  readonly offsets: Offsets;
  /** The first of those that differ. */
  readonly differences: readonly DifferentKey[];
}

export interface CompareOptions {
  /** How many keys to compare, drawn at random; 0 for all. */
  readonly sample: number;
  /** How many different keys the report names. */
  readonly differences: number;
  /** Whether the result is still wanted. */
  readonly wanted: () => boolean;
  /** Told now and then how far it has come. */
  readonly progress: (counts: Readonly<Counts>) => void;
  /** Whether a key is left out; none unless told. */
  readonly ignores?: (database: number, key: string) => boolean;
  /** Waits until "there" has what "here" had; unless told, until both stand at the same offset of a history that they share. */
  readonly settled?: () => Promise<Offsets>;
}

/** How many different keys a report names unless told. */
export const DEFAULT_DIFFERENCES = 16;

const KEYS_PER_BATCH = 100;
/** How many keys that seem to differ are kept before they are looked at again. */
const MAX_SUSPECTS = 10_000;
/** In how many looks on end a key must differ in the same way: keys that come and go may seem to do so twice. */
const SAME_LOOKS = 3;
/** How often a key is looked at again, and how long after the look before, in ms. */
const ROUNDS = 8;
const MOMENT_MS = 250;

interface Suspect extends Difference {
  readonly database: number;
  readonly key: string;
  /** In how many looks on end it differed like this. */
  readonly looks: number;
}

export class Comparison {
  /** Keys that it has come past, and will have; of all keys, those of either side. */
  keysPassed = 0;
  keysTotal = 0;
  private readonly pair: Pair;
  private readonly options: CompareOptions;
  readonly counts: Counts = { compared: 0, same: 0, different: 0, missingHere: 0, missingThere: 0, changing: 0 };
  private readonly differences: DifferentKey[] = [];
  private suspects: Suspect[] = [];
  private abilities: Abilities = { expireTime: false, fieldTimes: false };
  /** The one that is selected on both sides; -1 while that is not known. */
  private database = -1;

  constructor(here: Endpoint, there: Endpoint, options: CompareOptions) {
    this.pair = [here, there];
    this.options = options;
  }

  /** Returns null when it is not wanted any more. Errors: CompareError. */
  async run(): Promise<Report | null> {
    try {
      this.abilities = await abilitiesOf(this.pair);
      const offsets = await this.settled();
      const sizes = await this.databases();
      const keys = [...sizes.values()].reduce((sum, size) => sum + size, 0);
      if (this.options.sample > 0) this.keysTotal = keys === 0 ? 0 : this.options.sample;
      for (const [database, size] of sizes) {
        await this.select(database);
        if (this.options.sample > 0) await this.compareSample(Math.ceil((this.options.sample * size) / keys));
        else await this.compareDatabase();
      }
      await this.lookAgain();
      const { counts, differences } = this;
      const { same, different, missingHere, missingThere, changing } = counts;
      assert(counts.compared === same + different + missingHere + missingThere + changing, "every key that was compared is in one count");
      return { ...counts, offsets, differences };
    } catch (error) {
      if (error instanceof NotWanted) return null;
      throw error;
    }
  }

  private settled(): Promise<Offsets> {
    return this.options.settled?.() ?? waitForEqualOffsets(this.pair);
  }

  /** How many keys the databases have that have any, on the side that has more. */
  private async databases(): Promise<Map<number, number>> {
    const sizes = new Map<number, number>();
    for (const [text] of await askBoth(this.pair, [["INFO", "keyspace"]])) {
      for (const [, database, keys] of String(text).matchAll(/^db(\d+):keys=(\d+)/gm)) {
        this.keysTotal += Number(keys);
        sizes.set(Number(database), Math.max(Number(keys), sizes.get(Number(database)) ?? 0));
      }
    }
    return new Map([...sizes].sort(([a], [b]) => a - b));
  }

  private async select(database: number): Promise<void> {
    if (database === this.database) return;
    const replies = (await askBoth(this.pair, [["SELECT", database]])).flat();
    for (const [side, reply] of replies.entries()) {
      if (reply instanceof ErrorReply) throw new CompareError(`${this.pair[side].name} has no database ${database}: ${reply.message}`);
    }
    this.database = database;
  }

  private async compareDatabase(): Promise<void> {
    const [here, there] = this.pair;
    for await (const keys of this.keysOf(here)) {
      await this.compareBatch(keys);
      this.keysPassed += keys.length;
    }
    for await (const keys of this.keysOf(there)) {
      this.keysPassed += keys.length;
      const types = await askPatiently(
        here,
        keys.map((key) => ["TYPE", key]),
      );
      await this.compareBatch(keys.filter((_, index) => types[index] === "none"));
    }
  }

  private async *keysOf(side: Endpoint): AsyncGenerator<string[]> {
    let cursor = "0";
    do {
      const [reply] = await askPatiently(side, [["SCAN", cursor, "COUNT", KEYS_PER_BATCH]]);
      if (!Array.isArray(reply) || !Array.isArray(reply[1])) {
        throw new CompareError(`${side.name}: ${reply instanceof ErrorReply ? reply.message : "SCAN has a strange answer"}`);
      }
      cursor = String(reply[0]);
      yield [...new Set(reply[1].map(String))];
    } while (cursor !== "0");
  }

  /** Keys of either side, by halves: those that only one has are found as well. */
  private async compareSample(wanted: number): Promise<void> {
    for (let done = 0; done < wanted; done += KEYS_PER_BATCH) {
      const half = Math.ceil(Math.min(KEYS_PER_BATCH, wanted - done) / 2);
      const drawn = await askBoth(
        this.pair,
        Array.from({ length: half }, (): Words => ["RANDOMKEY"]),
      );
      const keys = drawn.flat().filter((key) => typeof key === "string");
      await this.compareBatch([...new Set(keys)].slice(0, wanted - done));
      this.keysPassed += Math.min(KEYS_PER_BATCH, wanted - done);
    }
  }

  private async compareBatch(all: readonly string[]): Promise<void> {
    const { counts, options, database } = this;
    if (!options.wanted()) throw new NotWanted();
    const { ignores } = options;
    const keys = ignores === undefined ? all : all.filter((key) => !ignores(database, key));
    if (keys.length === 0) return;
    for (const [key, outcome] of await compareKeys(this.pair, keys, this.abilities)) {
      if (outcome === "gone") continue;
      if (outcome === null) this.count("same");
      else this.suspects.push({ ...outcome, key, database: this.database, looks: 1 });
    }
    options.progress(counts);
    if (this.suspects.length >= MAX_SUSPECTS) {
      const { database } = this;
      await this.lookAgain();
      await this.select(database);
    }
  }

  private count(what: keyof Counts): void {
    this.counts.compared++;
    this.counts[what]++;
  }

  /** Settles what the keys are that seemed to differ. */
  private async lookAgain(): Promise<void> {
    for (let round = 0; round < ROUNDS && this.suspects.length > 0; round++) {
      await sleep(MOMENT_MS);
      await this.settled();
      const before = this.suspects;
      this.suspects = [];
      for (let from = 0; from < before.length; ) {
        if (!this.options.wanted()) throw new NotWanted();
        const { database } = before[from];
        let to = from;
        while (to < before.length && to - from < KEYS_PER_BATCH && before[to].database === database) to++;
        await this.select(database);
        await this.lookAgainAt(before.slice(from, to));
        from = to;
      }
    }
    for (const _ of this.suspects) this.count("changing");
    this.suspects = [];
  }

  private async lookAgainAt(suspects: readonly Suspect[]): Promise<void> {
    const keys = suspects.map(({ key }) => key);
    const outcomes = await compareKeys(this.pair, keys, this.abilities);
    for (const suspect of suspects) {
      const outcome = outcomes.get(suspect.key) ?? null;
      if (outcome === "gone") continue;
      if (outcome === null) this.count("same");
      else {
        const looks = outcome.kind === suspect.kind && outcome.trace === suspect.trace ? suspect.looks + 1 : 1;
        if (looks === SAME_LOOKS) this.settle(suspect);
        else this.suspects.push({ ...suspect, ...outcome, looks });
      }
    }
  }

  private settle({ database, key, kind }: Suspect): void {
    this.count(kind === "missing-here" ? "missingHere" : kind === "missing-there" ? "missingThere" : "different");
    if (this.differences.length < this.options.differences) this.differences.push({ database, key, kind });
  }
}

/** No one waits for the result any more. */
class NotWanted extends Error {
  override name = "NotWanted";
}
