/** Members of a geospatial index that are in a circle or a box: replied or stored. GEORADIUS and the like are older forms of GEOSEARCH. */

import { GeoArea, Shape } from "../../algorithms/geo/geo-area.ts";
import { GeoResults, Order } from "../../algorithms/geo/geo-search.ts";
import { decodeScore } from "../../algorithms/geo/geohash.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { Element } from "../../memory/packed.ts";
import { zsetExpect, zsetInsert, zsetScore } from "../../values/sorted-set/zset.ts";
import { Type } from "../../values/value-types.ts";
import { longArgument } from "../arguments/numbers.ts";
import { storeDraft } from "../arguments/storing.ts";
import { scoreArgument } from "../sorted-set/sorted-set-arguments.ts";
import { placeArguments, replyDistance, replyPlace, unitArgument } from "./geo-places.ts";

const command = commandsOf("geo");

const UNIT = "unit('m' | 'km' | 'ft' | 'mi')";
const AREA = `from(FROMMEMBER member | FROMLONLAT fromlonlat(longitude latitude))
    by(circle(BYRADIUS radius ${UNIT}) | box(BYBOX width height ${UNIT})) [order(ASC | DESC)] [count-block(COUNT count [ANY])]`;
const PLACES = `string[]; if WITHCOORD | WITHDIST | WITHHASH: [member: string, distance if WITHDIST: decimal, hash if WITHHASH: int64,
    coordinates if WITHCOORD: [longitude: double, latitude: double]][]`;
const SEARCH_COST = "O(N+log(M)) for N members in and around the area, M of them in it";
const RADIUS_COST = "O(N+log(M)) for M members, N of them around the circle";

export const geosearch = command("geosearch", { arity: -7, since: "6.2.0", flags: "readonly" })
  .takes(`key{RO access} ${AREA} [WITHCOORD] [WITHDIST] [WITHHASH]`)
  .answers(PLACES)
  .docs("Finds the members of a geospatial index in a circle or a box.", SEARCH_COST)
  .changed("7.0.0: Units can be upper case.")
  .run((call) => search(call, Form.SEARCH));

export const geosearchstore = command("geosearchstore", { arity: -8, since: "6.2.0", flags: "write denyoom" })
  .takes(`destination{OW update} source{RO access} ${AREA} [STOREDIST]`)
  .answers("count")
  .docs("Stores the members of a geospatial index in a circle or a box in a key.", SEARCH_COST)
  .changed("7.0.0: Units can be upper case.")
  .run((call) => search(call, Form.SEARCH_STORE));

export const georadius = command("georadius", { arity: -6, since: "3.2.0", flags: "write denyoom movablekeys" })
  .takes(`key{RO access} longitude latitude radius ${UNIT} [WITHCOORD] [WITHDIST] [WITHHASH]
      [count-block(COUNT count [ANY@6.2.0])] [order(ASC | DESC)]
      [store(STORE storekey'key'{OW update from 6} | STOREDIST storedistkey'key'{OW update from 6})]`)
  .answers(`${PLACES}; if store: count`)
  .docs("Finds, and can store, the members of a geospatial index within a distance of a position.", RADIUS_COST)
  .deprecated("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with `BYRADIUS`")
  .changed("6.2.0: Added `ANY`.", "7.0.0: Units can be upper case.")
  .run((call) => search(call, Form.RADIUS));

export const georadiusbymember = command("georadiusbymember", { arity: -5, since: "3.2.0", flags: "write denyoom movablekeys" })
  .takes(`key{RO access} member radius ${UNIT} [WITHCOORD] [WITHDIST] [WITHHASH]
      [count-block(COUNT count [ANY])] [order(ASC | DESC)]
      [store(STORE storekey'key'{OW update from 5} | STOREDIST storedistkey'key'{OW update from 5})]`)
  .answers(`${PLACES}; if store: count`)
  .docs("Finds, and can store, the members of a geospatial index within a distance of a member.", RADIUS_COST)
  .deprecated("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with `BYRADIUS` and `FROMMEMBER`")
  .changed("7.0.0: Units can be upper case.")
  .run((call) => search(call, Form.RADIUS_BY_MEMBER));

export const georadius_ro = command("georadius_ro", { arity: -6, since: "3.2.10", flags: "readonly" })
  .takes(`key{RO access} longitude latitude radius ${UNIT} [WITHCOORD] [WITHDIST] [WITHHASH]
      [count-block(COUNT count [ANY@6.2.0])] [order(ASC | DESC)]`)
  .answers(PLACES)
  .docs("Finds the members of a geospatial index within a distance of a position.", RADIUS_COST)
  .deprecated("6.2.0", "`GEOSEARCH` with `BYRADIUS`")
  .changed("6.2.0: Added `ANY`.")
  .run((call) => search(call, Form.RADIUS_RO));

