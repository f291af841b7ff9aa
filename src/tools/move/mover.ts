/**
 * A move under way: an image of the source, then its stream, written to the target as a client writes. What breaks is made again: either
 * connection, either server. Where the target stands is what its own key says, so that nothing is done twice or left out.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { pointOf, type StreamPoint, textOfPoint } from "../../changes/position.ts";
import { COMMANDS } from "../../commands/command-list.ts";
import { CompareError } from "../../compare/endpoint.ts";
import type { RemoteEndpoint } from "../../compare/remote.ts";
import { ErrorReply } from "../../compare/reply-decoder.ts";
import type { SourceAddress } from "../../follow/address.ts";
import type { Note } from "../../follow/inbox.ts";
import { PositionFile } from "../../follow/position-file.ts";
import { BackOff } from "../../replication/replica/back-off.ts";
import type { Losses } from "../convert/losses.ts";
import { endpointOf } from "../ends.ts";
import { ToolError } from "../error.ts";
import { Deadlines } from "./deadlines.ts";
import { factsOf, type ServerFacts } from "./facts.ts";
import { ImageWriter } from "./image-writer.ts";
import { loadDeadlines } from "./known-deadlines.ts";
import { Repairs } from "./repairs.ts";
import type { Reporter } from "./reporter.ts";
import { SourceAsker } from "./source-asker.ts";
import { SourceFeed } from "./source-feed.ts";
import { StreamPump } from "./stream-pump.ts";
import { POSITION_KEY, requestOf, Target } from "./target.ts";

const RETRY = { shortestMs: 50, longestMs: 2000 };
const IMAGE = "image";

export interface MoveOptions {
  readonly from: SourceAddress;
  readonly to: SourceAddress;
  /** What becomes of what the target has: it is removed, it stays but for what is in the way; null: there must be nothing. */
  readonly present: "flush" | "replace" | null;
  readonly skip: boolean;
  readonly memoryLimit: number;
  readonly spillDirectory: string | null;
  readonly patienceMs: number;
  /** A file that has how far it is, for a target that lets no one keep it there; or null. */
  readonly positionFile: string | null;
}

/** What copies, whichever way. */
export interface Copier {
  /** Whether all has been copied once, and changes follow. */
  readonly streams: boolean;
  /** How far the target is. */
  readonly applied: number;
  /** Keys that must be copied again. */
  readonly pending: number;
  /** What is kept of how far it is, "" for nothing. */
  readonly place: string;
  readonly asker: SourceAsker;
  /** How far the source is. Errors: CompareError. */
  offset(): Promise<number>;
  /** Once `applied` is this, the target has all that the source has now. Errors: CompareError. */
  goal(): Promise<number>;
  /** Goes on until it is stopped. Errors: ToolError, FollowError, CompareError. */
  run(): Promise<void>;
  stop(): void;
  /** The move is over: takes away what was kept for going on with it. Errors: CompareError. */
  finish(): Promise<void>;
}

/** Where the target stands. */
interface Standing {
  /** Whether all that is there is ours: it may be removed to begin again. */
  readonly owned: boolean;
  /** Null: in an image. */
  readonly point: StreamPoint | null;
  /** Whether a move to it has begun already. */
  readonly known: boolean;
}

/** Between attempts, and while nothing is to be done, in ms. */
const WAIT_MS = 50;

export class Mover implements Copier {
  readonly asker: SourceAsker;
  /** Bytes of the source's history that the target has. */
  applied = 0;
  /** Whether the image is over. */
  streams = false;
  private readonly options: MoveOptions;
  private readonly report: Reporter;
  private readonly losses: Losses;
  private readonly retry = new BackOff(Math.random, RETRY);
  private deadlines = new Deadlines();
  private repairs: Repairs | null = null;
  private feed: SourceFeed | null = null;
  private target: RemoteEndpoint | null = null;
  private began = false;
  private flushes: boolean;
  private standing: Standing | null = null;
  private stopped = false;
  private goodAt = Date.now();
  private position = "";

  constructor(options: MoveOptions, losses: Losses, report: Reporter) {
    this.options = options;
    this.losses = losses;
    this.report = report;
    this.asker = new SourceAsker(options.from);
    this.flushes = options.present === "flush";
  }

  /** Keys that must be copied again before all is the same. */
  get pending(): number {
    return this.repairs?.size ?? 0;
  }

  /** Keys that were copied again. */
  get copiedAgain(): number {
    return this.repairs?.copied ?? 0;
  }

  /** How many bytes the source's history has. Errors: CompareError. */
  offset(): Promise<number> {
    return this.asker.offset();
  }

  /** Once `applied` is this, the target has all that the source has now. Errors: CompareError. */
  goal(): Promise<number> {
    return this.asker.offset();
  }

