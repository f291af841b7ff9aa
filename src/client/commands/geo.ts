/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addRows, type AllOrNone, type AtMostOne, type Double, type Exactly, type Integer, type OneOf, type OneOrMore } from "../arguments.ts";
import type { Answer, Convert, Mode, Text } from "../command-base.ts";
import { each, named, toNumber, type IfOption, type Joined } from "../converting.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { GenericCommands } from "./generic.ts";

export type GeoaddOptions = {
  ch?: boolean | undefined;
} &
  AtMostOne<{ nx?: boolean | undefined } | { xx?: boolean | undefined }>;

const GEOADD_OPTIONS = knownOptions("GEOADD", { nx: true, xx: true, ch: true });

export type GeodistOptions = AtMostOne<{ m?: boolean | undefined } | { km?: boolean | undefined } | { ft?: boolean | undefined } | { mi?: boolean | undefined }>;

const GEODIST_OPTIONS = knownOptions("GEODIST", { m: true, km: true, ft: true, mi: true });

export type GeoradiusOptions = {
  withCoord?: boolean | undefined;
  withDist?: boolean | undefined;
  withHash?: boolean | undefined;
} &
  AllOrNone<{ count: Integer; any?: boolean | undefined }> &
  AtMostOne<{ asc?: boolean | undefined } | { desc?: boolean | undefined }> &
  AtMostOne<{ store?: Word | undefined } | { storeDist?: Word | undefined }>;

const GEORADIUS_OPTIONS = knownOptions("GEORADIUS", { withCoord: true, withDist: true, withHash: true, count: true, any: true, asc: true, desc: true, store: true, storeDist: true });

export type GeoradiusRoOptions = {
  withCoord?: boolean | undefined;
  withDist?: boolean | undefined;
  withHash?: boolean | undefined;
} &
  AllOrNone<{ count: Integer; any?: boolean | undefined }> &
  AtMostOne<{ asc?: boolean | undefined } | { desc?: boolean | undefined }>;

const GEORADIUS_RO_OPTIONS = knownOptions("GEORADIUS_RO", { withCoord: true, withDist: true, withHash: true, count: true, any: true, asc: true, desc: true });

export type GeoradiusbymemberOptions = {
  withCoord?: boolean | undefined;
  withDist?: boolean | undefined;
  withHash?: boolean | undefined;
} &
  AllOrNone<{ count: Integer; any?: boolean | undefined }> &
  AtMostOne<{ asc?: boolean | undefined } | { desc?: boolean | undefined }> &
  AtMostOne<{ store?: Word | undefined } | { storeDist?: Word | undefined }>;

const GEORADIUSBYMEMBER_OPTIONS = knownOptions("GEORADIUSBYMEMBER", { withCoord: true, withDist: true, withHash: true, count: true, any: true, asc: true, desc: true, store: true, storeDist: true });

export type GeoradiusbymemberRoOptions = {
  withCoord?: boolean | undefined;
  withDist?: boolean | undefined;
  withHash?: boolean | undefined;
} &
  AllOrNone<{ count: Integer; any?: boolean | undefined }> &
  AtMostOne<{ asc?: boolean | undefined } | { desc?: boolean | undefined }>;

const GEORADIUSBYMEMBER_RO_OPTIONS = knownOptions("GEORADIUSBYMEMBER_RO", { withCoord: true, withDist: true, withHash: true, count: true, any: true, asc: true, desc: true });

export type GeosearchOptions = {
  withCoord?: boolean | undefined;
  withDist?: boolean | undefined;
  withHash?: boolean | undefined;
} &
  AtMostOne<{ asc?: boolean | undefined } | { desc?: boolean | undefined }> &
  AllOrNone<{ count: Integer; any?: boolean | undefined }>;

const GEOSEARCH_OPTIONS = knownOptions("GEOSEARCH", { asc: true, desc: true, count: true, any: true, withCoord: true, withDist: true, withHash: true });
const GEOSEARCH_FROM_OPTIONS = knownOptions("GEOSEARCH: from", { fromMember: true, fromLonLat: true });
const GEOSEARCH_FROM_FROM_LON_LAT_OPTIONS = knownOptions("GEOSEARCH: from.fromLonLat", { longitude: true, latitude: true });
const GEOSEARCH_BY_OPTIONS = knownOptions("GEOSEARCH: by", { byRadius: true, byBox: true });
const GEOSEARCH_BY_BY_RADIUS_OPTIONS = knownOptions("GEOSEARCH: by.byRadius", { radius: true, unit: true });
const GEOSEARCH_BY_BY_BOX_OPTIONS = knownOptions("GEOSEARCH: by.byBox", { width: true, height: true, unit: true });