export const georadiusbymember_ro = command("georadiusbymember_ro", { arity: -5, since: "3.2.10", flags: "readonly" })
  .takes(`key{RO access} member radius ${UNIT} [WITHCOORD] [WITHDIST] [WITHHASH]
      [count-block(COUNT count [ANY])] [order(ASC | DESC)]`)
  .answers(PLACES)
  .docs("Finds the members of a geospatial index within a distance of a member.", RADIUS_COST)
  .deprecated("6.2.0", "`GEOSEARCH` with `BYRADIUS` and `FROMMEMBER`")
  .run((call) => search(call, Form.RADIUS_BY_MEMBER_RO));

/** The syntax of a command: its options start at argument `options`, after those at fixed places. */
interface Form {
  readonly source: number;
  readonly options: number;
  /** Where the circle's center is given: by options, or at argument 2. */
  readonly middle: "options" | "place" | "member";
  /** Where the results are stored: nowhere, where an option says, or at the key in argument 1. */
  readonly store: "never" | "option" | "always";
}

const Form = {
  SEARCH: { source: 1, options: 2, middle: "options", store: "never" },
  SEARCH_STORE: { source: 2, options: 3, middle: "options", store: "always" },
  RADIUS: { source: 1, options: 6, middle: "place", store: "option" },
  RADIUS_BY_MEMBER: { source: 1, options: 5, middle: "member", store: "option" },
  RADIUS_RO: { source: 1, options: 6, middle: "place", store: "never" },
  RADIUS_BY_MEMBER_RO: { source: 1, options: 5, middle: "member", store: "never" },
} as const satisfies Record<string, Form>;

/** What a request asks for. */
class Options {
  withCoordinates = false;
  withDistance = false;
  withScore = false;
  /** 0: all. */
  count = 0;
  any = false;
  order: Order = Order.NONE;
  /** The argument that names the destination, 0 for none. */
  store: number;
  storeDistances = false;
  fromMember = false;
  fromPlace = false;
  byRadius = false;
  byBox = false;

  constructor(store: number) {
    this.store = store;
  }
}

// Scratch.
let options = new Options(0);
const area = new GeoArea();
const results = new GeoResults();
const element = new Element();

function search(call: Call, form: Form): void {
  const zset = call.openRead(form.source, Type.ZSET);
  options = new Options(form.store === "always" ? 1 : 0);
  readCircle(call, zset, form);
  for (let index = form.options; index < call.count; index++) index = readOption(call, zset, form, index);
  checkOptions(call, form);
  if (zset.exists) {
    // The nearest few are known only once all are sorted.
    if (options.count > 0 && options.order === Order.NONE && !options.any) options.order = Order.NEAREST;
    results.search(zset, area, options.any ? options.count : 0);
  } else results.count = 0;
  if (options.store === 0) replyResults(call, zset);
  else storeResults(call, zset, form);
}

// ---- what is asked for

/** Reads the circle of GEORADIUS and the like. Without a sorted set that of GEORADIUSBYMEMBER is not read. */
function readCircle(call: Call, zset: Value, { middle }: Form): void {
  if (middle === "place") {
    placeArguments(call, 2, area.center);
    readRadius(call, 4);
  } else if (middle === "member" && zset.exists) {
    readMember(call, zset, 2);
    readRadius(call, 3);
  }
}

const notNumericRadius = commandError("ERR need numeric radius");
const notNumericWidth = commandError("ERR need numeric width");
const notNumericHeight = commandError("ERR need numeric height");

function readRadius(call: Call, index: number): void {
  const radius = scoreArgument(call, index, notNumericRadius);
  if (radius < 0) throw commandError("ERR radius cannot be negative");
  area.shape = Shape.CIRCLE;
  area.radius = radius;
  area.metres = unitArgument(call, index + 1);
}

function readBox(call: Call, index: number): void {
  const width = scoreArgument(call, index, notNumericWidth);
  const height = scoreArgument(call, index + 1, notNumericHeight);
  if (height < 0 || width < 0) throw commandError("ERR height or width cannot be negative");
  area.shape = Shape.BOX;
  area.width = width;
  area.height = height;
  area.metres = unitArgument(call, index + 2);
}

/** Makes the position of the member in argument `index` the center. */
function readMember({ frame }: Call, zset: Value, index: number): void {
  const from = frame.offsets[index];
  const score = zsetScore(zset, frame.buffer, from, from + frame.lengths[index]);
  if (score !== score) throw commandError("ERR could not decode requested zset member");
  decodeScore(score, area.center);
}

