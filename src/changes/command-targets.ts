/**
 * What a command of a stream is about: which of its arguments are keys that it writes, on which database, and of which type they are then,
 * as far as the request tells.
 */

import { keysOf, keysToCheck } from "../execution/key-extraction.ts";
import type { CommandEntry, CommandTable } from "../execution/registry.ts";
import { Frame } from "../protocol/frame.ts";
import { REDIS_TYPE, VALKEY_TYPE, VALUE_TYPE } from "../rdb/format.ts";
import type { ValueType } from "./events.ts";

/** What becomes of a command of the stream. */
export const Treatment = {
  /** It writes the key that is argument `key`, and no other. */
  ONE_KEY: 0,
  /** Which keys it writes must be looked for in each request. */
  KEYS: 1,
  FLUSH: 2,
  SWAP: 3,
  MULTI: 4,
  EXEC: 5,
  SELECT: 6,
  /** REPLCONF: the source may ask how far we are. */
  ASKS: 7,
  /** It changes nothing: PING, PUBLISH. */
  NOTHING: 8,
  /** It changes something that is no key. */
  OTHER: 9,
} as const;
export type Treatment = (typeof Treatment)[keyof typeof Treatment];

export interface Target {
  readonly treatment: Treatment;
  /** In lower case; of a subcommand that of its family. */
  readonly name: string;
  /** Whether there is such a command here. */
  readonly known: boolean;
  /** Argument of ONE_KEY. */
  readonly key: number;
  /** Null: the name does not tell. */
  readonly type: ValueType | null;
  readonly entry: CommandEntry | null;
}

/** A key of a request: its argument, and the database it is written in where that is not the selected one. */
export interface WrittenKey {
  readonly index: number;
  readonly db: number;
}

const TREATMENTS: ReadonlyMap<string, Treatment> = new Map(
  Object.entries({
    flushall: Treatment.FLUSH,
    flushdb: Treatment.FLUSH,
    swapdb: Treatment.SWAP,
    multi: Treatment.MULTI,
    exec: Treatment.EXEC,
    select: Treatment.SELECT,
    replconf: Treatment.ASKS,
    ping: Treatment.NOTHING,
    publish: Treatment.NOTHING,
    spublish: Treatment.NOTHING,
  }),
);

const TYPE_OF_GROUP: Readonly<Record<string, ValueType>> = {
  string: "string",
  bitmap: "string",
  hyperloglog: "string",
  list: "list",
  hash: "hash",
  set: "set",
  "sorted-set": "zset",
  geo: "zset",
  stream: "stream",
};

/** Commands of other groups that tell the type. */
const TYPE_OF_COMMAND: Readonly<Record<string, ValueType>> = { sort: "list" };
/** Where the type depends on the request: the first byte of a payload. */
const PAYLOADS: ReadonlySet<string> = new Set(["restore", "restore-asking"]);
const PAYLOAD_ARGUMENT = 3;

const TYPE_OF_PAYLOAD: ReadonlyMap<number, ValueType> = new Map<number, ValueType>([
  ...typed("string", VALUE_TYPE.string, REDIS_TYPE.bitmap),
  ...typed("list", VALUE_TYPE.list, VALUE_TYPE.listZiplist, VALUE_TYPE.listQuicklist, VALUE_TYPE.listQuicklist2),
  ...typed("set", VALUE_TYPE.set, VALUE_TYPE.setIntset, VALUE_TYPE.setListpack),
  ...typed("zset", VALUE_TYPE.zset, VALUE_TYPE.zset2, VALUE_TYPE.zsetZiplist, VALUE_TYPE.zsetListpack),
  ...typed("hash", VALUE_TYPE.hash, VALUE_TYPE.hashZipmap, VALUE_TYPE.hashZiplist, VALUE_TYPE.hashListpack),
  ...typed("hash", REDIS_TYPE.timedHash, REDIS_TYPE.timedHashListpack, REDIS_TYPE.timedHashPreGa, REDIS_TYPE.timedHashListpackPreGa),
  ...typed("hash", VALKEY_TYPE.timedHash, VALKEY_TYPE.pathHash),
  ...typed("hash", REDIS_TYPE.templateListpack, REDIS_TYPE.templateElements),
  ...typed("stream", VALUE_TYPE.streamListpacks, VALUE_TYPE.streamListpacks2, VALUE_TYPE.streamListpacks3),
  ...typed("stream", REDIS_TYPE.streamWithProducers, REDIS_TYPE.streamWithUnowned),
]);

function typed(type: ValueType, ...numbers: readonly number[]): [number, ValueType][] {
  return numbers.map((number) => [number, type]);
}

const READS_ONLY = "RO";
const NO_KEY = -1;

