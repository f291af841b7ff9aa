/** Whether two replies to a command say the same, where the command leaves the order, the choice or the time open. */
import type { Request } from "../support/compare.ts";
import { type Decoded, decode } from "../support/decode.ts";

type Alike = (ours: Decoded, theirs: Decoded, request: Request) => boolean;

/** Says whether replies are alike; it follows a transaction, to know which reply inside EXEC's belongs to which command. */
export class ReplyComparison {
  private queued: Request[] = [];

  alike(request: Request, ours: Buffer, theirs: Buffer): boolean {
    const queued = this.queued;
    const name = nameOf(request);
    if (name === "MULTI") this.queued = [];
    else if (ours.length === 9 && ours.toString("latin1") === "+QUEUED\r\n") this.queued.push(request);
    if (ours.equals(theirs)) return true;
    if (isNull(ours) || isNull(theirs)) return false; // a bulk string "-1" looks like one when it is decoded
    if (name !== "EXEC") return alike(decode(ours), decode(theirs), request);
    return everyItem(decode(ours), decode(theirs), (a, b, index) => alike(a, b, queued[index]));
  }
}

function isNull(reply: Buffer): boolean {
  return reply.length <= 5 && ["_\r\n", "$-1\r\n", "*-1\r\n"].includes(reply.toString("latin1"));
}

function nameOf(request: Request): string {
  const first = String(request[0]).toUpperCase();
  return ["OBJECT", "XINFO", "XGROUP"].includes(first) ? `${first} ${String(request[1]).toUpperCase()}` : first;
}

function alike(ours: Decoded, theirs: Decoded, request: Request): boolean {
  if (same(ours, theirs)) return true;
  const name = nameOf(request);
  const compare = COMPARISONS[name] ?? (/^(B?Z|GEO)/.test(name) ? sameScores : null);
  return compare?.(ours, theirs, request) ?? false;
}

function same(a: Decoded, b: Decoded): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function everyItem(ours: Decoded, theirs: Decoded, holds: (ours: Decoded, theirs: Decoded, index: number) => boolean): boolean {
  if (typeof ours === "string" || typeof theirs === "string") return same(ours, theirs);
  return (
    ours.mark === theirs.mark &&
    ours.items.length === theirs.items.length &&
    ours.items.every((item, index) => holds(item, theirs.items[index], index))
  );
}

/** The elements in any order, `width` of them together. */
function unordered(width: number): Alike {
  return (ours, theirs) => {
    if (typeof ours === "string" || typeof theirs === "string") return false;
    return ours.mark === theirs.mark && equalTexts(sorted(ours.items, width), sorted(theirs.items, width));
  };
}

function sorted(items: readonly Decoded[], width: number): string[] {
  const groups: string[] = [];
  for (let index = 0; index < items.length; index += width) groups.push(JSON.stringify(items.slice(index, index + width)));
  return groups.sort();
}

function equalTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

/** A cursor, and elements in any order. */
function page(width: number): Alike {
  return (ours, theirs) => everyItem(ours, theirs, (a, b, index) => same(a, b) || (index === 1 && unordered(width)(a, b, [])));
}

/** Two numbers that the clocks of two servers may set this far apart. */
function close(difference: number): Alike {
  return (ours, theirs) => {
    if (typeof ours !== "string" || typeof theirs !== "string" || ours[0] !== ":" || theirs[0] !== ":") return false;
    const [a, b] = [Number(ours.slice(1)), Number(theirs.slice(1))];
    return a > 0 && b > 0 && Math.abs(a - b) <= difference;
  };
}

/** As many elements, of the same form: which ones is left to chance. */
const sameShape: Alike = (ours, theirs) => {
  if (typeof ours === "string" || typeof theirs === "string") return sameMark(ours, theirs);
  return everyItem(ours, theirs, (a, b) => sameMark(a, b) || sameShape(a, b, []));
};

function sameMark(ours: Decoded, theirs: Decoded): boolean {
  return typeof ours === "string" && typeof theirs === "string" && ours[0] === theirs[0] && (ours[0] === "$" || ours[0] === ",");
}

/**
 * Small lists are "listpack" since 7.2 and were "quicklist"; small sets of other than integers are "listpack" and were "hashtable"; sets
 * and sorted sets change ahead of commands with many arguments since 7.2; and Redis makes a "skiplist" of a sorted set to SORT it. Of lists
 * and hashes the state in the end is compared exactly.
 */
const sameEncoding: Alike = (ours, theirs) => VARYING.some((group) => group.includes(String(ours)) && group.includes(String(theirs)));

const VARYING = [
  ["$listpack", "$quicklist"],
  ["$intset", "$listpack", "$hashtable"],
  ["$listpack", "$skiplist"],
];

