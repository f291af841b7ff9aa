/**
 * Everything that is true of the command being run: its request, its client, its database, the reply, how keys are looked at, what the
 * journal gets, whether it failed. The executor has one for each depth of nesting and uses it again for the next command: nothing of it may
 * be kept after the handler returns.
 */

import { parseInt64, smallInteger } from "../base/bytes.ts";
import { BLOCKS_FROM, type BlockString } from "../blocks/block-string.ts";
import { type CommandError, errors } from "../errors.ts";
import { Audience } from "../journal/journal.ts";
import type { Database } from "../keyspace/database.ts";
import type { EventClass } from "../keyspace/events.ts";
import { ExpiryMode, type KeyAccess } from "../keyspace/key-access.ts";
import { LOOK_AHEAD_KEYS } from "../keyspace/lookahead.ts";
import { Value } from "../keyspace/value.ts";
import { MAX_BLOCK } from "../memory/arena.ts";
import { Blob } from "../memory/objects.ts";
import { Frame } from "../protocol/frame.ts";
import { NO_SINK, type Reply } from "../protocol/reply.ts";
import { type Session, SessionKind } from "../session/session.ts";
import { Temporary } from "../values/temporary.ts";
import { Type } from "../values/value-types.ts";
import type { CommandEntry } from "./registry.ts";
import type { ServerParts } from "./server-parts.ts";

export type Words = readonly (Buffer | BlockString | string | number)[];

/** What a command that found nothing to do waits for: see `Call.block`. */
export interface BlockOptions {
  /** The keys: `keyCount` arguments from `firstKey` on. */
  readonly firstKey: number;
  readonly keyCount: number;
  /** The type that one of them must come to hold: LIST, ZSET or STREAM. */
  readonly type: Type;
  /** When to give up, as `parseTimeout` (timeout.ts) gives it: ms since 1970, 0 for never. */
  readonly deadline: number;
  /** Also executed again when one of the keys is deleted, overwritten or changes its type, so that it can answer with its error: XREADGROUP. */
  readonly wakesWhenGone?: boolean;
  /** To be executed instead of the request as it came in: XREAD's with the IDs that its `$` stood for, name and all. */
  readonly request?: Words | undefined;
}

/** A value is kept in its request's buffer if it fills at least this share of it. */
const KEPT_SHARE = 7 / 8;
const NO_FRAME = new Frame();

/** Values kept for the commands to come; one that opens more keys at once gets new ones. */
const KEPT_VALUES = 16;

/** Runs a request of this client as if it had just come in, without the checks of a new one: EXEC's way. */
export interface Caller {
  /** Returns whether it is over; not if it was suspended. */
  nest(session: Session, frame: Frame): boolean;
  /** The first `count` of `frames` come next; what was in these frames before is over. */
  prepareNested(session: Session, frames: readonly Frame[], count: number): void;
  /** The last of the calls within this one is over, and nothing else takes long. */
  nested(call: Call): void;
}

/** Whether a value of so many bytes fills its request's buffer so well that it is kept there. */
function keepsValue({ keepable, buffer }: Frame, length: number): boolean {
  return keepable && length > MAX_BLOCK && length <= BLOCKS_FROM && length >= buffer.length * KEPT_SHARE;
}

export class Call implements KeyAccess {
  readonly server: ServerParts;
  reply: Reply;
  frame: Frame = NO_FRAME;
  session!: Session;
  entry!: CommandEntry;
  expiryMode: ExpiryMode = ExpiryMode.DELETE;
  noTouch = false;
  keyHash = 0;
  /** The error that it was answered with, or null. */
  failure: CommandError | null = null;
  /** What the journal takes instead of the request: null for the request itself. */
  effects: Frame[] | null = null;
  /** Arguments that the journal takes otherwise spelled, by their place: see `spell`. */
  private spelled: Map<number, string> | null = null;
  /** Whether the journal takes the request though no key changed (FLUSHALL, ...). */
  forced = false;
  /** What has come of the task that the command waited for (BlockedClients.blockOnTask), when it is executed once more; else null. */
  result: object | null = null;
  /** See `suspend`. */
  suspended = false;
  goOn: (() => void) | null = null;
  /** The keyspace's count of changes when it began. */
  changesBefore = 0;
  /** When the clock was looked at for it, or for one like it just before (`performance.now()`). */
  startedAt = 0;
  /** Whether a request that is `forced` is for replicas only: the append-only file has no use for it. */
  forReplicas = false;

  private readonly caller: Caller;
  private readonly values: Value[] = [];
  private held: Temporary | null = null;

  constructor(server: ServerParts, reply: Reply, caller: Caller) {
    this.server = server;
    this.reply = reply;
    this.caller = caller;
  }