export type GeosearchstoreOptions = {
  storeDist?: boolean | undefined;
} &
  AtMostOne<{ asc?: boolean | undefined } | { desc?: boolean | undefined }> &
  AllOrNone<{ count: Integer; any?: boolean | undefined }>;

const GEOSEARCHSTORE_OPTIONS = knownOptions("GEOSEARCHSTORE", { asc: true, desc: true, count: true, any: true, storeDist: true });
const GEOSEARCHSTORE_FROM_OPTIONS = knownOptions("GEOSEARCHSTORE: from", { fromMember: true, fromLonLat: true });
const GEOSEARCHSTORE_FROM_FROM_LON_LAT_OPTIONS = knownOptions("GEOSEARCHSTORE: from.fromLonLat", { longitude: true, latitude: true });
const GEOSEARCHSTORE_BY_OPTIONS = knownOptions("GEOSEARCHSTORE: by", { byRadius: true, byBox: true });
const GEOSEARCHSTORE_BY_BY_RADIUS_OPTIONS = knownOptions("GEOSEARCHSTORE: by.byRadius", { radius: true, unit: true });
const GEOSEARCHSTORE_BY_BY_BOX_OPTIONS = knownOptions("GEOSEARCHSTORE: by.byBox", { width: true, height: true, unit: true });

/** Commands of the group "geo", and of those before it. */
export abstract class GeoCommands<M extends Mode> extends GenericCommands<M> {
  /** Adds members with their positions to a geospatial index. Since 3.2.0. */
  geoadd(key: Word, data: Iterable<readonly [Double, Double, Word]>, options?: GeoaddOptions): Answer<M, number> {
    if (arguments.length > 3) throw tooMany("GEOADD", arguments.length, 3);
    const words: Word[] = ["GEOADD", key];
    if (options !== undefined) {
      requireKnown(options, GEOADD_OPTIONS);
      if (options.nx) words.push("NX");
      if (options.xx) words.push("XX");
      if (options.ch) words.push("CH");
    }
    addRows(words, data, "longitude, latitude, member");
    return this.run(words);
  }

  /** Returns the distance between two members of a geospatial index. Since 3.2.0. */
  geodist(key: Word, member1: Word, member2: Word, options?: GeodistOptions): Answer<M, number | null> {
    if (arguments.length > 4) throw tooMany("GEODIST", arguments.length, 4);
    const words: Word[] = ["GEODIST", key, member1, member2];
    if (options !== undefined) {
      requireKnown(options, GEODIST_OPTIONS);
      if (options.m) words.push("m");
      if (options.km) words.push("km");
      if (options.ft) words.push("ft");
      if (options.mi) words.push("mi");
    }
    return this.run(words, toNumber);
  }

  /** Returns the positions of members of a geospatial index as geohash strings. Since 3.2.0. */
  geohash(key: Word, members?: OneOrMore<Word>): Answer<M, (Text<M> | null)[]> {
    if (arguments.length > 2) throw tooMany("GEOHASH", arguments.length, 2);
    const words: Word[] = ["GEOHASH", key];
    if (members !== undefined) addAll(words, members);
    return this.run(words);
  }

  /** Returns the longitudes and latitudes of members of a geospatial index. Since 3.2.0. */
  geopos(key: Word, members?: OneOrMore<Word>): Answer<M, ([longitude: number, latitude: number] | null)[]> {
    if (arguments.length > 2) throw tooMany("GEOPOS", arguments.length, 2);
    const words: Word[] = ["GEOPOS", key];
    if (members !== undefined) addAll(words, members);
    return this.run(words);
  }

