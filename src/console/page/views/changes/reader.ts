/** Reads keys that have changed, one after the other and not too many a second, on a connection of its own. */

import { signal } from "@preact/signals";
import type { Link } from "../../link.ts";
import { latin1 } from "../../octets.ts";
import { listOf, numberOf, octetsIn, wordOf } from "../../reply.ts";
import type { Reply } from "../../resp.ts";
import { openLink, wordsOf } from "../../session.ts";
import type { Change } from "./event.ts";
import { requestsFor, type ShownValue, valueIn } from "./shown-value.ts";
import { type BeforeAndAfter, Versions } from "./versions.ts";

export const MOST_READS_A_SECOND = 20;
/** Keys that wait to be read; those beyond are not. */
const MOST_WAITING = 60;
/** So many keys are read when it begins, so that their first change has a value before it. */
const MOST_AT_FIRST = 200;
const SCAN_ROUNDS = 20;
const TRIES = 3;

interface Key {
  readonly database: number;
  readonly key: Uint8Array;
}

class Reader {
  /** Changes when there is more to show. */
  readonly turn = signal(0);
  readonly trouble = signal<string | null>(null);
  /** How many keys were read to begin with; null: they are being read. */
  readonly first = signal<number | null>(null);
  private readonly versions = new Versions();
  private readonly waiting = new Map<string, Key>();
  private link: Link | null = null;
  private selected = 0;
  private era = 0;

  /** Reads what is there of the pattern in the database, then what changes. */
  start(pattern: Uint8Array, database: number): void {
    this.stop();
    this.versions.clear();
    this.trouble.value = null;
    this.first.value = null;
    void this.run(this.era, pattern, database);
  }

  stop(): void {
    this.era++;
    this.link?.close();
    this.link = null;
    this.waiting.clear();
  }

  changed({ kind, database, key, offset }: Change): void {
    if (kind === "flush" || kind === "swap") this.versions.flushed(offset, kind === "swap");
    if (this.link === null || database === null || key === null) return;
    const name = nameOf(database, key);
    this.versions.changed(name, offset);
    if (this.waiting.size < MOST_WAITING) this.waiting.set(name, { database, key });
  }

  /** Changes between these offsets of the history are not told. */
  missed(from: number, to: number): void {
    this.versions.missed(from, to);
  }

  of({ database, key, offset }: Change): BeforeAndAfter {
    return database === null || key === null ? { before: null, after: null } : this.versions.of(nameOf(database, key), offset);
  }

  private async run(era: number, pattern: Uint8Array, database: number): Promise<void> {
    try {
      const link = await openLink();
      if (era !== this.era) return link.close();
      this.link = link;
      this.selected = 0;
      await link.call("CLIENT", "NO-TOUCH", "ON").catch(() => {});
      await this.readAtFirst(era, link, pattern, database);
      while (era === this.era) {
        const [next] = this.waiting;
        const began = performance.now();
        if (next !== undefined) {
          this.waiting.delete(next[0]);
          await this.read(link, next[1]);
          this.turn.value++;
        }
        const rest = 1000 / MOST_READS_A_SECOND - (performance.now() - began);
        await new Promise((resolve) => setTimeout(resolve, Math.max(5, rest)));
      }
    } catch (error) {
      if (era !== this.era) return;
      this.link?.close();
      this.link = null;
      this.trouble.value = wordsOf(error);
    }
  }

  private async readAtFirst(era: number, link: Link, pattern: Uint8Array, database: number): Promise<void> {
    await this.select(link, database);
    const keys: Uint8Array[] = [];
    let cursor = "0";
    for (let round = 0; round < SCAN_ROUNDS && keys.length < MOST_AT_FIRST; round++) {
      const [next, found] = listOf(
        await link.callForBytes("SCAN", cursor, ...(pattern.length > 0 ? ["MATCH", pattern] : []), "COUNT", 200),
      );
      keys.push(...listOf(found).map(octetsIn));
      cursor = wordOf(next);
      if (cursor === "0") break;
    }
    const offset = offsetIn(await link.call("ROLE"));
    for (const key of keys.slice(0, MOST_AT_FIRST)) await this.read(link, { database, key });
    if (cursor === "0" && keys.length <= MOST_AT_FIRST) this.versions.isComplete(nameOf(database, new Uint8Array(0)), offset);
    if (era === this.era) this.first.value = Math.min(keys.length, MOST_AT_FIRST);
  }

  private async select(link: Link, database: number): Promise<void> {
    if (this.selected === database) return;
    await link.call("SELECT", database);
    this.selected = database;
  }

  private async read(link: Link, { database, key }: Key): Promise<void> {
    await this.select(link, database);
    for (let left = TRIES; left > 0; left--) {
      const type = wordOf(await link.call("TYPE", key));
      const read = await readAs(link, type, key);
      if (read === null) continue;
      this.versions.read(nameOf(database, key), read.offset, read.value);
      return;
    }
  }
}

/** The key as it is at one moment, and which offset that is; null: its type is another one. Errors: ReplyError. */
async function readAs(link: Link, type: string, key: Uint8Array): Promise<{ readonly offset: number; readonly value: ShownValue } | null> {
  const requests = requestsFor(type, key);
  const sent = [link.call("MULTI"), ...requests.map((words) => link.call(...words)), link.call("ROLE"), link.callForBytes("EXEC")];
  const answers = await Promise.allSettled(sent);
  const refused = answers.find((answer) => answer.status === "rejected");
  if (refused !== undefined) throw refused.reason;
  const last = answers.at(-1);
  const replies = last?.status === "fulfilled" ? listOf(last.value) : [];
  const value = valueIn(type, replies.slice(0, -1));
  return value === null ? null : { offset: offsetIn(replies.at(-1)), value };
}

/** The offset in ROLE's reply. */
function offsetIn(reply: Reply | undefined): number {
  const role = listOf(reply);
  return numberOf(wordOf(role[0]) === "master" ? role[1] : role[4]);
}

function nameOf(database: number, key: Uint8Array): string {
  return `${database} ${latin1(key)}`;
}

/** One for the page. */
export const reader = new Reader();