  /** A command begins. `clientMode`: what becomes of expired keys that clients look at; the master's stream sees all keys. Hot. */
  begin(session: Session, frame: Frame, entry: CommandEntry, clientMode: ExpiryMode): void {
    this.session = session;
    this.frame = frame;
    this.entry = entry;
    this.expiryMode = session.kind === SessionKind.MASTER ? ExpiryMode.KEEP : clientMode;
    this.noTouch = session.noTouch && !entry.touches;
    this.failure = null;
    this.effects = null;
    this.spelled = null;
    this.forced = false;
    this.forReplicas = false;
    this.suspended = false;
    this.changesBefore = this.server.keyspace.changes;
  }

  /** Runs another request of this client within this command. Returns whether it is over: see `suspend`. */
  nest(frame: Frame): boolean {
    return this.caller.nest(this.session, frame);
  }

  /** The first `count` of `frames` are the next to be run so, and what was run before in these frames is over. */
  prepareNested(frames: readonly Frame[], count: number): void {
    this.caller.prepareNested(this.session, frames, count);
  }

  /** The last of the requests run so is over, and the command as well. */
  nestedAll(): void {
    this.caller.nested(this);
  }

  /** Shows the request to monitors: what runs commands is shown before them. */
  show(): void {
    this.server.watch.showAnyway(this);
  }

  /** The handler returns, but the command is not over: it ends by `SuspendedCalls.goOn`. `goOn` is called when the call that it made is over. */
  suspend(goOn: (() => void) | null = null): void {
    this.suspended = true;
    this.goOn = goOn;
  }

  /** CLIENT REPLY, and RESET: what is answered from now on, in the rest of EXEC too, goes to the client or nowhere. `mode`: bits of ReplyMode. */
  setReplyMode(mode: number): void {
    const { session, reply } = this;
    const { muted } = session;
    session.replyMode = mode;
    if (session.muted === muted) return;
    reply.flush();
    reply.sink = muted ? session.link : NO_SINK;
  }

  /** Has `write` write what the client gets whether it wants replies or not: what tells of a subscription. */
  push(write: () => void): void {
    const { session, reply } = this;
    if (!session.muted) return write();
    const diverted = reply.divert(session.link, session.protocol);
    write();
    reply.rejoin(diverted);
  }

  /** Whether the client may make this request, and read whatever key there is. */
  mayReadEveryKey(): boolean {
    const { session, server, entry, frame } = this;
    return !session.guarded || session.user === null || server.permissions.mayReadEveryKey(session.user, entry, frame);
  }

  get database(): Database {
    return this.session.database;
  }

  /** ms since 1970, the same for the whole tick. */
  get now(): number {
    return this.server.keyspace.now;
  }

  // ---- arguments

  /** How many there are, the command's name included. */
  get count(): number {
    return this.frame.count;
  }

  /** A copy of argument `index`. */
  bytes(index: number): Buffer {
    return this.frame.argument(index);
  }

  /** Likewise, as words that the journal takes: an argument in blocks as it is, good until the request is over. */
  word(index: number): Buffer | BlockString {
    return this.frame.blocksAt(index) ?? this.frame.argument(index);
  }

  /** Argument `index`, one character a byte. */
  text(index: number): string {
    return this.frame.text(index);
  }

  /** Whether argument `index` is `word` (lower case) in any case. */
  is(index: number, word: string): boolean {
    return this.frame.is(index, word);
  }

  /** An int64. Errors: not an integer. */
  int64(index: number): bigint {
    const from = this.frame.offsets[index];
    const value = parseInt64(this.frame.buffer, from, from + this.frame.lengths[index]);
    if (value === null) throw errors.notInteger;
    return value;
  }

  /** An integer from `min` to `max` (both safe). Errors: not an integer or out of range. */
  integer(index: number, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): number {
    const from = this.frame.offsets[index];
    let value = smallInteger(this.frame.buffer, from, from + this.frame.lengths[index]);
    if (value !== value) value = Number(this.int64(index));
    if (value < min || value > max) throw errors.notInteger;
    return value;
  }

  // ---- keys

  /** The key named by argument `index`, for a command that reads: its address, or 0. */
  read(index: number): number {
    const { frame } = this;
    return this.session.database.read(this, frame.buffer, frame.offsets[index], frame.lengths[index]);
  }

  /** Likewise for a command that asks about the key, not for what it holds: no access is noted. */
  peek(index: number): number {
    const { frame } = this;
    return this.session.database.peek(this, frame.buffer, frame.offsets[index], frame.lengths[index]);
  }

  /** Likewise for a command that writes. */
  write(index: number): number {
    const { frame } = this;
    return this.session.database.write(this, frame.buffer, frame.offsets[index], frame.lengths[index]);
  }

