/** What the client is given that makes no sense, as programs without types give it: each is told what, and where. */
import { describe, expect, test } from "bun:test";
import { Client, defineFunction, defineScript } from "../../src/client/index.ts";
import { follow } from "../../src/follow/index.ts";
import { Replicant } from "../../src/index.ts";
import { Recorder } from "./method-calls.ts";

/** The client without types. */
// biome-ignore lint/suspicious/noExplicitAny: programs in JavaScript have no types
type Untyped = any;

const recorder: Untyped = new Recorder();
const AREA = [{ fromMember: "m" }, { byRadius: { radius: 1, unit: "km" } }] as const;

describe("options", () => {
  const cases: readonly (readonly [call: (c: Untyped) => unknown, message: string])[] = [
    [(c) => c.set("k", "v", { EX: 60 }), 'SET: there is no option "EX": is it ex?'],
    [(c) => c.set("k", "v", { expires: 60 }), 'SET: there is no option "expires": there are nx, xx, ifEq'],
    [(c) => c.zrange("k", 0, -1, { withscores: true }), 'ZRANGE: there is no option "withscores": is it withScores?'],
    [
      (c) => c.zrange("k", 0, 9, { byScore: true, limit: { offset: 0, cuont: 1 } }),
      'ZRANGE: limit: there is no option "cuont": is it count?',
    ],
    [(c) => c.geosearch("k", { fromMenber: "m" }, AREA[1]), 'GEOSEARCH: from: there is no option "fromMenber": is it fromMember?'],
    [(c) => c.geosearch("k", ...AREA, { withdist: true }), 'GEOSEARCH: there is no option "withdist": is it withDist?'],
    [(c) => c.xadd("k", "*", { a: 1 }, { maxlen: 5 }), 'XADD: there is no option "maxlen": is it maxLen?'],
    [(c) => c.xadd("k", "*", { a: 1 }, { maxLen: { approx: 5 } }), 'there is no option "approx": there are approximately, limit'],
    [(c) => c.clientKill({ ids: 1 }), 'CLIENT KILL: there is no option "ids": is it id?'],
    [(c) => c.set("k", "v", "EX", 60), "SET: the method takes 3 arguments at most, and is given 4"],
    [(c) => c.set("k", "v", "EX"), "SET: options are an object, with nx, xx, ifEq"],
    [(c) => c.set("k", "v", 60), "not a number"],
    [(c) => c.set("k", "v", null), "not null"],
    [(c) => c.set("k", "v", ["EX", 60]), "not an array"],
    [(c) => c.del("a", "b"), "DEL: the method takes one argument at most, and is given 2"],
    [(c) => c.configGet("a", "b"), "CONFIG GET: the method takes one argument at most"],
  ];
  for (const [call, message] of cases) test(message, () => expect(() => call(recorder)).toThrow(new RegExp(escaped(message))));

  test("that are undefined, or all left out, are none", () => {
    expect(recorder.set("k", "v", { ex: undefined, get: false })).toEqual(["SET", "k", "v"]);
    expect(recorder.set("k", "v", undefined)).toEqual(["SET", "k", "v"]);
  });
});

describe("options of what is no command", () => {
  test("of a connection", async () => {
    for (const [given, message] of [
      [["redis://localhost", { pasword: "x" }], 'Client.connect: there is no option "pasword": is it password?'],
      [[{ hostname: "x" }], 'Client.connect: there is no option "hostname": there are host, port'],
      [[{ reconnect: { patiense: 1 } }], 'Client.connect: reconnect: there is no option "patiense": is it patience?'],
      [
        [null],
        "a server is HOST:PORT, or a URL as redis://user:password@host:6379/0, rediss://host with TLS, or unix:///path, and not null",
      ],
      [["u:secret@h:1"], "a server is HOST:PORT, or a URL as redis://user:password@host:6379/0"],
      [[{ port: "6379" }], "a port is a whole number from 1 to 65535"],
      [["localhost:70000"], "a server is HOST:PORT"],
    ] as [Untyped[], string][]) {
      const error = await failure(() => (Client.connect as Untyped)(...given));
      expect(error).toContain(message);
      expect(error).not.toContain("secret");
    }
  });

  test("of methods", async () => {
    await using server = await Replicant.inProcess();
    const client: Untyped = server.client;
    expect(await failure(() => client.watch("k", async () => 1, { attempt: 3 }))).toBe(
      'watch: there is no option "attempt": is it attempts?',
    );
    expect(await failure(() => client.auth("p", { user: "x" }))).toBe('auth: there is no option "user": there are username');
    expect(() => client.subscribe("a", { limits: 1 })).toThrow('subscribe: there is no option "limits": is it limit?');
    expect(() => client.subscribe()).toThrow("subscribe: a subscription has one channel at least");
    expect(() => client.stream("s").read({ form: "0" })).toThrow('read: there is no option "form": is it from?');
    expect(() => client.stream("s").group("g").consume({ consumers: "c" })).toThrow(
      'consume: there is no option "consumers": is it consumer?',
    );
    expect(await failure(() => client.stream("s").group("g").create({ start: "0" }))).toBe(
      'create: there is no option "start": there are from',
    );
    expect(await failure(() => client.scan({ matches: "*" }).next())).toBe('SCAN: there is no option "matches": is it match?');
    expect(() => (defineScript as Untyped)({ numberOfKeys: 0, lua: "return 1", readonly: true })).toThrow(
      'defineScript: there is no option "readonly": is it readOnly?',
    );
    expect(() => (defineFunction as Untyped)({ name: "f", keys: 0, run: () => 1 })).toThrow('defineFunction: there is no option "keys"');
  });

  test("of a feed", () => {
    const untyped: Untyped = follow;
    for (const [given, message] of [
      [[], "follow: what is followed is a URL, HOST:PORT, or an array of them, and not undefined"],
      [[[]], "and not an empty array"],
      [[["localhost", 5]], "and not a number"],
      [["localhost", { key: "a*" }], 'follow: there is no option "key": is it keys?'],
      [["rediss://localhost", { tls: { CA: "" } }], 'follow: tls: there is no option "CA": is it ca?'],
    ] as [Untyped[], string][]) {
      expect(() => untyped(...given)).toThrow(TypeError);
      expect(() => untyped(...given)).toThrow(message);
    }
  });
});