  /**
   * Finds, and can store, the members of a geospatial index within a distance of a position. Since 3.2.0.
   *
   * @deprecated since 6.2.0: GEOSEARCH and GEOSEARCHSTORE with BYRADIUS
   */
  georadius(key: Word, longitude: Double, latitude: Double, radius: Double, unit: "m" | "km" | "ft" | "mi", options: GeoradiusOptions & ({ store: Word } | { storeDist: Word })): Answer<M, number>;
  georadius<O extends GeoradiusOptions>(key: Word, longitude: Double, latitude: Double, radius: Double, unit: "m" | "km" | "ft" | "mi", options: Exactly<O, GeoradiusOptions> & ({ withCoord: true } | { withDist: true } | { withHash: true })): Answer<M, Joined<{ member: Text<M> } & IfOption<O, "withDist", { distance: number }> & IfOption<O, "withHash", { hash: number | bigint }> & IfOption<O, "withCoord", { coordinates: [longitude: number, latitude: number] }>>[]>;
  georadius(key: Word, longitude: Double, latitude: Double, radius: Double, unit: "m" | "km" | "ft" | "mi", options?: GeoradiusOptions & { withCoord?: false | undefined } & { withDist?: false | undefined } & { withHash?: false | undefined } & { store?: undefined; storeDist?: undefined }): Answer<M, Text<M>[]>;
  georadius(key: Word, longitude: Double, latitude: Double, radius: Double, unit: "m" | "km" | "ft" | "mi", options?: GeoradiusOptions): Answer<M, Text<M>[] | { member: Text<M>; distance?: number; hash?: number | bigint; coordinates?: [longitude: number, latitude: number] }[] | number>;
  georadius(key: Word, longitude: Double, latitude: Double, radius: Double, unit: "m" | "km" | "ft" | "mi", options?: GeoradiusOptions): Answer<M, unknown> {
    if (arguments.length > 6) throw tooMany("GEORADIUS", arguments.length, 6);
    const words: Word[] = ["GEORADIUS", key, longitude, latitude, radius, unit];
    if (options !== undefined) {
      requireKnown(options, GEORADIUS_OPTIONS);
      if (options.withCoord) words.push("WITHCOORD");
      if (options.withDist) words.push("WITHDIST");
      if (options.withHash) words.push("WITHHASH");
      if (options.count !== undefined) {
        words.push("COUNT", options.count);
        if (options.any) words.push("ANY");
      }
      if (options.asc) words.push("ASC");
      if (options.desc) words.push("DESC");
      if (options.store !== undefined) words.push("STORE", options.store);
      if (options.storeDist !== undefined) words.push("STOREDIST", options.storeDist);
    }
    let convert: Convert | undefined;
    if (options?.withCoord || options?.withDist || options?.withHash) convert = each(named(["member", options?.withDist && "distance", options?.withHash && "hash", options?.withCoord && "coordinates"], { "distance": toNumber }));
    if (options?.store !== undefined || options?.storeDist !== undefined) convert = undefined;
    return this.run(words, convert);
  }

  /**
   * Finds the members of a geospatial index within a distance of a position. Since 3.2.10.
   *
   * @deprecated since 6.2.0: GEOSEARCH with BYRADIUS
   */
  georadiusRo<O extends GeoradiusRoOptions>(key: Word, longitude: Double, latitude: Double, radius: Double, unit: "m" | "km" | "ft" | "mi", options: Exactly<O, GeoradiusRoOptions> & ({ withCoord: true } | { withDist: true } | { withHash: true })): Answer<M, Joined<{ member: Text<M> } & IfOption<O, "withDist", { distance: number }> & IfOption<O, "withHash", { hash: number | bigint }> & IfOption<O, "withCoord", { coordinates: [longitude: number, latitude: number] }>>[]>;
  georadiusRo(key: Word, longitude: Double, latitude: Double, radius: Double, unit: "m" | "km" | "ft" | "mi", options?: GeoradiusRoOptions & { withCoord?: false | undefined } & { withDist?: false | undefined } & { withHash?: false | undefined }): Answer<M, Text<M>[]>;
  georadiusRo(key: Word, longitude: Double, latitude: Double, radius: Double, unit: "m" | "km" | "ft" | "mi", options?: GeoradiusRoOptions): Answer<M, Text<M>[] | { member: Text<M>; distance?: number; hash?: number | bigint; coordinates?: [longitude: number, latitude: number] }[]>;
  georadiusRo(key: Word, longitude: Double, latitude: Double, radius: Double, unit: "m" | "km" | "ft" | "mi", options?: GeoradiusRoOptions): Answer<M, unknown> {
    if (arguments.length > 6) throw tooMany("GEORADIUS_RO", arguments.length, 6);
    const words: Word[] = ["GEORADIUS_RO", key, longitude, latitude, radius, unit];
    if (options !== undefined) {
      requireKnown(options, GEORADIUS_RO_OPTIONS);
      if (options.withCoord) words.push("WITHCOORD");
      if (options.withDist) words.push("WITHDIST");
      if (options.withHash) words.push("WITHHASH");
      if (options.count !== undefined) {
        words.push("COUNT", options.count);
        if (options.any) words.push("ANY");
      }
      if (options.asc) words.push("ASC");
      if (options.desc) words.push("DESC");
    }
    let convert: Convert | undefined;
    if (options?.withCoord || options?.withDist || options?.withHash) convert = each(named(["member", options?.withDist && "distance", options?.withHash && "hash", options?.withCoord && "coordinates"], { "distance": toNumber }));
    return this.run(words, convert);
  }

