/** Applies the stream of the source to the target, transaction by transaction. */

import type { StreamPoint } from "../../changes/position.ts";
import { ErrorReply, ValueDecoder } from "../../compare/reply-decoder.ts";
import type { Note } from "../../follow/inbox.ts";
import { ProtocolError } from "../../protocol/protocol-error.ts";
import { ToolError } from "../error.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Repairs } from "./repairs.ts";
import type { Reporter } from "./reporter.ts";
import type { SourceAsker } from "./source-asker.ts";
import type { SourceFeed } from "./source-feed.ts";
import { type Piece, StreamUnits, type Unit } from "./stream-units.ts";
import { POSITION_KEY, requestOf, type Target, type Write } from "./target.ts";

/** A transaction ends before these are exceeded, if it can. */
const MOST_WRITES = 2000;
const MOST_BYTES = 1024 * 1024;
/** Bytes of the stream that are taken apart ahead. */
const AHEAD_BYTES = 2 * MOST_BYTES;
const WAIT_MS = 50;
/** How exact clocks are taken to be, in ms. */
const CLOCK_MS = 50;

export interface PumpOptions {
  readonly point: StreamPoint;
  readonly target: Target;
  readonly deadlines: Deadlines;
  readonly repairs: Repairs;
  readonly asker: SourceAsker;
  readonly report: Reporter;
  /** Those that the target knows; null: that is not known. */
  readonly commands: ReadonlySet<string> | null;
  readonly clockAhead: number;
  /**
   * Up to this byte of the history all keys that are written count as not known: the target may have lost some, which expired while the stream
   * rested.
   */
  readonly suspectUntil: number;
  readonly positionText: (point: StreamPoint) => string;
  readonly applied: (point: StreamPoint) => void;
  readonly acknowledge: () => void;
}

/** What becomes of a piece: where in the transaction it is; -1 where it is not. */
interface Sent {
  readonly piece: Piece;
  readonly index: number;
}

export class StreamPump {
  private readonly options: PumpOptions;
  private readonly units: StreamUnits;
  /** Units that have come and were not taken. */
  private readonly ready: Unit[] = [];
  private point: StreamPoint;
  private readonly told = new Set<string>();

  constructor(options: PumpOptions) {
    this.options = options;
    this.units = new StreamUnits(options.point, options.deadlines, options.acknowledge);
    this.point = options.point;
  }

  /** Goes on until it is stopped (null), or the source begins another image. Errors: CompareError, ToolError, FollowError. */
  async run(feed: SourceFeed, stopped: () => boolean): Promise<Note | null> {
    const { repairs } = this.options;
    while (!stopped()) {
      const note = await this.takeIn(feed);
      if (note !== null) return note;
      if (repairs.ready === null && repairs.size > 0 && this.point.offset >= this.options.suspectUntil) await repairs.fetch(this.units.id);
      const units = this.nextUnits();
      const repairDue = this.repairIsDue(units.length);
      if (units.length > 0 || repairDue) await this.apply(units, repairDue);
      else {
        this.move(this.units.end, this.units.db);
        await feed.wait(WAIT_MS);
      }
    }
    return null;
  }

  /** Takes apart what has come. */
  private async takeIn(feed: SourceFeed): Promise<Note | null> {
    const { units, ready } = this;
    for (let bytes = 0; bytes < AHEAD_BYTES && ready.length < MOST_WRITES; ) {
      const item = await feed.next();
      if (item === null) return null;
      if ("kind" in item) {
        if (item.kind === "image") return item;
        if (item.kind === "continued" && item.id !== null) units.id = item.id;
        continue;
      }
      bytes += item.length;
      try {
        units.take(item, 0, item.length, ready);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        throw new ToolError(`what the source sends is no stream of commands: ${error.message}`);
      }
    }
    return null;
  }

  private nextUnits(): Unit[] {
    const { ready } = this;
    const limit = this.options.repairs.ready?.offset ?? Number.POSITIVE_INFINITY;
    let count = 0;
    let writes = 0;
    let bytes = 0;
    while (count < ready.length && ready[count].end <= limit) {
      const { pieces } = ready[count];
      const more = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
      if (count > 0 && (writes + pieces.length > MOST_WRITES || bytes + more > MOST_BYTES)) break;
      writes += pieces.length;
      bytes += more;
      count++;
    }
    return ready.splice(0, count);
  }

  /** Whether the stream, once the units are applied that were taken, is at the place of the repair. */
  private repairIsDue(taken: number): boolean {
    const { ready } = this.options.repairs;
    if (ready === null) return false;
    const [next] = this.ready;
    return next !== undefined ? next.end > ready.offset : this.units.end >= ready.offset && taken < MOST_WRITES;
  }