describe("arguments", () => {
  const cases: readonly (readonly [call: (c: Untyped) => unknown, message: string])[] = [
    [(c) => c.hset("h", "f"), "HSET: argument 2 must be an object, a Map or an array of pairs, and is a string"],
    [(c) => c.hset("h", "f", "v"), "HSET: the method takes 2 arguments at most, and is given 3"],
    [(c) => c.hset("h"), "HSET: argument 2 must be an object, a Map or an array of pairs, and is undefined"],
    [(c) => c.hset("h", ["f", "v"]), "HSET: argument 2 must be an object, a Map or an array of pairs, and is an array with a string in it"],
    [(c) => c.hset("h", new Uint8Array(2)), "and is a Uint8Array"],
    [(c) => c.mset("a"), "MSET: argument 1 must be an object"],
    [(c) => c.msetex("a"), "MSETEX: argument 2 must be an object"],
    [(c) => c.xread("s"), "XREAD: argument 1 must be an object"],
    [(c) => c.zadd("z", { a: 1 }), "ZADD: argument 2 must be an array of arrays, each [score, member], and is an object"],
    [
      (c) => c.zadd("z", [1, "a"]),
      "ZADD: argument 2 must be an array of arrays, each [score, member], and is an array with a number in it",
    ],
    [(c) => c.zadd("z", "a"), "ZADD: argument 2 must be an array of arrays"],
  ];
  for (const [call, message] of cases) test(message, () => expect(() => call(recorder)).toThrow(new RegExp(escaped(message))));

  const unsendable: readonly (readonly [value: unknown, kind: string])[] = [
    [undefined, "undefined"],
    [null, "null"],
    [Number.NaN, "NaN"],
    [true, "a boolean"],
    [{}, "an object"],
    [new Date(0), "a Date"],
    [["a"], "an array"],
    [() => 1, "a function"],
    [Symbol("s"), "a symbol"],
  ];

  test("that cannot be sent are told of with the command and their place, over a socket and in the process", async () => {
    await using server = await Replicant.start();
    await using socket = await Client.connect(server.url);
    for (const client of [socket, server.client] as Untyped[]) {
      for (const [value, kind] of unsendable) {
        const message = `SET: argument 2 is ${kind}: strings, numbers, bigints and Uint8Arrays can be sent`;
        expect(await failure(() => client.set("k", value))).toBe(message);
        expect(await failure(() => client.pipeline().set("k", "v").set("k", value).exec())).toBe(message);
        expect(await failure(() => client.multi().set("k", value).exec())).toBe(message);
      }
      expect(await failure(() => client.del(undefined))).toContain("DEL: argument 1 is undefined");
      expect(await failure(() => client.del(["a", null]))).toContain("DEL: argument 2 is null");
      expect(await failure(() => client.hset("h", { a: undefined }))).toContain("HSET: argument 3 is undefined");
      expect(await failure(() => client.call())).toBe("call() needs the name of a command first, and is given undefined");
      expect(await failure(() => client.call(5))).toBe("call() needs the name of a command first, and is given a number");
      expect(await failure(() => client.pipeline().call())).toBe("call() needs the name of a command first, and is given undefined");
      expect(await client.exists("k")).toBe(0);
    }
  });
});

async function failure(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
  return "none";
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