  /**
   * Finds, and can store, the members of a geospatial index within a distance of a member. Since 3.2.0.
   *
   * @deprecated since 6.2.0: GEOSEARCH and GEOSEARCHSTORE with BYRADIUS and FROMMEMBER
   */
  georadiusbymember(key: Word, member: Word, radius: Double, unit: "m" | "km" | "ft" | "mi", options: GeoradiusbymemberOptions & ({ store: Word } | { storeDist: Word })): Answer<M, number>;
  georadiusbymember<O extends GeoradiusbymemberOptions>(key: Word, member: Word, radius: Double, unit: "m" | "km" | "ft" | "mi", options: Exactly<O, GeoradiusbymemberOptions> & ({ withCoord: true } | { withDist: true } | { withHash: true })): Answer<M, Joined<{ member: Text<M> } & IfOption<O, "withDist", { distance: number }> & IfOption<O, "withHash", { hash: number | bigint }> & IfOption<O, "withCoord", { coordinates: [longitude: number, latitude: number] }>>[]>;
  georadiusbymember(key: Word, member: Word, radius: Double, unit: "m" | "km" | "ft" | "mi", options?: GeoradiusbymemberOptions & { withCoord?: false | undefined } & { withDist?: false | undefined } & { withHash?: false | undefined } & { store?: undefined; storeDist?: undefined }): Answer<M, Text<M>[]>;
  georadiusbymember(key: Word, member: Word, radius: Double, unit: "m" | "km" | "ft" | "mi", options?: GeoradiusbymemberOptions): Answer<M, Text<M>[] | { member: Text<M>; distance?: number; hash?: number | bigint; coordinates?: [longitude: number, latitude: number] }[] | number>;
  georadiusbymember(key: Word, member: Word, radius: Double, unit: "m" | "km" | "ft" | "mi", options?: GeoradiusbymemberOptions): Answer<M, unknown> {
    if (arguments.length > 5) throw tooMany("GEORADIUSBYMEMBER", arguments.length, 5);
    const words: Word[] = ["GEORADIUSBYMEMBER", key, member, radius, unit];
    if (options !== undefined) {
      requireKnown(options, GEORADIUSBYMEMBER_OPTIONS);
      if (options.withCoord) words.push("WITHCOORD");
      if (options.withDist) words.push("WITHDIST");
      if (options.withHash) words.push("WITHHASH");
      if (options.count !== undefined) {
        words.push("COUNT", options.count);
        if (options.any) words.push("ANY");
      }
      if (options.asc) words.push("ASC");
      if (options.desc) words.push("DESC");
      if (options.store !== undefined) words.push("STORE", options.store);
      if (options.storeDist !== undefined) words.push("STOREDIST", options.storeDist);
    }
    let convert: Convert | undefined;
    if (options?.withCoord || options?.withDist || options?.withHash) convert = each(named(["member", options?.withDist && "distance", options?.withHash && "hash", options?.withCoord && "coordinates"], { "distance": toNumber }));
    if (options?.store !== undefined || options?.storeDist !== undefined) convert = undefined;
    return this.run(words, convert);
  }

