/**
 * The one log of writes: a run of bytes in the protocol's array form, addressed by replication offset, to which bytes are only ever
 * appended. Those who pass writes on (a replica, the append-only file) are cursors into it; bytes are kept once, however many read, and as
 * long as the slowest reader or the backlog needs them.
 *
 * What replicas and the file get differs in little, and that little is kept beside the run (`FileReader`): the file skips what is said to
 * replicas only, and takes what a writable replica writes by itself, which stands in no history.
 *
 * What several commands do at one go (EXEC, an expired key deleted by the command that met it) is one unit. Its effects are collected and
 * written when it ends, between MULTI and EXEC where there are several, so that no reader shows half of it.
 */

import { assert } from "../assert.ts";
import type { Block } from "../blocks/block.ts";
import type { Config } from "../config/config.ts";
import { type EncodedRequest, Frame, type Inset } from "../protocol/frame.ts";
import { FileReader } from "./file-reader.ts";

/** Runs have a quarter of the backlog's size, within these bounds: memory is given back by whole runs. */
const LEAST_BLOCK_BYTES = 16 * 1024;
const MOST_BLOCK_BYTES = 512 * 1024;

interface Run {
  /** Those of a run of the journal's own have room behind `length`. */
  readonly buffer: Buffer;
  /** Offset of the first byte. */
  start: number;
  /** Bytes written. */
  length: number;
  /** What the buffer belongs to, if it is not the journal's own: a part of a long value. */
  readonly block: Block | null;
}

/** Who gets to see a command: bits. */
export const Audience = { NONE: 0, FILE: 1, REPLICAS: 2, ALL: 3 } as const;

/** A command of the unit under way. The objects are used again. */
interface Effect extends EncodedRequest {
  /** The database it was run on. */
  database: number;
  buffer: Buffer;
  start: number;
  end: number;
  insets: readonly Inset[] | null;
  audience: number;
}

/** A reader's place: the offset of the next byte that it will take. */
export interface Cursor {
  offset: number;
}

const MULTI = Buffer.from("*1\r\n$5\r\nMULTI\r\n");
const EXEC = Buffer.from("*1\r\n$4\r\nEXEC\r\n");
const NO_BYTES = Buffer.alloc(0);
/** Effects kept for the units to come. */
const KEPT_EFFECTS = 64;

export class Journal {
  /** Bytes ever appended: the replication offset. */
  offset = 0;
  /** Bytes kept for readers that come back: repl-backlog-size. */
  retain = 1024 * 1024;
  /** A replica's journal takes its master's stream and nothing of its own. */
  following = false;

  /** Each begins where the one before ends; only to the last, if it is the journal's own, is anything added. */
  private runs: Run[] = [];
  /** What they take together. */
  private runBytes = 0;
  private nextRunBytes = MOST_BLOCK_BYTES;
  private readonly cursors = new Set<Cursor>();
  private backlog = false;
  private file: FileReader | null = null;
  private readonly listeners: (() => void)[] = [];
  private announced = false;
  /** How often what was kept has been dropped: a reader of before has nothing to read any more. */
  era = 0;
  /** The database that the stream has selected; -1 when the next command must say. */
  selectedDatabase = -1;
  /** How many units are under way, one inside the other. */
  private depth = 0;
  /** What the outermost has done: the first `effectCount` of `effects`. */
  private readonly effects: Effect[] = [];
  private effectCount = 0;
  private scattered = false;
  /** What the unit under way wrote to the file alone, each command behind its SELECT. */
  private local: Buffer[] = [];

  /** Whether writes are kept at all: for replicas, for the file, or for both. */
  get active(): boolean {
    return this.backlog || this.file !== null;
  }

  /** Whether writes are kept for replicas: from `start` on until `stop`. */
  get hasBacklog(): boolean {
    return this.backlog;
  }

  /** Starts a backlog at the current offset. */
  start(): void {
    if (this.backlog) return;
    if (this.active) this.forgetSelected();
    else this.forget();
    this.backlog = true;
  }

  /** Ends the backlog: no replica is left. What the file has not taken yet is kept for it. */
  stop(): void {
    this.backlog = false;
    this.release();
  }

  /** Goes on at another history's offset (a replica takes its master's); what was kept belongs to the old one. There must be no file. */
  rebase(offset: number): void {
    assert(this.file === null, "a file cannot follow from one history into another");
    assert(Number.isSafeInteger(offset) && offset >= 0, "an offset counts bytes");
    this.offset = offset;
    this.forget();
  }

