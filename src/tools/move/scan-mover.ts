/**
 * A move from a source that lets no one follow it: all its keys are scanned, again and again, and those written to the target that are not what they
 * were the time before. What is written during a scan may be missed by it; the scan after that has it. So all is there once the source has rested,
 * or was paused, for a whole scan. What was seen of a key takes some hundred bytes of memory here.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { CompareError } from "../../compare/endpoint.ts";
import { ErrorReply } from "../../compare/reply-decoder.ts";
import type { Losses } from "../convert/losses.ts";
import { endpointOf } from "../ends.ts";
import { ToolError } from "../error.ts";
import { factsOf, type ServerFacts } from "./facts.ts";
import { CannotGo } from "./image-writer.ts";
import { writesOf } from "./key-writes.ts";
import { type Copier, checkEnds, checkPresent, empty, type MoveOptions } from "./mover.ts";
import { idOf, movedKeys } from "./repairs.ts";
import type { Reporter } from "./reporter.ts";
import { SourceAsker } from "./source-asker.ts";
import type { KeyName } from "./stream-units.ts";
import { requestOf, Target, type Write } from "./target.ts";

const PAGE_KEYS = 200;
const RETRY_MS = 500;

interface Seen {
  readonly name: KeyName;
  readonly digest: number | bigint;
  round: number;
}

export interface ScanMoveOptions extends MoveOptions {
  readonly intervalMs: number;
}

export class ScanMover implements Copier {
  readonly asker: SourceAsker;
  readonly pending = 0;
  readonly place = "";
  /** Scans that were begun, and that were brought to their end. */
  private begun = 0;
  applied = 0;
  private readonly options: ScanMoveOptions;
  private readonly losses: Losses;
  private readonly report: Reporter;
  private readonly seen = new Map<string, Seen>();
  private libraries = "";
  private ready = false;
  private stopped = false;
  private goodAt = Date.now();

  constructor(options: ScanMoveOptions, losses: Losses, report: Reporter) {
    this.options = options;
    this.losses = losses;
    this.report = report;
    this.asker = new SourceAsker(options.from);
  }

  get streams(): boolean {
    return this.applied > 0;
  }

  async offset(): Promise<number> {
    return this.applied;
  }

  /** The scan that begins next. */
  async goal(): Promise<number> {
    return this.begun + 1;
  }

  async run(): Promise<void> {
    while (!this.stopped) {
      const endpoint = endpointOf(this.options.to);
      try {
        await endpoint.open();
        await this.session(new Target(endpoint), await factsOf(endpoint));
      } catch (error) {
        if (this.stopped) return;
        if (!(error instanceof CompareError) || !this.ready || Date.now() - this.goodAt > this.options.patienceMs) throw error;
        this.report.say("lost", { reason: error.message }, `connection lost: ${error.message}`);
        await sleep(RETRY_MS);
      } finally {
        endpoint.close();
      }
    }
  }

  stop(): void {
    this.stopped = true;
  }

  async finish(): Promise<void> {}

  private async session(target: Target, to: ServerFacts): Promise<void> {
    const from = await factsOf(await this.asker.connected());
    this.asker.tellsTimes = from.commands === null || from.commands.has("pexpiretime");
    if (!this.ready) {
      checkEnds(from, to, this.report);
      await checkPresent(target, to, this.options.present);
      if (this.options.present === "flush") await empty(target);
      this.report.say("begins", { from: from.name, to: to.name }, `moves ${from.name} to ${to.name}, by scans`);
      this.ready = true;
    } else {
      // What was on its way when a connection broke may not be there.
      this.seen.clear();
      this.libraries = "";
    }
    while (!this.stopped) {
      await this.round(target, to);
      await sleep(this.options.intervalMs);
    }
  }

  /** One scan. Errors: CompareError, ToolError. */
  private async round(target: Target, to: ServerFacts): Promise<void> {
    const round = ++this.begun;
    await this.copyLibraries(target);
    const [info] = await this.asker.ask([["INFO", "keyspace"]]);
    for (const [, db] of String(info).matchAll(/^db(\d+):/gm)) await this.scan(Number(db), round, target, to);
    if (this.stopped) return;
    const gone = [...this.seen.values()].filter((seen) => seen.round < round);
    for (let at = 0; at < gone.length; at += PAGE_KEYS) {
      const names = gone.slice(at, at + PAGE_KEYS).map(({ name }) => name);
      await this.write(
        target,
        names.map(({ db, key }) => ({ db, bytes: requestOf("DEL", key) })),
      );
      for (const name of names) this.seen.delete(idOf(name));
    }
    this.applied = round;
    this.goodAt = Date.now();
    if (round === 1) this.report.say("image", { keys: this.seen.size }, `all keys have been copied once: ${this.seen.size} keys`);
  }

  private async scan(db: number, round: number, target: Target, to: ServerFacts): Promise<void> {
    let cursor = "0";
    do {
      const [selected, reply] = await this.asker.ask([
        ["SELECT", db],
        ["SCAN", cursor, "COUNT", PAGE_KEYS],
      ]);
      if (selected instanceof ErrorReply || !Array.isArray(reply) || !Array.isArray(reply[1]))
        throw new ToolError(`the source cannot be scanned: ${reply instanceof ErrorReply ? reply.message : "a strange answer"}`);
      cursor = String(reply[0]);
      await this.copy(
        [...new Set(reply[1].map(String))].map((key) => ({ db, key })),
        round,
        target,
        to,
      );
    } while (cursor !== "0" && !this.stopped);
  }

  /** Writes those of the keys that are not what they were. */
  private async copy(names: readonly KeyName[], round: number, target: Target, to: ServerFacts): Promise<void> {
    if (names.length === 0) return;
    const then = await this.asker.keysNow(names);
    const changed = then.keys.filter((name) => {
      const { payload, expireAt } = name;
      if (payload === null) return false;
      const digest = Bun.hash(payload, expireAt);
      const before = this.seen.get(idOf(name));
      if (before !== undefined) before.round = round;
      if (before?.digest === digest) return false;
      this.seen.set(idOf(name), { name: { db: name.db, key: name.key }, digest, round });
      return true;
    });
    const moved = movedKeys({ ...then, keys: changed }, to.rdbVersion, this.losses);
    if (this.losses.forbid) throw new CannotGo("the source has what the target cannot hold (--skip leaves it out)");
    await this.write(
      target,
      [...moved.values()].flatMap((key) => writesOf(key, this.losses)),
    );
    this.report.copying(this.seen.size, 0);
  }

  private async write(target: Target, writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return;
    for (const error of (await target.write(writes)).values()) this.losses.add(`the target answered "${error.message}"`);
    if (this.losses.forbid) throw new CannotGo("the target does not take all (--skip leaves out what it does not)");
  }

  private async copyLibraries(target: Target): Promise<void> {
    const [list] = await this.asker.ask([["FUNCTION", "LIST", "WITHCODE"]]);
    const text = JSON.stringify(list);
    if (!Array.isArray(list) || text === this.libraries) return;
    if (this.libraries !== "") await target.ask("FUNCTION", "FLUSH");
    this.libraries = text;
    const codes = list.flatMap((library): string[] => {
      const at = Array.isArray(library) ? library.indexOf("library_code") : -1;
      return Array.isArray(library) && at >= 0 ? [String(library[at + 1])] : [];
    });
    await this.write(
      target,
      codes.map((code) => ({ db: 0, bytes: requestOf("FUNCTION", "LOAD", "REPLACE", code) })),
    );
  }
}