  /** Goes on until it is stopped. Errors: ToolError, FollowError, CompareError. */
  async run(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.session();
      } catch (error) {
        if (this.stopped) return;
        if (!(error instanceof CompareError) || !this.began || Date.now() - this.goodAt > this.options.patienceMs) throw error;
        this.report.say("lost", { reason: error.message }, `connection lost: ${error.message}`);
        await sleep(this.retry.failed());
      } finally {
        this.feed?.stop();
        this.feed = null;
        this.target?.close();
        this.target = null;
      }
    }
  }

  stop(): void {
    this.stopped = true;
    this.feed?.stop();
  }

  /** One pair of connections, as long as they hold. */
  private async session(): Promise<void> {
    const endpoint = endpointOf(this.options.to);
    this.target = endpoint;
    await endpoint.open();
    const source = await this.asker.connected();
    const [from, to] = [await factsOf(source), await factsOf(endpoint)];
    this.asker.tellsTimes = from.commands === null || from.commands.has("pexpiretime");
    const target = new Target(endpoint);
    if (!this.began) {
      checkEnds(from, to, this.report);
      await this.checkDatabases(from, target);
    }
    const standing = await this.standingOf(target, to);
    this.standing = standing;
    if (!this.began) this.report.say("begins", { from: from.name, to: to.name }, `moves ${from.name} to ${to.name}`);
    this.began = true;
    this.deadlines = new Deadlines();
    const { version, losses } = { version: to.rdbVersion, losses: this.losses };
    this.repairs = new Repairs({ asker: this.asker, deadlines: this.deadlines, losses, version });
    const { memoryLimit, spillDirectory, patienceMs } = this.options;
    const log = (line: string): void => this.report.detail(line);
    this.feed = new SourceFeed(this.options.from, standing.point, {
      memoryLimit,
      spillDirectory,
      patienceMs,
      log,
      applied: () => this.applied,
    });
    let pump: StreamPump | null = null;
    if (standing.point !== null) {
      const { from: known, until } = { from: standing.point, until: await this.asker.offset() };
      await loadDeadlines(endpoint, this.deadlines);
      target.forgetDatabase();
      this.report.say("goes-on", { position: textOfPoint(known) }, `goes on behind ${textOfPoint(known)}`);
      pump = this.pumpFrom(known, target, to, until);
    }
    for (let note = await this.firstNote(this.feed); ; ) {
      if (note.kind === "image") pump = await this.image(note, target, from, to);
      if (this.stopped || pump === null) return;
      this.streams = true;
      this.retry.reset();
      const ended = await pump.run(this.feed, () => this.stopped);
      this.streams = false;
      if (ended === null) return;
      note = ended;
    }
  }

  private pumpFrom(point: StreamPoint, target: Target, to: ServerFacts, suspectUntil: number): StreamPump {
    const { deadlines, repairs, asker, report } = this;
    if (repairs === null) throw new ToolError("there is nothing to go on with");
    this.applied = point.offset;
    return new StreamPump({
      point,
      target,
      deadlines,
      repairs,
      asker,
      report,
      commands: to.commands,
      clockAhead: to.clockAhead,
      suspectUntil,
      positionText: (at) => this.textOf(at),
      applied: (at) => {
        this.applied = at.offset;
        this.position = this.textOf(at);
        this.goodAt = Date.now();
      },
      acknowledge: () => this.feed?.acknowledge(),
    });
  }

  /** Where all is that has been applied. */
  get place(): string {
    return this.position;
  }

  private async firstNote(feed: SourceFeed): Promise<Note> {
    while (!this.stopped) {
      const item = await feed.next();
      if (item !== null && "kind" in item) return item;
      if (item === null) await feed.wait(WAIT_MS);
    }
    return { kind: "image-cut" };
  }

  // ---- the image

  private async image(first: Note & { kind: "image" }, target: Target, from: ServerFacts, to: ServerFacts): Promise<StreamPump | null> {
    const feed = this.feed;
    let note: Note = first;
    while (feed !== null && !this.stopped && note.kind === "image") {
      const { id, offset, gap } = note;
      if (gap !== null) this.report.say("gap", { reason: gap }, "the source cannot go on where the target stands: all is copied again");
      this.deadlines.clear();
      const { losses, deadlines, report, options } = this;
      const begin = (): Promise<void> => this.clear(target, gap !== null);
      const writer = new ImageWriter({ ...options, target, losses, deadlines, report, from, to, begin });
      const outcome = await writer.run(feed, () => this.stopped);
      if (outcome.kind === "whole") {
        const point = { id, offset, db: outcome.streamDb, skip: 0 };
        const errors = await target.transact([], this.textOf(point), () => {});
        if (errors.size > 0) throw new CompareError("the position was not kept");
        this.position = this.textOf(point);
        this.report.say("image", { keys: writer.keys, bytes: writer.bytes }, `the image is there: ${writer.keys} keys`);
        return this.pumpFrom(point, target, to, 0);
      }
      if (outcome.kind === "stopped") return null;
      note = await this.firstNote(feed);
      while (note.kind !== "image" && !this.stopped) note = await this.firstNote(feed);
    }
    return null;
  }

  /** Removes what former images left, and notes that one is under way. */
  private async clear(target: Target, again: boolean): Promise<void> {
    const { standing } = this;
    if (standing === null) return;
    const begun = again || this.flushes || standing.known;
    if (begun && !standing.owned && !this.flushes) {
      throw new ToolError(
        "all must be copied again, and the target has other keys beside those of the former copy, which cannot be told apart: --flush removes all",
      );
    }
    if (begun) {
      await empty(target);
      this.flushes = false;
      this.standing = { ...standing, owned: true };
    }
    this.standing = { ...(this.standing ?? standing), known: true };
    if (!target.keepsPosition) return;
    const marked = await target.write([{ db: 0, bytes: requestOf("SET", POSITION_KEY, this.textOf(null)) }]);
    for (const error of marked.values()) throw new ToolError(`the target does not take what is written: ${error.message}`);
  }

  // ---- where the target stands

  private textOf(point: StreamPoint | null): string {
    return `${this.standing?.owned === true ? "owned" : "shared"} ${point === null ? IMAGE : textOfPoint(point)}`;
  }

  /** Errors: ToolError where it has what it may not have. */
  private async standingOf(target: Target, to: ServerFacts): Promise<Standing> {
    const kept = await this.keptPosition(target, to);
    const [, owner, text = ""] = /^(owned|shared) (\S+)$/.exec(String(kept ?? "")) ?? [];
    if (owner !== undefined && !this.flushes)
      return { owned: owner === "owned", point: text === IMAGE ? null : pointOf(text), known: true };
    const isEmpty = await checkPresent(target, to, this.options.present);
    return { owned: isEmpty || this.options.present !== "replace", point: null, known: false };
  }

  /** What is kept at the target, or where it lets no one do that in the file. Errors: ToolError, FollowError. */
  private async keptPosition(target: Target, to: ServerFacts): Promise<string | null> {
    const kept = await target.ask("GET", POSITION_KEY);
    if (!(kept instanceof ErrorReply)) return kept === null ? null : String(kept);
    const { positionFile } = this.options;
    if (positionFile === null || kept.code !== "NOPERM")
      throw new ToolError(`${to.name} keeps no position (${POSITION_KEY}): ${kept.message}`);
    target.keepsPosition = false;
    if (!this.began) this.report.complain(`${to.name} keeps no position: what is written while a connection breaks may be written twice\n`);
    return PositionFile.read(positionFile);
  }

  private async checkDatabases(from: ServerFacts, target: Target): Promise<void> {
    const last = Math.max(0, ...from.keys.keys());
    const reply = await target.ask("SELECT", last);
    if (reply instanceof ErrorReply)
      throw new ToolError(`the source has keys in database ${last}, which the target does not have (${reply.message})`);
  }

  /** The move is over: takes away what was kept for going on with it. Errors: CompareError. */
  async finish(): Promise<void> {
    const endpoint = endpointOf(this.options.to);
    await endpoint.open();
    await endpoint.ask([
      ["SELECT", 0],
      ["DEL", POSITION_KEY],
    ]);
    endpoint.close();
  }
}