/** Reads the option at argument `index`. Returns its last argument. Errors: not an option, or not one of this command. */
function readOption(call: Call, zset: Value, form: Form, index: number): number {
  if (readFlag(call, index)) return index;
  const following = call.count - index - 1;
  if (following >= 1 && call.is(index, "count")) {
    options.count = longArgument(call, index + 1);
    if (options.count <= 0) throw commandError("ERR COUNT must be > 0");
    return index + 1;
  }
  if (form.store === "option" && following >= 1 && (call.is(index, "store") || call.is(index, "storedist"))) {
    options.store = index + 1;
    options.storeDistances = call.is(index, "storedist");
    return index + 1;
  }
  if (form.store === "always" && call.is(index, "storedist")) {
    options.storeDistances = true;
    return index;
  }
  if (form.middle !== "options") throw errors.syntax;
  return readArea(call, zset, index, following);
}

function readFlag(call: Call, index: number): boolean {
  if (call.is(index, "withdist")) options.withDistance = true;
  else if (call.is(index, "withhash")) options.withScore = true;
  else if (call.is(index, "withcoord")) options.withCoordinates = true;
  else if (call.is(index, "any")) options.any = true;
  else if (call.is(index, "asc")) options.order = Order.NEAREST;
  else if (call.is(index, "desc")) options.order = Order.FARTHEST;
  else return false;
  return true;
}

/** The options of GEOSEARCH that say where to look. */
function readArea(call: Call, zset: Value, index: number, following: number): number {
  if (following >= 1 && !options.fromPlace && call.is(index, "frommember")) {
    // Without a sorted set the request must only be well-formed.
    if (zset.exists) readMember(call, zset, index + 1);
    options.fromMember = true;
    return index + 1;
  }
  if (following >= 2 && !options.fromMember && call.is(index, "fromlonlat")) {
    placeArguments(call, index + 1, area.center);
    options.fromPlace = true;
    return index + 2;
  }
  if (following >= 2 && !options.byBox && call.is(index, "byradius")) {
    readRadius(call, index + 1);
    options.byRadius = true;
    return index + 2;
  }
  if (following >= 3 && !options.byRadius && call.is(index, "bybox")) {
    readBox(call, index + 1);
    options.byBox = true;
    return index + 3;
  }
  throw errors.syntax;
}

function checkOptions(call: Call, { middle, store }: Form): void {
  const { withCoordinates, withDistance, withScore } = options;
  if (options.store !== 0 && (withDistance || withScore || withCoordinates)) {
    const what = store === "always" ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS";
    throw commandError(`ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`);
  }
  if (middle === "options" && !options.fromMember && !options.fromPlace)
    throw commandError(`ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${call.text(0)}`);
  if (middle === "options" && !options.byRadius && !options.byBox)
    throw commandError(`ERR exactly one of BYRADIUS and BYBOX can be specified for ${call.text(0)}`);
  if (options.any && options.count === 0) throw commandError("ERR the ANY argument requires COUNT argument");
}

// ---- what is found

/** Returns how many results are wanted. */
function wantedCount(): number {
  return options.count === 0 ? results.count : Math.min(options.count, results.count);
}

function replyResults({ reply }: Call, zset: Value): void {
  const { withCoordinates, withDistance, withScore } = options;
  const wanted = wantedCount();
  const order = results.inOrder(options.order, wanted);
  const parts = 1 + Number(withDistance) + Number(withScore) + Number(withCoordinates);
  reply.array(wanted);
  for (let i = 0; i < wanted; i++) {
    const point = order[i];
    if (parts > 1) reply.array(parts);
    results.show(zset, point, element);
    reply.slice(element);
    if (withDistance) replyDistance(reply, results.distances[point] / area.metres);
    if (withScore) reply.integer(Math.trunc(results.scores[point]));
    if (withCoordinates) replyPlace(reply, results.longitudes[point], results.latitudes[point]);
  }
}

/** Stores what was found at the destination, with scores or distances, or deletes it if nothing was. */
function storeResults(call: Call, zset: Value, { store }: Form): void {
  const draft = call.temporary(Type.ZSET);
  const wanted = wantedCount();
  const order = results.inOrder(options.order, wanted);
  zsetExpect(draft, wanted, 0);
  for (let i = 0; i < wanted; i++) {
    const point = order[i];
    results.show(zset, point, element);
    const score = options.storeDistances ? results.distances[point] / area.metres : results.scores[point];
    zsetInsert(draft, score, element.bytes, element.from, element.to);
  }
  storeDraft(call, options.store, draft, wanted, EventClass.ZSET, store === "always" ? "geosearchstore" : "georadiusstore");
  if (wanted > 0) call.server.keyspace.changed(wanted - 1); // the sorted set itself has been counted
}