/** Ties of BY have no order of their own. */
const sortOrder: Alike = (ours, theirs, request) =>
  request.some((word) => String(word).toUpperCase() === "BY") && unordered(1)(ours, theirs, request);

/** 7.2 names the command in this one. */
const sameComplaint: Alike = (ours, theirs) =>
  typeof ours === "string" && ours.replace(/'xread(?:group)?'/, "XREAD").replace("'>'", () => "'$'") === theirs;

/** 7.0 writes scores as "%.17g", 7.2 as the shortest text that reads the same. */
const sameScores: Alike = (ours, theirs, request) => {
  if (typeof ours === "string" && typeof theirs === "string") return ours === theirs || sameNumber(ours, theirs);
  return everyItem(ours, theirs, (a, b) => sameScores(a, b, request));
};

function sameNumber(ours: string, theirs: string): boolean {
  return ours[0] === theirs[0] && "$,".includes(ours[0]) && DECIMAL.test(ours) && Number(ours.slice(1)) === Number(theirs.slice(1));
}

const DECIMAL = /^.-?\d+(\.\d+)?(e[-+]?\d+)?$/;

/** A page of ZSCAN. */
const scoredPage: Alike = (ours, theirs, request) => page(2)(withNumbers(ours), withNumbers(theirs), request);

function withNumbers(value: Decoded): Decoded {
  if (typeof value === "string") return DECIMAL.test(value) ? `$${Number(value.slice(1))}` : value;
  return {
    mark: value.mark,
    items: value.items.map((item, index) => (typeof item === "string" && index % 2 === 0 ? item : withNumbers(item))),
  };
}

/** Entries of [id, consumer, idle ms, deliveries]. */
const samePending: Alike = (ours, theirs) =>
  everyItem(ours, theirs, (a, b) => same(a, b) || everyItem(a, b, (x, y, index) => index === 2 || same(x, y)));

/** Consumers with pending entries: 7.2 says more of each, and makes them before there is anything to give. */
const sameConsumers: Alike = (ours, theirs) => same(waiting(ours), waiting(theirs));

/** An answer of XINFO CONSUMERS reduced to the names and counts of those who have pending entries. */
export function waiting(consumers: Decoded): Decoded {
  if (typeof consumers === "string") return consumers;
  const items: Decoded[] = [];
  for (const one of consumers.items) {
    if (typeof one !== "string" && one.items[3] !== ":0") items.push({ mark: "*", items: one.items.slice(0, 4) });
  }
  return { mark: "*", items };
}

/** Groups as XINFO GROUPS tells them, but for how many consumers they have. */
const sameGroups: Alike = (ours, theirs) => same(withoutConsumers(ours), withoutConsumers(theirs));

/** The same without the count of consumers, as 7.2 makes consumers earlier, and if wanted without how much was read, which replicas are not told. */
export function withoutConsumers(groups: Decoded, withoutReading = false): Decoded {
  if (typeof groups === "string") return groups;
  const told = (_: Decoded, index: number): boolean => index !== 3 && (index < 8 || !withoutReading);
  const without = (group: Decoded): Decoded => (typeof group === "string" ? group : { mark: "*", items: group.items.filter(told) });
  return { mark: "*", items: groups.items.map(without) };
}

/** Whether it was new. */
const maybeNew: Alike = (ours, theirs) => ours === ":0" && theirs === ":1";

const COMPARISONS: Readonly<Record<string, Alike>> = {
  SMEMBERS: unordered(1),
  SUNION: unordered(1),
  SINTER: unordered(1),
  SDIFF: unordered(1),
  SPOP: unordered(1),
  HKEYS: unordered(1),
  HVALS: unordered(1),
  HGETALL: unordered(2),
  KEYS: unordered(1),
  SCAN: page(1),
  SSCAN: page(1),
  HSCAN: page(2),
  ZSCAN: scoredPage,
  SORT: sortOrder,
  SORT_RO: sortOrder,
  TTL: close(20),
  EXPIRETIME: close(20),
  PTTL: close(20_000),
  PEXPIRETIME: close(20_000),
  SRANDMEMBER: sameShape,
  HRANDFIELD: sameShape,
  ZRANDMEMBER: sameShape,
  RANDOMKEY: sameShape,
  DUMP: sameShape,
  "OBJECT ENCODING": sameEncoding,
  XREAD: sameComplaint,
  XREADGROUP: sameComplaint,
  XPENDING: samePending,
  "XINFO CONSUMERS": sameConsumers,
  "XINFO GROUPS": sameGroups,
  "XGROUP CREATECONSUMER": maybeNew,
};