  /**
   * To be called before each lookup of a loop over the keys at `first`, `first + step` and so on, `index` being the one about to be looked
   * up: it prepares them, a window at a time.
   */
  prepareKeys(first: number, index: number, step: number): void {
    if (((index - first) / step) % LOOK_AHEAD_KEYS !== 0 || this.frame.count - index <= step) return;
    this.server.keyspace.lookAhead.prepareKeys(this.session.database.table, this.frame, index, step);
  }

  /** The string at the key for reading: its address, or 0. Errors: WRONGTYPE. */
  readString(index: number): number {
    const address = this.read(index);
    if (address !== 0 && this.session.database.type(address) !== Type.STRING) throw errors.wrongType;
    return address;
  }

  /** Likewise for writing. */
  writeString(index: number): number {
    const address = this.write(index);
    if (address !== 0 && this.session.database.type(address) !== Type.STRING) throw errors.wrongType;
    return address;
  }

  /**
   * Opens what the key named by argument `index` holds, for reading; a key that is not there as an empty value (keyspace/value.ts). Values
   * are reused: a command that has several keys open at once gives each a slot of its own. With null any type will do. Errors: WRONGTYPE.
   */
  openRead(index: number, type: Type | null, slot = 0): Value {
    const { frame } = this;
    const { database } = this.session;
    const address = this.read(index);
    return this.value(slot).open(database, address, this.keyHash, type, frame.buffer, frame.offsets[index], frame.lengths[index]);
  }

  /** Likewise for changing. */
  openWrite(index: number, type: Type | null, slot = 0): Value {
    const { frame } = this;
    const { database } = this.session;
    const address = this.write(index);
    const value = this.value(slot).open(database, address, this.keyHash, type, frame.buffer, frame.offsets[index], frame.lengths[index]);
    value.beforeChange();
    return value;
  }

  private value(slot: number): Value {
    if (slot >= KEPT_VALUES) return new Value(this.server.keyspace, this);
    this.values[slot] ??= new Value(this.server.keyspace, this);
    return this.values[slot];
  }

  /** A value to build, empty, of this type; one per command at a time. */
  temporary(type: Type): Temporary {
    this.held ??= new Temporary(this.server.keyspace.space, this.server.keyspace.limits);
    return this.held.begin(type);
  }

  /** Makes the key named by argument `index`, just looked up at `address`, hold argument `value`. Returns its address. */
  setString(address: number, index: number, value: number, expireAt: number): number {
    const { frame } = this;
    if (frame.long !== null || frame.keepable) return this.setLong(address, index, value, expireAt);
    const from = frame.offsets[value];
    const to = from + frame.lengths[value];
    return this.session.database.setString(
      address,
      this.keyHash,
      frame.buffer,
      frame.offsets[index],
      frame.lengths[index],
      frame.buffer,
      from,
      to,
      expireAt,
    );
  }

  /** `setString` of a request that came in several pieces: it may have arguments in blocks, or be kept. */
  private setLong(address: number, index: number, value: number, expireAt: number): number {
    const { frame, keyHash } = this;
    const { buffer, offsets, lengths } = frame;
    const { database } = this.session;
    const blocks = frame.blocksAt(value);
    const length = lengths[value];
    const from = offsets[value];
    const held = blocks?.copy() ?? (keepsValue(frame, length) ? new Blob(buffer.subarray(from, from + length)) : null);
    if (held !== null) return database.setHeld(address, keyHash, buffer, offsets[index], lengths[index], held, expireAt);
    return database.setString(address, keyHash, buffer, offsets[index], lengths[index], buffer, from, from + length, expireAt);
  }

  /** Answers with the string at `address`. */
  replyString(address: number): void {
    const blocks = this.session.database.blocksAt(address);
    if (blocks !== null) return this.reply.blocks(blocks, 0, blocks.length);
    const { buffer, from, to } = this.session.database.locateString(address);
    this.reply.bytes(buffer, from, to);
  }

  /** Answers with argument `index`. */
  replyArgument(index: number): void {
    const from = this.frame.offsets[index];
    this.reply.bytes(this.frame.buffer, from, from + this.frame.lengths[index]);
  }

  /** A keyspace event about the key named by argument `index`. */
  event(event: EventClass, name: string, index: number): void {
    if (this.server.keyspace.eventClasses === 0) return;
    const { frame } = this;
    this.session.database.event(event, name, frame.buffer, frame.offsets[index], frame.lengths[index]);
  }

  // ---- blocking

  /** Whether a command may keep its client waiting: nothing blocks inside a transaction or a script, nor does the master's stream. */
  get mayBlock(): boolean {
    const { session } = this;
    return !session.queueing && !session.inScript && session.kind !== SessionKind.MASTER;
  }