/** Returns whether the target has nothing. Errors: ToolError where it has what it may not have. */
export async function checkPresent(target: Target, to: ServerFacts, present: MoveOptions["present"]): Promise<boolean> {
  const keys = [...to.keys.values()].reduce((sum, count) => sum + count, 0);
  const libraries = await target.ask("FUNCTION", "LIST");
  const functions = Array.isArray(libraries) ? libraries.length : 0;
  const isEmpty = keys === 0 && functions === 0;
  if (!isEmpty && present === null) {
    const what = keys > 0 ? `${keys} keys` : `${functions} function libraries`;
    throw new ToolError(`${to.name} has ${what}: --flush removes all that is there, --replace leaves what is not in the way`);
  }
  return isEmpty;
}

/** Removes all that the target has. Errors: ToolError. */
export async function empty(target: Target): Promise<void> {
  const [flushed] = [await target.ask("FLUSHALL"), await target.ask("FUNCTION", "FLUSH")];
  if (flushed instanceof ErrorReply) throw new ToolError(`the target cannot be emptied: ${flushed.message}`);
}

/** Errors: ToolError where there can be no move. */
export function checkEnds(from: ServerFacts, to: ServerFacts, report: Reporter): void {
  if (from.runId !== "" && from.runId === to.runId) throw new ToolError("both are the same server");
  if (to.isReplica) throw new ToolError(`${to.name} is a replica: what is written there would be lost`);
  if (to.isCluster) throw new ToolError(`${to.name} is a node of a cluster: a move writes all keys to one server`);
  if (to.evicts) report.complain(`${to.name} has a maxmemory-policy that evicts keys: what is evicted there is missing\n`);
  if (from.commands === null || to.commands === null) return;
  const { commands } = to;
  const lacking = [...from.commands].filter((name) => !commands.has(name) && writesKeys(name));
  if (lacking.length > 0)
    report.complain(`${to.name} does not know ${lacking.join(", ")}: where these write keys, the keys are copied instead\n`);
}

const SPECS = new Map(COMMANDS.map(({ spec }) => [spec.name, spec]));

/** Whether a command may stand in a stream. */
function writesKeys(name: string): boolean {
  const flags = SPECS.get(name)?.flags;
  return flags === undefined ? !name.includes("|") : flags.includes("write");
}