  /** What was kept so far turns out to follow on `offset` bytes of another history: the file of a master names it. There are no readers. */
  advance(offset: number): void {
    assert(this.file === null && this.cursors.size === 0, "readers would be at other bytes than before");
    assert(Number.isSafeInteger(offset) && offset >= 0, "an offset counts bytes");
    this.offset += offset;
    for (const run of this.runs) run.start += offset;
  }

  /** The append-only file becomes a reader, from here on. */
  openFile(): FileReader {
    assert(this.file === null, "there is one append-only file");
    if (!this.active) this.forget();
    this.file = new FileReader(this.offset);
    this.cursors.add(this.file);
    return this.file;
  }

  closeFile(): void {
    if (this.file === null) return;
    this.cursors.delete(this.file);
    this.file = null;
    this.release();
  }

  /** A reader less: what is kept for no one goes. */
  private release(): void {
    if (this.active) this.trim();
    else this.forget();
  }

  /**
   * Has `listener` called once whenever bytes were appended after a `flushed()`; `first`: before those there are. Returns a function that
   * ends this.
   */
  onAppend(listener: () => void, { first = false } = {}): () => void {
    const { listeners } = this;
    if (first) listeners.unshift(listener);
    else listeners.push(listener);
    return () => {
      const at = listeners.indexOf(listener);
      if (at >= 0) listeners.splice(at, 1);
    };
  }

  /** Whether there are readers beside the append-only file. */
  get hasReaders(): boolean {
    return this.cursors.size > (this.file === null ? 0 : 1);
  }

  /** Drops what was kept, and what a unit under way has done so far: that belongs to what is forgotten. */
  private forget(): void {
    this.era++;
    this.drop(this.runs.length);
    this.selectedDatabase = -1;
    for (let index = 0; index < this.effectCount; index++) this.forgetEffect(this.effects[index]);
    this.effectCount = 0;
  }

  /** The next command starts with SELECT: a reader that just joined does not know the database. */
  forgetSelected(): void {
    this.selectedDatabase = -1;
  }

  /** Keeps as much as repl-backlog-size says, from now on. */
  followDirective(config: Config): void {
    const take = (): undefined => {
      this.retain = config.values["repl-backlog-size"];
      this.nextRunBytes = Math.min(MOST_BLOCK_BYTES, Math.max(LEAST_BLOCK_BYTES, Math.ceil(this.retain / 4)));
    };
    take();
    config.onChange("repl-backlog-size", take);
  }

  // ---- readers

  /** A reader that starts at `offset`, which must be kept still. */
  open(offset: number): Cursor {
    assert(offset >= this.firstOffset && offset <= this.offset, "a reader starts at bytes that are kept");
    const cursor = { offset };
    this.cursors.add(cursor);
    return cursor;
  }

  close(cursor: Cursor): void {
    this.cursors.delete(cursor);
    this.trim();
  }

  /** The oldest offset that can still be read. */
  get firstOffset(): number {
    return this.runs.length === 0 ? this.offset : this.runs[0].start;
  }

  /** Bytes kept. */
  get size(): number {
    return this.offset - this.firstOffset;
  }

  /** Where the backlog starts: it has what repl-backlog-size says, and what is kept for a reader that lags further behind. */
  get backlogStart(): number {
    return Math.max(this.firstOffset, this.needed);
  }

  private get needed(): number {
    let needed = this.offset - (this.backlog ? this.retain : 0);
    for (const cursor of this.cursors) needed = Math.min(needed, cursor.offset);
    return needed;
  }

  /** Bytes that runs take, for `used_memory`. */
  get heldBytes(): number {
    return this.runBytes;
  }