/** Targets of commands by their table; each is found out once. */
export class CommandTargets {
  private readonly commands: CommandTable;
  private readonly known: (Target | undefined)[] = [];

  constructor(commands: CommandTable) {
    this.commands = commands;
  }

  /** Hot. */
  of(frame: Frame): Target {
    const entry = this.commands.resolve(frame);
    if (entry === null) return unknownCommand(frame);
    let target = this.known[entry.id];
    if (target === undefined) {
      target = targetOf(entry);
      this.known[entry.id] = target;
    }
    return target;
  }

  /** The keys that a request of ONE_KEY or KEYS writes, run with `db` selected; none where they cannot be told. */
  writtenKeys({ entry, name, treatment, key }: Target, frame: Frame, db: number): WrittenKey[] {
    if (treatment === Treatment.ONE_KEY) return key < frame.count ? [{ index: key, db }] : [];
    if (entry === null || !entry.acceptsCount(frame.count)) return [];
    const written = distinct(
      frame,
      keysOf(entry, frame).filter(({ flags }) => !flags.includes(READS_ONLY)),
    ).map(({ index }) => ({ index, db }));
    // The key goes from here to there.
    if (name === "move")
      return [
        { index: 1, db },
        { index: 1, db: numberAt(frame, 2, db) },
      ];
    if (name === "copy") return written.map(({ index }) => ({ index, db: copiedTo(frame, db) }));
    return written;
  }

  /** All keys of a request, also those that it only reads: those arguments of it. Null where they cannot be told. */
  keysIn(name: string, args: readonly Buffer[]): Buffer[] | null {
    const frame = new Frame().encode([Buffer.from(name, "latin1"), ...args]);
    const entry = this.commands.resolve(frame);
    return entry === null ? null : keysToCheck(entry, frame).map(({ index }) => args[index - 1]);
  }
}

/** The type of what a request puts at the key that it writes, or null where it does not tell. */
export function typeOf({ type, name }: Target, frame: Frame): ValueType | null {
  if (type !== null || !PAYLOADS.has(name)) return type;
  if (frame.count <= PAYLOAD_ARGUMENT || frame.lengths[PAYLOAD_ARGUMENT] < 3) return null;
  const from = frame.offsets[PAYLOAD_ARGUMENT];
  // Numbers that the families gave different meanings are hashes in both.
  return TYPE_OF_PAYLOAD.get(frame.buffer[from]) ?? null;
}

/** The database named by argument `index`, or `otherwise`. */
export function numberAt(frame: Frame, index: number, otherwise: number): number {
  const text = index < frame.count ? frame.text(index) : "";
  return /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}

/** A key that a request names twice is changed once. */
function distinct<Key extends { readonly index: number }>(frame: Frame, keys: readonly Key[]): readonly Key[] {
  if (keys.length < 2) return keys;
  const seen = new Set<string>();
  return keys.filter(({ index }) => {
    const name = frame.argument(index).latin1Slice();
    return !seen.has(name) && seen.add(name);
  });
}

function copiedTo(frame: Frame, db: number): number {
  for (let index = 3; index + 1 < frame.count; index++) if (frame.is(index, "db")) return numberAt(frame, index + 1, db);
  return db;
}

function unknownCommand(frame: Frame): Target {
  const name = frame.text(0).toLowerCase();
  return { treatment: Treatment.OTHER, name, known: false, key: NO_KEY, type: null, entry: null };
}

function targetOf(entry: CommandEntry): Target {
  const { fullName, spec, parent } = entry;
  const name = parent?.fullName ?? fullName;
  const type = TYPE_OF_COMMAND[name] ?? TYPE_OF_GROUP[spec.group] ?? null;
  const told = TREATMENTS.get(name);
  const base = { name, known: true, type, entry };
  if (told !== undefined) return { ...base, treatment: told, key: NO_KEY };
  const keys = spec.keys.filter(({ flags }) => !flags.includes("not_key"));
  if (keys.length === 0) return { ...base, treatment: Treatment.OTHER, key: NO_KEY };
  const key = onlyKey(entry, keys);
  return key === NO_KEY ? { ...base, treatment: Treatment.KEYS, key } : { ...base, treatment: Treatment.ONE_KEY, key };
}

/** The argument of the one key that every request of the command writes, or NO_KEY. */
function onlyKey({ spec, fullName }: CommandEntry, keys: CommandEntry["spec"]["keys"]): number {
  const [{ begin, find }] = keys;
  if (keys.length > 1 || fullName === "move") return NO_KEY;
  if (typeof begin !== "object" || !("index" in begin) || typeof find !== "object" || !("lastKey" in find)) return NO_KEY;
  // What stands in a stream writes: that only others of its options would is no matter.
  return find.lastKey === 0 && !spec.flags.includes("movablekeys") ? begin.index : NO_KEY;
}
