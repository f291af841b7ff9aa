/** What the client is given that makes no sense, as programs without types give it: each is told what, and where. */
import { describe, expect, test } from "bun:test";
import { Client } from "../../src/client/index.ts";
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
