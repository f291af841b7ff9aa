/** Geo commands, compared with a real Redis byte for byte: unsorted results too, whose order the cells of the map give. */
import { expect, test } from "bun:test";
import { connect, type RawClient } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";

const SICILY: readonly Request[] = [
  ["GEOADD", "Sicily", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania"],
  ["GEOADD", "Sicily", "12.758489", "38.788135", "edge1", "17.241510", "38.788135", "edge2"],
];
/** Scores that are no places, and places that several members share. */
const ODD: readonly Request[] = [
  [
    "ZADD",
    "odd",
    "-1",
    "minus",
    "-0.5",
    "less",
    "0",
    "zero",
    "7.9",
    "fraction",
    "1e300",
    "huge",
    "-1e300",
    "low",
    "inf",
    "inf",
    "-inf",
    "ninf",
  ],
  ["ZADD", "odd", "9007199254740994", "beyond", "4503599627370496", "edge", "13510798882111488", "corner", "18446744073709551616", "64"],
  ["GEOADD", "odd", "180", "85.05112878", "ne", "-180", "-85.05112878", "sw", "180", "-85.05112878", "se", "-180", "85.05112878", "nw"],
  ["GEOADD", "odd", "0", "0", "origin", "180", "0", "east", "-180", "0", "west", "0", "85.05112878", "north", "0", "-85.05112878", "south"],
];
const TEXT: Request = ["SET", "text", "x"];
const SOURCES: readonly Request[] = [...SICILY, ...ODD, TEXT];
const ODD_MEMBERS = "minus less zero fraction huge low inf ninf beyond edge corner 64 ne sw se nw origin east west north south".split(" ");
const BOGUS = ["x", "", "nan", "1e400", " 1", "-1", "inf", "1", "0x10", "1e-7"];
const UNITS = ["m", "km", "ft", "mi", "M", "Km", "yd", ""];

/** Scores as numbers: 7.2 writes them with fewer digits than 7.0. */
function numbers(reply: string, [command]: Request): string {
  return command === "ZRANGE" ? reply.replace(/(?:\$\d+\r\n|,)(-?\d[\d.e+-]*)\r\n/g, (_, digits) => `${Number(digits)}\r\n`) : reply;
}

/** As many places, in clusters so that many are near each other, some members at the same place. */
function cloud(random: Random, count: number, name: string, prefix = "m"): Request[] {
  const requests: Request[] = [];
  let words: string[] = [];
  let [longitude, latitude] = [0, 0];
  for (let i = 0; i < count; i++) {
    if (i % 20 === 0) {
      longitude = random.next() * 360 - 180;
      latitude = random.next() * 170 - 85;
    }
    const spreadOut = 10 ** -random.below(6);
    if (random.chance(0.7)) longitude = Math.min(180, Math.max(-180, longitude + (random.next() - 0.5) * spreadOut));
    if (random.chance(0.7)) latitude = Math.min(85, Math.max(-85, latitude + (random.next() - 0.5) * spreadOut));
    words.push(String(longitude), String(latitude), prefix + i);
    if (words.length >= 300) {
      requests.push(["GEOADD", name, ...words]);
      words = [];
    }
  }
  if (words.length > 0) requests.push(["GEOADD", name, ...words]);
  return requests;
}

/** One search: of any form, with any options that go together. */
function anySearch(random: Random, sources: readonly string[], member: () => string): Request {
  const { pick, chance } = { pick: <T>(from: readonly T[]) => random.pick(from), chance: (p: number) => random.chance(p) };
  const size = () => (10 ** (random.next() * 9 - 1)).toPrecision(5);
  const place = () => [(random.next() * 360 - 180).toFixed(4), (random.next() * 170 - 85).toFixed(4)];
  const unit = () => pick(["m", "km", "ft", "mi"]);
  const options: string[] = [];
  if (chance(0.5)) options.push("COUNT", String(random.between(1, 30)), ...(chance(0.4) ? ["ANY"] : []));
  if (chance(0.6)) options.push(pick(["ASC", "DESC"]));
  const shown = ["WITHDIST", "WITHHASH", "WITHCOORD"].filter(() => chance(0.4));
  const form = pick([
    "GEOSEARCH",
    "GEOSEARCH",
    "GEOSEARCH",
    "GEOSEARCHSTORE",
    "GEORADIUS",
    "GEORADIUSBYMEMBER",
    "GEORADIUS_RO",
    "GEORADIUSBYMEMBER_RO",
  ]);
  const source = pick(sources);
  if (form.startsWith("GEOSEARCH")) {
    const from = chance(0.5) ? ["FROMMEMBER", member()] : ["FROMLONLAT", ...place()];
    const by = chance(0.5) ? ["BYRADIUS", size(), unit()] : ["BYBOX", size(), size(), unit()];
    if (form === "GEOSEARCH") return [form, source, ...from, ...by, ...options, ...shown];
    return [form, "stored", source, ...from, ...by, ...options, ...(chance(0.5) ? ["STOREDIST"] : [])];
  }
  const from = form.startsWith("GEORADIUSBYMEMBER") ? [member()] : place();
  const stores = !form.endsWith("_RO") && chance(0.3);
  return [form, source, ...from, size(), unit(), ...options, ...(stores ? [pick(["STORE", "STOREDIST"]), "stored"] : shown)];
}

describeWithRedis("geo commands answer as Redis does", () => {
  const comparison = useComparison();

  for (const protocol of [2, 3] as const) {
    test(`places in and asked for, RESP${protocol}`, async () => {
      const requests: Request[] = [...SOURCES];
      for (const name of ["Sicily", "odd", "missing", "text"]) {
        const members = name === "odd" ? ODD_MEMBERS : ["Palermo", "Catania", "nobody", "", "Palermo"];
        requests.push(["GEOPOS", name], ["GEOHASH", name], ["GEOPOS", name, ...members], ["GEOHASH", name, ...members]);
        requests.push(["ZRANGE", name, "0", "-1", "WITHSCORES"], ["GEODIST", name, "Palermo"], ["GEODIST", name]);
        for (const a of members) for (const b of members) requests.push(["GEODIST", name, a, b]);
        for (const unit of UNITS)
          requests.push(["GEODIST", name, members[0], members[1], unit], ["GEODIST", name, "nobody", "Catania", unit]);
        requests.push(["GEODIST", name, "Palermo", "Catania", "km", "x"], ["GEODIST", name, "Palermo", "Catania", "x", "x"]);
      }
      await comparison().compare([requests], { protocol, mask: numbers });
    });

    test(`GEOADD with its options, RESP${protocol}`, async () => {
      const requests: Request[] = [...SOURCES];
      for (const options of [[], ["NX"], ["XX"], ["CH"], ["nx", "ch"], ["xx", "Ch"], ["CH", "CH", "XX"]]) {
        for (const name of ["Sicily", "text", "missing", "odd"]) {
          requests.push(
            ["GEOADD", name, ...options, "13.5", "38.5", "Palermo", "1", "2", "new", "1", "2", "new"],
            ["GEOPOS", name, "Palermo", "new"],
          );
          requests.push(["GEOADD", name, ...options, "13.361389", "38.115556", "Palermo", "1.5", "2", "new"], ["ZCARD", name]);
        }
        requests.push(["DEL", "missing"], ["ZREM", "Sicily", "new"]);
      }
      await comparison().compare([requests], { protocol, mask: numbers });
    });
  }

  test("bad requests get the same errors, in the same order", async () => {
    const requests: Request[] = [...SOURCES];
    for (const name of ["Sicily", "text", "missing"]) {
      for (const words of [
        "NX XX 1 2 a",
        "NX XX CH",
        "NX NX NX",
        "CH 1 2",
        "1 2 a 3",
        "1 2 a 3 4",
        "INCR 1 2 a",
        "GT 1 2 a",
        "XX 1 2 a x y z",
      ]) {
        requests.push(["GEOADD", name, ...words.split(" ")]);
      }
      for (const bad of [...BOGUS, "181", "-180.0000001", "200.0078125", "1e22", "85.1", "-86"]) {
        requests.push(["GEOADD", name, bad, "10", "a"], ["GEOADD", name, "10", bad, "a"], ["GEOADD", name, "1", "1", "a", bad, "x", "b"]);
        requests.push(
          ["GEORADIUS", name, bad, "10", "x", "y"],
          ["GEORADIUS", name, "10", bad, "1", "m"],
          ["GEORADIUS", name, "10", "10", bad, "m"],
        );
        requests.push(["GEORADIUSBYMEMBER", name, "Palermo", bad, "m"], ["GEORADIUSBYMEMBER", name, "nobody", bad, "m"]);
        requests.push(
          ["GEOSEARCH", name, "FROMLONLAT", bad, "10", "BYRADIUS", "1", "km"],
          ["GEOSEARCH", name, "FROMLONLAT", "10", bad, "BYBOX", "1", "1", "km"],
        );
        requests.push(
          ["GEOSEARCH", name, "FROMMEMBER", "Palermo", "BYRADIUS", bad, "km"],
          ["GEOSEARCH", name, "FROMMEMBER", "Palermo", "BYBOX", bad, "7", "km"],
        );
        requests.push(
          ["GEOSEARCH", name, "FROMMEMBER", "Palermo", "BYBOX", "7", bad, "km"],
          ["GEOSEARCH", name, "BYBOX", "x", bad, "yd", "ASC", "COUNT"],
        );
        requests.push(["GEOSEARCH", name, "FROMMEMBER", "Palermo", "BYRADIUS", "200", "km", "COUNT", bad]);
      }
      for (const unit of UNITS) {
        requests.push(["GEORADIUS", name, "15", "37", "200", unit], ["GEORADIUSBYMEMBER", name, "Palermo", "200", unit, "bogus"]);
        requests.push(
          ["GEOSEARCH", name, "FROMMEMBER", "Catania", "BYRADIUS", "200", unit],
          ["GEOSEARCH", name, "FROMMEMBER", "Catania", "BYBOX", "2", "9", unit],
        );
      }
    }
    await comparison().compare([requests], { mask: numbers });
  });

  const SEARCHES = [
    "",
    "ASC",
    "DESC ASC",
    "COUNT",
    "COUNT 0",
    "COUNT -1",
    "COUNT 1",
    "COUNT 1 ANY",
    "ANY COUNT 1",
    "ANY",
    "COUNT 2 COUNT 1",
    "COUNT x",
    "COUNT 9223372036854775807",
    "COUNT 9223372036854775808",
    "COUNT ANY",
    "withcoord",
    "WITHDIST",
    "WITHHASH",
    "WITHCOORD WITHDIST WITHHASH",
    "WITHDIST WITHDIST DESC COUNT 2 ANY",
    "STORE",
    "STOREDIST",
    "STORE stored",
    "STOREDIST stored",
    "STORE stored WITHDIST",
    "STOREDIST stored WITHHASH COUNT 1",
    "STORE stored WITHCOORD ANY",
    "STORE a STOREDIST stored",
    "STOREDIST a STORE stored",
    "STORE stored COUNT 1 DESC",
    "STOREDIST text",
    "STORE Sicily COUNT 2",
    "FROMMEMBER",
    "FROMMEMBER Catania",
    "FROMMEMBER nobody",
    "FROMLONLAT 15 37",
    "FROMLONLAT 15",
    "BYRADIUS 100 km",
    "BYRADIUS 100",
    "BYRADIUS -1 km",
    "BYRADIUS 100 x",
    "BYBOX 100 200 km",
    "BYBOX 100 200",
    "BYBOX -1 200 km",
    "BYBOX 1 -2 km",
    "BYBOX 100 km",
    "junk",
    "ASC junk",
    "STOREDIST ASC",
    "ANY COUNT 0",
    "STORE",
    "WITHDIST STORE stored ANY",
  ];
  const PLACES = [
    "",
    "FROMMEMBER Palermo",
    "FROMLONLAT 15 37",
    "FROMMEMBER Palermo FROMLONLAT 15 37",
    "FROMLONLAT 15 37 FROMMEMBER Palermo",
    "FROMMEMBER nobody FROMMEMBER Palermo",
  ];
  const AREAS = [
    "",
    "BYRADIUS 200 km",
    "BYBOX 400 400 km",
    "BYRADIUS 1 m BYRADIUS 200 KM",
    "BYBOX 1 1 m BYBOX 300 MI",
    "BYRADIUS 200 km BYBOX 400 400 km",
    "BYBOX 4 4 km BYRADIUS 2 km",
  ];

  for (const protocol of [2, 3] as const) {
    test(`every option of GEORADIUS and its kin, RESP${protocol}`, async () => {
      const requests: Request[] = [...SOURCES];
      for (const options of SEARCHES) {
        const words = options === "" ? [] : options.split(" ");
        for (const name of ["Sicily", "missing", "text"]) {
          for (const suffix of ["", "_RO"]) {
            requests.push([`GEORADIUS${suffix}`, name, "15", "37", "200", "km", ...words], ["ZRANGE", "stored", "0", "-1", "WITHSCORES"]);
            requests.push(
              [`GEORADIUSBYMEMBER${suffix}`, name, "Palermo", "300", "km", ...words],
              ["ZRANGE", "stored", "0", "-1", "WITHSCORES"],
            );
          }
          requests.push([`GEORADIUSBYMEMBER`, name, "nobody", "300", "km", ...words]);
        }
        requests.push(["DEL", "stored", "Sicily"], ...SICILY, TEXT);
      }
      await comparison().compare([requests], { protocol, mask: numbers });
    });

    test(`every option of GEOSEARCH and GEOSEARCHSTORE, RESP${protocol}`, async () => {
      const requests: Request[] = [...SOURCES];
      for (const options of SEARCHES) {
        const words = options === "" ? [] : options.split(" ");
        for (const name of ["Sicily", "missing", "text"]) {
          requests.push(["GEOSEARCH", name, "FROMLONLAT", "15", "37", "BYRADIUS", "200", "km", ...words]);
          requests.push(["GEOSEARCHSTORE", "stored", name, "FROMLONLAT", "15", "37", "BYRADIUS", "200", "km", ...words]);
          requests.push(["ZRANGE", "stored", "0", "-1", "WITHSCORES"]);
        }
      }
      for (const place of PLACES) {
        for (const area of AREAS) {
          for (const words of [`${place} ${area} ASC`, `${area} DESC ${place}`, `any ${place} ${area} WITHDIST`]) {
            const given = words.split(" ").filter((word) => word !== "");
            for (const name of ["Sicily", "missing"]) {
              requests.push(
                ["GeoSearch", name, ...given, "ASC", "DESC", "ASC"],
                ["geosearchSTORE", "stored", name, ...given, "ASC", "ASC"],
              );
            }
          }
        }
      }
      await comparison().compare([requests], { protocol, mask: numbers });
    });
  }

  test("searches over odd scores and the edges of the map", async () => {
    const requests: Request[] = [...SOURCES];
    for (const member of ODD_MEMBERS) {
      for (const [size, unit] of [
        ["0", "m"],
        ["1e-300", "m"],
        ["1", "m"],
        ["500", "km"],
        ["6000", "km"],
        ["12000", "mi"],
        ["21000", "km"],
        ["1e9", "km"],
        ["inf", "m"],
      ]) {
        const order = size === "0" || size === "1" ? [] : ["ASC"];
        requests.push(["GEOSEARCH", "odd", "FROMMEMBER", member, "BYRADIUS", size, unit]);
        requests.push(["GEOSEARCH", "odd", "FROMMEMBER", member, "BYBOX", size, size, unit, "WITHHASH", "WITHCOORD"]);
        requests.push(["GEOSEARCH", "odd", "FROMMEMBER", member, "BYRADIUS", size, unit, "COUNT", "3", "ANY", ...order]);
      }
    }
    await comparison().compare([requests], { mask: numbers });
  });

  test("results that are equally far away come in the same order, however many are wanted", async () => {
    for (const members of [5, 7, 8, 41, 100, 200]) {
      const requests: Request[] = [];
      const random = new Random(members);
      for (let i = 0; i < members; i++) {
        const step = random.below(4);
        requests.push(["GEOADD", "k", String(10 + step), "50", `m${random.below(10_000)}`]);
      }
      for (const order of [[], ["ASC"], ["DESC"]]) {
        const search: Request = ["GEOSEARCH", "k", "FROMLONLAT", "10.1", "50.1", "BYRADIUS", "1000", "km", ...order, "WITHDIST"];
        requests.push(search);
        for (const count of [1, 2, 3, 6, 7, 20, 40, 99, 100, 150, 1000]) {
          requests.push([...search, "COUNT", String(count)], [...search, "COUNT", String(count), "ANY"]);
        }
      }
      await comparison().compare([requests], { mask: numbers });
    }
  });

  test("random places and searches, small sets and large", async () => {
    for (const count of [100, 128, 129, 2500]) {
      const random = new Random(count);
      const requests = cloud(random, count, "a");
      requests.push(...cloud(random, 40, "b"));
      const member = () => (random.chance(0.02) ? "nobody" : `m${random.below(random.chance(0.5) ? 40 : count)}`);
      for (let i = 0; i < 250; i++) {
        requests.push(anySearch(random, ["a", "a", "a", "b", "stored", "missing"], member));
        if (i % 5 === 0) requests.push(["ZRANGE", "stored", "0", "-1", "WITHSCORES"], ["OBJECT", "ENCODING", "stored"]);
        if (i % 25 === 0)
          requests.push(["GEOPOS", "a", member(), member()], ["GEOHASH", "a", member()], ["GEODIST", "a", member(), member(), "ft"]);
      }
      await comparison().compare([requests], { mask: numbers });
    }
  });

  test("what geo commands leave behind is what Redis leaves", async () => {
    const { ours, theirs } = await effectsOf(comparison(), [
      ...SICILY,
      ["GEOADD", "Sicily", "NX", "1", "1", "Palermo"],
      ["GEOADD", "Sicily", "XX", "ch", "1", "1", "Palermo", "2", "2", "nobody"],
      ["GEOADD", "Sicily", "1", "1", "Palermo"],
      ["GEOADD", "none", "XX", "1", "1", "Palermo"],
      ["GEOADD", "Sicily", "200", "1", "Palermo"],
      ["GEOSEARCHSTORE", "to", "Sicily", "FROMLONLAT", "15", "37", "BYRADIUS", "400", "km", "ASC"],
      ["GEOSEARCHSTORE", "to", "Sicily", "FROMLONLAT", "15", "37", "BYRADIUS", "400", "km", "STOREDIST"],
      ["GEOSEARCHSTORE", "to", "Sicily", "FROMLONLAT", "-15", "-37", "BYRADIUS", "1", "km"],
      ["GEOSEARCHSTORE", "to", "Sicily", "FROMLONLAT", "-15", "-37", "BYRADIUS", "1", "km"],
      ["GEORADIUS", "Sicily", "15", "37", "400", "km", "STORE", "to"],
      ["GEORADIUS", "Sicily", "15", "37", "400", "km"],
      ["GEORADIUSBYMEMBER", "Sicily", "Catania", "400", "km", "STOREDIST", "to"],
      ["EXPIRE", "to", "1000"],
      ["GEORADIUSBYMEMBER", "Sicily", "Catania", "400", "km", "STOREDIST", "to"],
      ["TTL", "to"],
      ["GEORADIUS", "missing", "15", "37", "400", "km", "STORE", "to"],
      ["SET", "to", "text"],
      ["GEOSEARCHSTORE", "to", "Sicily", "FROMMEMBER", "Catania", "BYBOX", "400", "400", "km", "COUNT", "1"],
      ["GEOSEARCHSTORE", "Sicily", "Sicily", "FROMMEMBER", "Catania", "BYBOX", "400", "400", "km"],
    ]);
    expect(ours).toEqual(theirs);
  });

  test("changes are counted as Redis counts them", async () => {
    const counted = async (client: RawClient, requests: readonly Request[]) => {
      await client.command("FLUSHALL");
      const changes = async () =>
        Number(/rdb_changes_since_last_save:(\d+)/.exec((await client.command("INFO", "persistence")).toString())?.[1]);
      const counts: number[] = [];
      for (const request of requests) {
        const before = await changes();
        await client.command(...request);
        counts.push((await changes()) - before);
      }
      return counts;
    };
    const requests: Request[] = [
      ...SICILY,
      ["GEOADD", "Sicily", "1", "1", "Palermo", "2", "2", "new"],
      ["GEOSEARCHSTORE", "to", "Sicily", "FROMLONLAT", "15", "37", "BYRADIUS", "400", "km"],
      ["GEORADIUS", "Sicily", "15", "37", "400", "km", "COUNT", "1", "STORE", "to"],
      ["GEORADIUS", "missing", "15", "37", "400", "km", "STORE", "to"],
      ["GEORADIUS", "missing", "15", "37", "400", "km", "STORE", "to"],
    ];
    const ours = await connect(comparison().ours.port);
    const redis = await connect(comparison().redis.port);
    try {
      expect(await counted(ours, requests)).toEqual(await counted(redis, requests));
    } finally {
      ours.close();
      redis.close();
    }
  });
});