  /**
   * Finds the members of a geospatial index within a distance of a member. Since 3.2.10.
   *
   * @deprecated since 6.2.0: GEOSEARCH with BYRADIUS and FROMMEMBER
   */
  georadiusbymemberRo<O extends GeoradiusbymemberRoOptions>(key: Word, member: Word, radius: Double, unit: "m" | "km" | "ft" | "mi", options: Exactly<O, GeoradiusbymemberRoOptions> & ({ withCoord: true } | { withDist: true } | { withHash: true })): Answer<M, Joined<{ member: Text<M> } & IfOption<O, "withDist", { distance: number }> & IfOption<O, "withHash", { hash: number | bigint }> & IfOption<O, "withCoord", { coordinates: [longitude: number, latitude: number] }>>[]>;
  georadiusbymemberRo(key: Word, member: Word, radius: Double, unit: "m" | "km" | "ft" | "mi", options?: GeoradiusbymemberRoOptions & { withCoord?: false | undefined } & { withDist?: false | undefined } & { withHash?: false | undefined }): Answer<M, Text<M>[]>;
  georadiusbymemberRo(key: Word, member: Word, radius: Double, unit: "m" | "km" | "ft" | "mi", options?: GeoradiusbymemberRoOptions): Answer<M, Text<M>[] | { member: Text<M>; distance?: number; hash?: number | bigint; coordinates?: [longitude: number, latitude: number] }[]>;
  georadiusbymemberRo(key: Word, member: Word, radius: Double, unit: "m" | "km" | "ft" | "mi", options?: GeoradiusbymemberRoOptions): Answer<M, unknown> {
    if (arguments.length > 5) throw tooMany("GEORADIUSBYMEMBER_RO", arguments.length, 5);
    const words: Word[] = ["GEORADIUSBYMEMBER_RO", key, member, radius, unit];
    if (options !== undefined) {
      requireKnown(options, GEORADIUSBYMEMBER_RO_OPTIONS);
      if (options.withCoord) words.push("WITHCOORD");
      if (options.withDist) words.push("WITHDIST");
      if (options.withHash) words.push("WITHHASH");
      if (options.count !== undefined) {
        words.push("COUNT", options.count);
        if (options.any) words.push("ANY");
      }
      if (options.asc) words.push("ASC");
      if (options.desc) words.push("DESC");
    }
    let convert: Convert | undefined;
    if (options?.withCoord || options?.withDist || options?.withHash) convert = each(named(["member", options?.withDist && "distance", options?.withHash && "hash", options?.withCoord && "coordinates"], { "distance": toNumber }));
    return this.run(words, convert);
  }

  /** Finds the members of a geospatial index in a circle or a box. Since 6.2.0. */
  geosearch<O extends GeosearchOptions>(key: Word, from: OneOf<{ fromMember: Word } | { fromLonLat: { longitude: Double; latitude: Double } }>, by: OneOf<{ byRadius: { radius: Double; unit: "m" | "km" | "ft" | "mi" } } | { byBox: { width: Double; height: Double; unit: "m" | "km" | "ft" | "mi" } }>, options: Exactly<O, GeosearchOptions> & ({ withCoord: true } | { withDist: true } | { withHash: true })): Answer<M, Joined<{ member: Text<M> } & IfOption<O, "withDist", { distance: number }> & IfOption<O, "withHash", { hash: number | bigint }> & IfOption<O, "withCoord", { coordinates: [longitude: number, latitude: number] }>>[]>;
  geosearch(key: Word, from: OneOf<{ fromMember: Word } | { fromLonLat: { longitude: Double; latitude: Double } }>, by: OneOf<{ byRadius: { radius: Double; unit: "m" | "km" | "ft" | "mi" } } | { byBox: { width: Double; height: Double; unit: "m" | "km" | "ft" | "mi" } }>, options?: GeosearchOptions & { withCoord?: false | undefined } & { withDist?: false | undefined } & { withHash?: false | undefined }): Answer<M, Text<M>[]>;
  geosearch(key: Word, from: OneOf<{ fromMember: Word } | { fromLonLat: { longitude: Double; latitude: Double } }>, by: OneOf<{ byRadius: { radius: Double; unit: "m" | "km" | "ft" | "mi" } } | { byBox: { width: Double; height: Double; unit: "m" | "km" | "ft" | "mi" } }>, options?: GeosearchOptions): Answer<M, Text<M>[] | { member: Text<M>; distance?: number; hash?: number | bigint; coordinates?: [longitude: number, latitude: number] }[]>;
  geosearch(key: Word, from: OneOf<{ fromMember: Word } | { fromLonLat: { longitude: Double; latitude: Double } }>, by: OneOf<{ byRadius: { radius: Double; unit: "m" | "km" | "ft" | "mi" } } | { byBox: { width: Double; height: Double; unit: "m" | "km" | "ft" | "mi" } }>, options?: GeosearchOptions): Answer<M, unknown> {
    if (arguments.length > 4) throw tooMany("GEOSEARCH", arguments.length, 4);
    const words: Word[] = ["GEOSEARCH", key];
    if (options !== undefined) requireKnown(options, GEOSEARCH_OPTIONS);
    requireKnown(from, GEOSEARCH_FROM_OPTIONS);
    if (from.fromMember !== undefined) words.push("FROMMEMBER", from.fromMember);
    if (from.fromLonLat !== undefined) {
      words.push("FROMLONLAT");
      requireKnown(from.fromLonLat, GEOSEARCH_FROM_FROM_LON_LAT_OPTIONS);
      words.push(from.fromLonLat.longitude, from.fromLonLat.latitude);
    }
    requireKnown(by, GEOSEARCH_BY_OPTIONS);
    if (by.byRadius !== undefined) {
      words.push("BYRADIUS");
      requireKnown(by.byRadius, GEOSEARCH_BY_BY_RADIUS_OPTIONS);
      words.push(by.byRadius.radius, by.byRadius.unit);
    }
    if (by.byBox !== undefined) {
      words.push("BYBOX");
      requireKnown(by.byBox, GEOSEARCH_BY_BY_BOX_OPTIONS);
      words.push(by.byBox.width, by.byBox.height, by.byBox.unit);
    }
    if (options !== undefined) {
      if (options.asc) words.push("ASC");
      if (options.desc) words.push("DESC");
      if (options.count !== undefined) {
        words.push("COUNT", options.count);
        if (options.any) words.push("ANY");
      }
      if (options.withCoord) words.push("WITHCOORD");
      if (options.withDist) words.push("WITHDIST");
      if (options.withHash) words.push("WITHHASH");
    }
    let convert: Convert | undefined;
    if (options?.withCoord || options?.withDist || options?.withHash) convert = each(named(["member", options?.withDist && "distance", options?.withHash && "hash", options?.withCoord && "coordinates"], { "distance": toNumber }));
    return this.run(words, convert);
  }