  /**
   * Keeps the client waiting for keys, without an answer; the last thing that a handler does, before any write to `reply`, after it found
   * nothing to serve the client with. The request is executed again, from the start, once the command that made one of the keys ready is
   * over; it may then answer, be in error, or block again, its deadline staying the first one. When the time is over the client gets a null
   * array. A client that must not be kept waiting gets it at once.
   *
   *     const deadline = parseTimeout(call, call.count - 1);
   *     ... serve the client from the first key that can, and return ...
   *     call.block({ firstKey: 1, keyCount: call.count - 2, type: Type.LIST, deadline });
   *
   * A key is ready when it comes to hold a new value of the type, which databases notice themselves. What adds to a value that is there
   * already and can serve a client that found it wanting (XADD; XGROUP DESTROY, for its error) says so with `keyReady`. A handler never
   * sees which key it was, nor needs to. To see that it is executed again (so that the first time's side effects stay single), nothing is
   * needed either: Redis repeats them too.
   */
  block({ firstKey, keyCount, type, deadline, wakesWhenGone = false, request }: BlockOptions): void {
    if (!this.mayBlock) return this.reply.nullArray();
    const { frame, session } = this;
    const keys: Buffer[] = [];
    for (let index = firstKey; index < firstKey + keyCount; index++) keys.push(frame.argument(index));
    const keep = () => {
      const kept = new Frame();
      if (request === undefined) kept.assign(frame, { copy: true });
      else kept.encode(request);
      return kept;
    };
    this.server.blocked.blockOnKeys({ session, keys, type, wakesWhenGone, deadline, frame: keep });
  }

  /** What the key named by argument `index` holds, a value of `type`, can serve those who wait for it: they are, once this command is over. */
  keyReady(index: number, type: Type): void {
    const { frame } = this;
    this.session.database.noteReady(frame.buffer, frame.offsets[index], frame.lengths[index], type);
  }

  // ---- journal

  /** The command has written: the journal takes the request, or what the command said instead. */
  record(): void {
    // What the master sent is passed on byte for byte by the replica link.
    if (this.session.kind === SessionKind.MASTER) return;
    const { journal } = this.server;
    const { index } = this.session.database;
    if (this.effects === null) journal.append(index, this.spelledFrame, this.audience);
    else for (const effect of this.effects) journal.append(index, effect);
  }

  /** What the command said of itself is in the journal, or nowhere. */
  forgetEffects(): void {
    if (this.effects !== null) for (const effect of this.effects) effect.release();
    this.effects = null;
  }

  /** The command of a script has written: as `record`, but only for those whom redis.set_repl names, and in bytes that stay as they are. */
  recordFor(propagation: number): void {
    const audience = propagation & this.audience;
    if (audience === Audience.NONE || this.session.kind === SessionKind.MASTER) return;
    const { journal } = this.server;
    const { index } = this.session.database;
    if (this.effects !== null) for (const effect of this.effects) journal.append(index, effect, propagation);
    else {
      const frame = this.spelledFrame;
      frame.enframe();
      journal.append(index, { buffer: frame.buffer, start: frame.start, end: frame.end }, audience);
    }
  }

  /**
   * The journal takes `text` in the place of argument `index`. For words that not every server reads as this one does: a replica would refuse
   * the request, and go on without it.
   */
  spell(index: number, text: string): void {
    this.spelled ??= new Map();
    this.spelled.set(index, text);
  }

  private get spelledFrame(): Frame {
    const { frame, spelled } = this;
    if (spelled === null) return frame;
    return new Frame().encode(Array.from({ length: frame.count }, (_, index) => spelled.get(index) ?? this.word(index)));
  }

  /** Whom the request is for. */
  private get audience(): number {
    return this.forced && this.forReplicas ? Audience.REPLICAS : Audience.ALL;
  }

  /** The journal takes `words` instead of the request; called again, these too. */
  journalAs(...words: Words): void {
    if (!this.server.journal.active) return this.journalNothing();
    this.effects ??= [];
    this.effects.push(new Frame().encode(words));
  }

  /** The journal takes the deletion of the key named by argument `index`, by the command that lazyfree-lazy-server-del asks for. */
  journalDeletion(index: number): void {
    this.journalAs(this.server.config.values["lazyfree-lazy-server-del"] ? "UNLINK" : "DEL", this.bytes(index));
  }

  /** The journal does not take the request, whatever it changed. */
  journalNothing(): void {
    this.effects ??= [];
  }

  /** The journal takes the request though it changed no key. */
  journalAlways(): void {
    this.forced = true;
    this.forReplicas = false;
  }

  /** Likewise, though the append-only file must not: it would be done again at the next start (PUBLISH). */
  journalForReplicas(): void {
    this.forced = true;
    this.forReplicas = true;
  }
}