  /** The index of the run with the byte at `offset`, which is kept. */
  private runOf(offset: number): number {
    const { runs } = this;
    let low = 0;
    for (let high = runs.length; high - low > 1; ) {
      const middle = (low + high) >>> 1;
      if (runs[middle].start <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  /**
   * Hands `take` the bytes from the cursor on, run by run, until it takes less than it is given or all are taken. It says how many it took;
   * the cursor moves by that.
   */
  read(cursor: Cursor, take: (bytes: Buffer, from: number, to: number) => number): void {
    const { runs } = this;
    assert(cursor.offset >= this.firstOffset && cursor.offset <= this.offset, "what a reader has not taken is kept for it");
    for (let index = this.runOf(cursor.offset); index < runs.length; index++) {
      const run = runs[index];
      const from = cursor.offset - run.start;
      if (from === run.length) break;
      const taken = take(run.buffer, from, run.length);
      assert(taken >= 0 && taken <= run.length - from, "a reader takes no more than it is given");
      cursor.offset += taken;
      if (taken < run.length - from) break;
    }
    this.trim();
  }

  /** Collects views of all that the file lacks, good until the next append. Returns how many bytes that is; `collected` says that they were taken. */
  collect(views: Buffer[]): number {
    return this.file?.collect(this.offset, views, (from, to) => this.collectRun(from, to, views)) ?? 0;
  }

  /** The file has taken everything that `collect` last showed. */
  collected(): void {
    this.file?.consumed();
    this.trim();
  }

  private collectRun(from: number, to: number, views: Buffer[]): void {
    for (let index = this.runOf(from); from < to; index++) {
      const run = this.runs[index];
      assert(run !== undefined && from >= run.start, "what the file lacks is kept for it");
      const end = Math.min(to, run.start + run.length);
      views.push(run.buffer.subarray(from - run.start, end - run.start));
      from = end;
    }
  }

  /** Readers have been served: the next append is announced again. */
  flushed(): void {
    this.announced = false;
  }

  private trim(): void {
    const { runs, needed } = this;
    let passed = 0;
    while (passed < runs.length - 1 && runs[passed].start + runs[passed].length <= needed) passed++;
    if (passed > 0) this.drop(passed);
  }

  /** Lets go of the first `count` runs. */
  private drop(count: number): void {
    for (const { buffer, block } of this.runs.splice(0, count)) {
      this.runBytes -= buffer.length;
      block?.release();
    }
  }

  // ---- writers

  /** Everything appended until the matching `endUnit` belongs together. Units nest. */
  beginUnit(): void {
    if (this.depth++ === 0) this.scattered = false;
  }

  /**
   * What the unit under way appends stays single commands: what a walk over all keys deletes because it has expired does not belong
   * together. Inside a larger unit, EXEC's, it does.
   */
  scatterUnit(): void {
    if (this.depth > 1) return;
    assert(this.effectCount === 0, "a unit is scattered before it has done anything");
    this.scattered = true;
  }

  endUnit(): void {
    assert(this.depth > 0, "a unit that ends has begun");
    if (--this.depth > 0) return;
    if (this.local.length > 0) this.endLocalUnit();
    if (this.effectCount > 0) this.writeUnit();
  }

  private writeUnit(): void {
    const { effects, effectCount } = this;
    assert(this.active, "effects are collected only where they are kept");
    this.effectCount = 0;
    if (effectCount > 1) this.putAll(MULTI);
    for (let index = 0; index < effectCount; index++) {
      const effect = effects[index];
      this.write(effect.database, effect, effect.audience);
      this.forgetEffect(effect);
    }
    if (effectCount > 1) this.putAll(EXEC);
    if (effects.length > KEPT_EFFECTS) effects.length = KEPT_EFFECTS;
  }

  private forgetEffect(effect: Effect): void {
    for (const { value } of effect.insets ?? []) value.free();
    effect.insets = null;
    effect.buffer = NO_BYTES;
  }

  /** Whether a unit larger than one command is under way: EXEC's. */
  get inTransaction(): boolean {
    return this.depth > 1;
  }

  /**
   * Appends a request that was run on `database`, when the unit under way ends: its bytes must stay as they are until then (not so its insets), and
   * are copied only once, into the log.
   */
  append(database: number, request: EncodedRequest, audience: number = Audience.ALL): void {
    if (!this.active) return;
    if (this.following) return this.appendLocal(database, request, audience);
    if (this.depth === 0 || this.scattered) return this.write(database, request, audience);
    const { buffer, start, end } = request;
    const insets = request.insets == null ? null : keptInsets(request.insets);
    const effect = this.effects[this.effectCount];
    if (effect === undefined) {
      this.effects.push({ database, buffer, start, end, insets, audience });
    } else {
      effect.database = database;
      effect.buffer = buffer;
      effect.start = start;
      effect.end = end;
      effect.insets = insets;
      effect.audience = audience;
    }
    this.effectCount++;
  }

  private write(database: number, request: EncodedRequest, audience: number): void {
    assert(request.end > request.start, "what is written has bytes");
    if (audience === Audience.FILE) return this.writeForFile(database, request);
    if (database !== this.selectedDatabase) {
      this.selectedDatabase = database;
      this.putAll(selecting(database));
    }
    const { start, end, insets } = request;
    if (audience === Audience.REPLICAS) this.file?.skip(this.offset, end - start + insetBytes(insets));
    this.putRequest(request);
  }

  private putRequest({ buffer, start, end, insets }: EncodedRequest): void {
    if (insets == null) return this.put(buffer, start, end);
    let from = start;
    for (const { at, value } of insets) {
      this.put(buffer, from, at);
      value.each(0, value.length, (bytes, first, last, block) => this.putBlock(bytes.subarray(first, last), block));
      from = at;
    }
    this.put(buffer, from, end);
  }

  /** Appends bytes where they are. */
  private putBlock(buffer: Buffer, block: Block): void {
    this.runs.push({ buffer, start: this.offset, length: buffer.length, block: block.share() });
    this.runBytes += buffer.length;
    this.offset += buffer.length;
    this.trim();
    this.announce();
  }

  /** The stream does not see it, so that it must not change which database that has selected. */
  private writeForFile(database: number, request: EncodedRequest): void {
    if (this.file === null) return;
    const selected = Math.max(0, this.selectedDatabase);
    this.appendForFile(Buffer.concat([selecting(database), joined(request), selecting(selected)]));
  }

  /** What a writable replica writes by itself is in no history: the file alone takes it. */
  private appendLocal(database: number, request: EncodedRequest, audience: number): void {
    assert(this.following, "only a replica has writes of its own");
    if (this.file === null || audience === Audience.REPLICAS) return;
    this.local.push(selecting(database), joined(request));
    if (this.depth === 0) this.endLocalUnit();
  }

  private endLocalUnit(): void {
    const { local } = this;
    this.local = [];
    const whole = local.length > 2 ? [MULTI, ...local, EXEC] : local;
    this.appendForFile(Buffer.concat([...whole, selecting(Math.max(0, this.selectedDatabase))]));
  }

  /** The file takes `bytes` here; replicas do not see them. */
  appendForFile(bytes: Buffer): void {
    if (this.file === null) return;
    this.file.insert(this.offset, bytes);
    this.announce();
  }

  /** A master's stream that is passed on begins, or goes on, with database `index` selected: no byte of it need say so. */
  follow(index: number): void {
    assert(index >= 0, "a stream has a database selected");
    if (index !== Math.max(0, this.selectedDatabase)) this.appendForFile(selecting(index));
    this.selectedDatabase = index;
  }

  /** As `appendRaw`, of what replicas are told and the file has no use for. */
  appendForReplicas(bytes: Buffer, from: number, to: number): void {
    this.file?.skip(this.offset, to - from);
    this.appendRaw(bytes, from, to);
  }

  /** Appends bytes that are protocol already and change no database's selection: a PING, or the stream of a master passed on. */
  appendRaw(bytes: Buffer, from: number, to: number): void {
    if (this.active) this.put(bytes, from, to);
    else this.offset += to - from;
  }

  /** Likewise of one request of such a stream; `audience`: whether it is for the file too. */
  appendRequest(request: EncodedRequest, audience: "all" | "replicas"): void {
    const bytes = request.end - request.start + insetBytes(request.insets);
    if (!this.active) this.offset += bytes;
    else {
      if (audience === "replicas") this.file?.skip(this.offset, bytes);
      this.putRequest(request);
    }
  }

  private putAll(bytes: Buffer): void {
    this.put(bytes, 0, bytes.length);
  }

  private put(bytes: Buffer, from: number, to: number): void {
    assert(from >= 0 && to <= bytes.length, "what is appended is there");
    while (from < to) {
      let run = this.runs[this.runs.length - 1];
      if (run === undefined || run.length === run.buffer.length) {
        assert(run === undefined || run.start + run.length === this.offset, "runs follow each other without a gap");
        run = { buffer: Buffer.allocUnsafeSlow(this.nextRunBytes), start: this.offset, length: 0, block: null };
        this.runs.push(run);
        this.runBytes += run.buffer.length;
        this.trim();
      }
      const taken = Math.min(to - from, run.buffer.length - run.length);
      bytes.copy(run.buffer, run.length, from, from + taken);
      run.length += taken;
      from += taken;
      this.offset += taken;
    }
    this.announce();
  }

  private announce(): void {
    if (this.announced) return;
    this.announced = true;
    for (const listener of this.listeners) listener();
  }
}

/** Returns insets that stay as they are, whatever becomes of the values. */
function keptInsets(insets: readonly Inset[]): Inset[] {
  return insets.map(({ at, value }) => ({ at, value: value.copy() }));
}

function insetBytes(insets: readonly Inset[] | null | undefined): number {
  return insets == null ? 0 : insets.reduce((sum, { value }) => sum + value.length, 0);
}

/** A copy of a request in one piece. */
function joined({ buffer, start, end, insets }: EncodedRequest): Buffer {
  const pieces: Buffer[] = [];
  let from = start;
  for (const { at, value } of insets ?? []) {
    pieces.push(buffer.subarray(from, at), value.joined());
    from = at;
  }
  return Buffer.concat([...pieces, buffer.subarray(from, end)]);
}

/** The bytes of a SELECT, in a buffer of their own. */
function selecting(database: number): Buffer {
  return new Frame().encode(["SELECT", database]).buffer;
}