  /** Stores the members of a geospatial index in a circle or a box in a key. Since 6.2.0. */
  geosearchstore(destination: Word, source: Word, from: OneOf<{ fromMember: Word } | { fromLonLat: { longitude: Double; latitude: Double } }>, by: OneOf<{ byRadius: { radius: Double; unit: "m" | "km" | "ft" | "mi" } } | { byBox: { width: Double; height: Double; unit: "m" | "km" | "ft" | "mi" } }>, options?: GeosearchstoreOptions): Answer<M, number> {
    if (arguments.length > 5) throw tooMany("GEOSEARCHSTORE", arguments.length, 5);
    const words: Word[] = ["GEOSEARCHSTORE", destination, source];
    if (options !== undefined) requireKnown(options, GEOSEARCHSTORE_OPTIONS);
    requireKnown(from, GEOSEARCHSTORE_FROM_OPTIONS);
    if (from.fromMember !== undefined) words.push("FROMMEMBER", from.fromMember);
    if (from.fromLonLat !== undefined) {
      words.push("FROMLONLAT");
      requireKnown(from.fromLonLat, GEOSEARCHSTORE_FROM_FROM_LON_LAT_OPTIONS);
      words.push(from.fromLonLat.longitude, from.fromLonLat.latitude);
    }
    requireKnown(by, GEOSEARCHSTORE_BY_OPTIONS);
    if (by.byRadius !== undefined) {
      words.push("BYRADIUS");
      requireKnown(by.byRadius, GEOSEARCHSTORE_BY_BY_RADIUS_OPTIONS);
      words.push(by.byRadius.radius, by.byRadius.unit);
    }
    if (by.byBox !== undefined) {
      words.push("BYBOX");
      requireKnown(by.byBox, GEOSEARCHSTORE_BY_BY_BOX_OPTIONS);
      words.push(by.byBox.width, by.byBox.height, by.byBox.unit);
    }
    if (options !== undefined) {
      if (options.asc) words.push("ASC");
      if (options.desc) words.push("DESC");
      if (options.count !== undefined) {
        words.push("COUNT", options.count);
        if (options.any) words.push("ANY");
      }
      if (options.storeDist) words.push("STOREDIST");
    }
    return this.run(words);
  }
}
