/** SORT: the elements of a list, set or sorted set in order, by themselves or by other keys, as they are or as the values of other keys. */

import { givenOrder, orderByBytes, orderByNumber, orderPartByBytes, SortVector } from "../../algorithms/sort-vector.ts";
import { copyBytes } from "../../base/bytes.ts";
import type { Collation } from "../../base/collation.ts";
import { parseWeight } from "../../base/numbers/strtod.ts";
import { type CommandError, commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import { Value } from "../../keyspace/value.ts";
import { Element } from "../../memory/packed.ts";
import { hashGet } from "../../values/hash/hash.ts";
import { ListCursor, listEach, listLength } from "../../values/list/list.ts";
import { ListBuilder } from "../../values/list/list-builder.ts";
import { setEach } from "../../values/set/set.ts";
import { ZsetCursor, zsetEach, zsetLength, zsetNext, zsetPrevious, zsetSeek } from "../../values/sorted-set/zset.ts";
import { Type } from "../../values/value-types.ts";
import { storeDraft } from "../arguments/storing.ts";

const command = commandsOf("generic");

export const sort = command("sort", { arity: -2, since: "1.0.0", flags: "write denyoom movablekeys" })
  .takes(`key{RO access} [BY by-pattern'pattern'{RO access unknown: The keys of BY and GET, which depend on the elements}]
      [LIMIT limit(offset count)] [GET get-pattern'pattern'{^}]... [order(ASC | DESC)] [sorting='ALPHA']
      [STORE destination{OW update unknown: The key of STORE, which can be anywhere}]`)
  .answers("(string | null)[]; if STORE: count")
  .acl("set sortedset list dangerous")
  .docs("Sorts a list, a set or a sorted set. Can store the result.", "O(N+M*log(M)) for N elements, M of them returned; O(N) unsorted")
  .run((call) => sortKey(call, { mayStore: true }));

export const sort_ro = command("sort_ro", { arity: -2, since: "7.0.0", flags: "readonly movablekeys" })
  .takes(`key{RO access} [BY by-pattern'pattern'{RO access unknown: The keys of BY and GET, which depend on the elements}]
      [LIMIT limit(offset count)] [GET get-pattern'pattern'{^}]... [order(ASC | DESC)] [sorting='ALPHA']`)
  .answers("(string | null)[]")
  .acl("set sortedset list dangerous")
  .docs("Returns the sorted elements of a list, a set or a sorted set.", "O(N+M*log(M)) for N elements, M of them returned; O(N) unsorted")
  .run((call) => sortKey(call, { mayStore: false }));

interface SortOptions {
  descending: boolean;
  alphabetical: boolean;
  offset: number;
  /** Negative: all. */
  count: number;
  /** Null: by the elements themselves. */
  by: Buffer | null;
  /** One of the BYs, not only the last, has no star: there is nothing to sort by. */
  unsorted: boolean;
  readonly get: Buffer[];
  /** The argument that names the destination, 0 for none. */
  store: number;
}

/** The keys that BY and GET read are found out while they are read: only who may read all may use them. */
function insufficient(option: string): CommandError {
  return commandError(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`);
}

function parseOptions(call: Call, mayStore: boolean): SortOptions {
  const options: SortOptions = {
    descending: false,
    alphabetical: false,
    offset: 0,
    count: -1,
    by: null,
    unsorted: false,
    get: [],
    store: 0,
  };
  const readsAll = call.mayReadEveryKey();
  for (let index = 2; index < call.count; index++) {
    const following = call.count - index - 1;
    if (call.is(index, "asc")) options.descending = false;
    else if (call.is(index, "desc")) options.descending = true;
    else if (call.is(index, "alpha")) options.alphabetical = true;
    else if (call.is(index, "limit") && following >= 2) {
      options.offset = Number(call.int64(++index));
      options.count = Number(call.int64(++index));
    } else if (mayStore && call.is(index, "store") && following >= 1) options.store = ++index;
    else if (call.is(index, "by") && following >= 1) {
      options.by = call.bytes(++index);
      if (!options.by.includes("*")) options.unsorted = true;
      else if (!readsAll) throw insufficient("BY");
    } else if (call.is(index, "get") && following >= 1) {
      if (!readsAll) throw insufficient("GET");
      options.get.push(call.bytes(++index));
    } else throw errors.syntax;
  }
  return options;
}

function sortKey(call: Call, { mayStore }: { mayStore: boolean }): void {
  const options = parseOptions(call, mayStore);
  const value = call.openRead(1, null);
  if (value.exists && value.type !== Type.LIST && value.type !== Type.SET && value.type !== Type.ZSET) throw errors.wrongType;
  let sorted: Sorted;
  if (!value.exists) sorted = { elements: new SortVector(), order: givenOrder(0), start: 0, end: 0 };
  else if (options.unsorted && value.type !== Type.SET) sorted = inOwnOrder(value, options);
  else sorted = inOrder(call, value, options);
  if (options.store === 0) replyElements(call, sorted, options);
  else storeElements(call, sorted, options);
}

/** What is returned: the elements, in this order, from `start` to before `end`. */
interface Sorted {
  readonly elements: SortVector;
  readonly order: Int32Array;
  readonly start: number;
  readonly end: number;
}

/** Lists and sorted sets have an order of their own: only the part that is returned is read. */
function inOwnOrder(value: Value, options: SortOptions): Sorted {
  const elements = new SortVector();
  const length = value.type === Type.LIST ? listLength(value) : zsetLength(value);
  const { start, end } = window(options, length);
  const count = Math.max(0, end - start);
  const first = options.descending ? length - 1 - start : start;
  if (count > 0 && value.type === Type.LIST) {
    const cursor = new ListCursor();
    cursor.start(value, first, options.descending);
    while (elements.count < count && cursor.next()) elements.addElement(cursor.element);
  } else if (count > 0) {
    const cursor = new ZsetCursor();
    zsetSeek(value, cursor, first);
    const next = options.descending ? zsetPrevious : zsetNext;
    do elements.addElement(cursor.member);
    while (elements.count < count && next(value, cursor));
  }
  return { elements, order: givenOrder(elements.count), start: 0, end: elements.count };
}

function inOrder(call: Call, value: Value, options: SortOptions): Sorted {
  const elements = elementsOf(value);
  const { start, end } = window(options, elements.count);
  return { elements, order: orderOf(call, elements, options, start, end), start, end };
}

function elementsOf(value: Value): SortVector {
  const elements = new SortVector();
  const add = (element: Element) => elements.addElement(element);
  if (value.type === Type.LIST) listEach(value, add);
  else if (value.type === Type.SET) setEach(value, add);
  else zsetEach(value, add);
  return elements;
}

/** The elements to return: from `start` to before `end`. */
function window({ offset, count }: SortOptions, length: number): { start: number; end: number } {
  const start = Math.min(Math.max(offset, 0), length);
  return { start, end: count < 0 ? length : Math.min(start + count, length) };
}

/**
 * Returns the elements' indexes in the order asked for; only places `start` to `end` - 1 are certain to be right. Errors: a score that is
 * not a number.
 */
function orderOf(call: Call, elements: SortVector, options: SortOptions, start: number, end: number): Int32Array {
  const { by, unsorted, alphabetical, descending, store } = options;
  if (unsorted) {
    // A set has no order: it is returned as it comes, but sorted when it is stored, and for scripts.
    return store === 0 && !call.session.inScript ? givenOrder(elements.count) : orderByBytes(elements, descending);
  }
  const weights = by === null ? elements : weightsOf(call, elements, by);
  if (!alphabetical) return orderByNumber(elements, numbersOf(weights), descending, start, end);
  const isPart = by !== null && end - start < elements.count;
  // What is stored must not depend on where the server runs.
  const { collation } = call.server;
  const keys = collation.byBytes || store !== 0 ? weights : collated(weights, collation);
  return isPart ? orderPartByBytes(keys, descending, start, end) : orderByBytes(keys, descending);
}

/** Returns what these strings are compared by in the language of the server. */
function collated(strings: SortVector, collation: Collation): SortVector {
  const keys = new SortVector();
  for (let index = 0; index < strings.count; index++) {
    if (strings.isMissing(index)) {
      keys.addMissing();
      continue;
    }
    const key = collation.keyOf(strings.bytes, strings.start(index), strings.end(index));
    keys.add(key, 0, key.length);
  }
  return keys;
}

function weightsOf(call: Call, elements: SortVector, by: Buffer): SortVector {
  const pattern = new PatternKey(call, by);
  const weights = new SortVector();
  for (let index = 0; index < elements.count; index++) {
    if (pattern.look(elements.bytes, elements.start(index), elements.end(index))) weights.addElement(pattern.found);
    else weights.addMissing();
  }
  return weights;
}

/** A missing weight counts as 0. Errors: not a number. */
function numbersOf(weights: SortVector): Float64Array {
  const numbers = new Float64Array(weights.count);
  for (let index = 0; index < weights.count; index++) {
    const from = weights.start(index);
    const to = weights.end(index);
    const number = parseWeight(weights.bytes, from, to);
    if (number !== number) throw commandError("ERR One or more scores can't be converted into double");
    numbers[index] = number;
  }
  return numbers;
}

/** Visits what is returned for each element: itself, or what each GET finds for it; null if that is nothing. */
function eachResult(
  call: Call,
  { elements, order, start, end }: Sorted,
  get: readonly Buffer[],
  visit: (element: Element | null) => void,
): void {
  const patterns = get.map((pattern) => new PatternKey(call, pattern));
  const element = new Element();
  for (let at = start; at < end; at++) {
    const from = elements.start(order[at]);
    const to = elements.end(order[at]);
    if (patterns.length === 0) {
      element.bytes = elements.bytes;
      element.from = from;
      element.to = to;
      visit(element);
    }
    for (const pattern of patterns) visit(pattern.look(elements.bytes, from, to) ? pattern.found : null);
  }
}

function replyElements(call: Call, sorted: Sorted, { get }: SortOptions): void {
  const { reply } = call;
  reply.array(resultCount(sorted, get));
  eachResult(call, sorted, get, (element) => {
    if (element === null) reply.null();
    else reply.slice(element);
  });
}

function resultCount({ start, end }: Sorted, get: readonly Buffer[]): number {
  return Math.max(0, end - start) * Math.max(1, get.length);
}

const NOTHING = Buffer.alloc(0);

function storeElements(call: Call, sorted: Sorted, { get, store }: SortOptions): void {
  const length = resultCount(sorted, get);
  const draft = call.temporary(Type.LIST);
  const builder = new ListBuilder(draft);
  eachResult(call, sorted, get, (element) => {
    if (element === null) builder.add(NOTHING, 0, 0);
    else {
      const { bytes, from, to } = element.joined();
      builder.add(bytes, from, to);
    }
  });
  builder.finish();
  storeDraft(call, store, draft, length, EventClass.LIST, "sortstore");
  if (length > 0) call.server.keyspace.changed(length - 1); // the list itself has been counted
}

const STAR = 0x2a;
const HASH_SIGN = 0x23;

/** A pattern of BY or GET: the element takes the place of the first star in the name of a key, of which `->` names a field if it is a hash. */
class PatternKey {
  /** What `look` found; valid until the next look. */
  readonly found = new Element();
  private readonly call: Call;
  private readonly value: Value;
  /** `#`: the element itself. */
  private readonly itself: boolean;
  private readonly prefix: Buffer | null;
  private readonly suffix: Buffer;
  private readonly field: Buffer | null;
  private name = Buffer.allocUnsafeSlow(256);

  constructor(call: Call, pattern: Buffer) {
    this.call = call;
    this.value = new Value(call.server.keyspace, call);
    this.itself = pattern.length === 1 && pattern[0] === HASH_SIGN;
    const star = pattern.indexOf(STAR);
    const arrow = star === -1 ? -1 : pattern.indexOf("->", star + 1);
    const hasField = arrow !== -1 && arrow + 2 < pattern.length;
    this.prefix = star === -1 ? null : pattern.subarray(0, star);
    this.suffix = pattern.subarray(star + 1, hasField ? arrow : pattern.length);
    this.field = hasField ? pattern.subarray(arrow + 2) : null;
  }

  /** Looks up the key that the pattern makes of the element bytes[from, to). Returns whether there is such a string or field. */
  look(bytes: Buffer, from: number, to: number): boolean {
    const { found, prefix, field, value } = this;
    if (this.itself) {
      found.bytes = bytes;
      found.from = from;
      found.to = to;
      return true;
    }
    if (prefix === null) return false;
    const length = this.nameFor(prefix, bytes, from, to);
    const { call } = this;
    const { database } = call;
    const address = database.read(call, this.name, 0, length);
    if (address === 0) return false;
    if (field !== null) {
      if (database.type(address) !== Type.HASH) return false;
      value.open(database, address, call.keyHash, Type.HASH, this.name, 0, length);
      return hashGet(value, field, 0, field.length, found);
    }
    if (database.type(address) !== Type.STRING) return false;
    const span = database.locateString(address);
    found.bytes = span.buffer;
    found.from = span.from;
    found.to = span.to;
    return true;
  }

  /** Writes the key's name to `name`. Returns its length. */
  private nameFor(prefix: Buffer, bytes: Buffer, from: number, to: number): number {
    const length = prefix.length + to - from + this.suffix.length;
    if (length > this.name.length) this.name = Buffer.allocUnsafeSlow(length * 2);
    const afterPrefix = copyBytes(this.name, 0, prefix, 0, prefix.length);
    const afterElement = copyBytes(this.name, afterPrefix, bytes, from, to);
    copyBytes(this.name, afterElement, this.suffix, 0, this.suffix.length);
    return length;
  }
}