  private async apply(units: readonly Unit[], repairDue: boolean): Promise<void> {
    const { target, repairs, positionText } = this.options;
    const writes: Write[] = [];
    const sent: Sent[] = [];
    for (const { pieces } of units) for (const piece of pieces) await this.add(piece, writes, sent);
    if (repairDue) writes.push(...(repairs.ready?.writes ?? []));
    const last = units.at(-1);
    const [next] = this.ready;
    const end = next === undefined ? this.units.end : (last?.end ?? this.point.offset);
    const db = next === undefined ? this.units.db : (last?.db ?? this.point.db);
    const at: StreamPoint = { id: this.units.id, offset: end, db, skip: 0 };
    const refused = new Map<number, ErrorReply>();
    const errors = await target.transact(writes, positionText(at), (index, error) => refused.set(index, error));
    this.judge(sent, new Map([...refused, ...errors]), at.offset);
    if (repairDue) repairs.done();
    const fromRepairs = [...refused.keys(), ...errors.keys()].filter((index) => !sent.some((one) => one.index === index));
    for (const index of fromRepairs) this.tell("repair", errors.get(index) ?? refused.get(index) ?? null);
    this.point = at;
    this.options.applied(at);
  }

  private move(end: number, db: number): void {
    if (end === this.point.offset) return;
    this.point = { id: this.units.id, offset: end, db, skip: 0 };
    this.options.applied(this.point);
  }

  /** Puts a piece into the transaction, where the target knows what it is. */
  private async add(piece: Piece, writes: Write[], sent: Sent[]): Promise<void> {
    const { commands, repairs } = this.options;
    const { keys, name, db, bytes, swaps } = piece;
    if (keys === null || (commands !== null && !commands.has(name))) {
      this.tell(name, null);
      const names = keys ?? (await this.keysOfUnknown(piece));
      return repairs.add(names);
    }
    if (keys.length === 1 && keys[0].key === POSITION_KEY) return;
    if (swaps !== null) {
      await this.checkDatabase(Math.max(...swaps));
      writes.push({ db: 0, bytes: requestOf("DEL", POSITION_KEY) });
      repairs.swap(...swaps);
    }
    sent.push({ piece, index: writes.length });
    writes.push({ db, bytes });
  }

  /** Nothing is there to copy again where databases cannot be exchanged. Errors: ToolError. */
  private async checkDatabase(db: number): Promise<void> {
    const reply = await this.options.target.ask("SELECT", db);
    if (reply instanceof ErrorReply)
      throw new ToolError(`the source has exchanged database ${db} with another, which the target does not have (${reply.message})`);
  }

  /** The keys of a command that is not known here, as the source tells them. */
  private async keysOfUnknown({ db, bytes, name }: Piece): Promise<{ db: number; key: string }[]> {
    const words: string[] = [];
    new ValueDecoder().take(bytes, (value) => {
      if (Array.isArray(value)) words.push(...value.map(String));
    });
    const [keys] = await this.options.asker.ask([["COMMAND", "GETKEYS", ...words]]);
    if (Array.isArray(keys)) return keys.map((key) => ({ db, key: String(key) }));
    throw new ToolError(`the source has executed '${name}', of which it is not known here what it changes`);
  }

  /** Finds the keys that may have become something else than at the source. */
  private judge(sent: readonly Sent[], errors: ReadonlyMap<number, ErrorReply>, end: number): void {
    const { repairs, clockAhead, suspectUntil } = this.options;
    const now = Date.now() + clockAhead + CLOCK_MS;
    for (const { piece, index } of sent) {
      const error = errors.get(index);
      const { keys, until, relative, name } = piece;
      if (error !== undefined && keys?.length === 0) this.complain(name, error);
      else if (error !== undefined) this.tell(name, error);
      if (error !== undefined || relative || until <= now || end <= suspectUntil) repairs.add(keys ?? []);
    }
  }

  /** Says that something which is about no key, a function library for one, is not there as it is at the source. */
  private complain(name: string, error: ErrorReply): void {
    this.options.report.complain(`'${name}' had the answer "${error.message}" there, and was left out\n`);
  }

  /** Says once of each command that it is not executed as it is. */
  private tell(name: string, error: ErrorReply | null): void {
    if (this.told.has(name)) return;
    this.told.add(name);
    const reason = error === null ? "is not known there" : `had the answer "${error.message}" there`;
    this.options.report.detail(`'${name}' ${reason}: its keys are copied`);
  }
}
