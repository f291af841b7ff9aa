/** The order of tables and the length of those with holes: what Redis says of the same programs. */

import { describe, expect, test } from "bun:test";
import { type Key, LuaTable } from "../../../src/scripting/lua/table.ts";
import { LuaError, type LuaValue } from "../../../src/scripting/lua/value.ts";
import { Random } from "../../support/property.ts";
import { describeWithRedis } from "../../support/redis.ts";
import { useDataOracle } from "./data-oracle.ts";
import { randomTableProgram, TABLE_PRELUDE } from "./table-programs.ts";

/** Random programs in one script: compiling is most of the work. */
const PROGRAMS = 10;

function tableWith(...keys: readonly Key[]): LuaTable {
  const table = new LuaTable();
  for (const key of keys) table.set(key, true);
  return table;
}

/** All keys by way of `next`. */
function stepped(table: LuaTable): LuaValue[] {
  const keys: LuaValue[] = [];
  for (let pair = table.next(undefined); pair; pair = table.next(pair[0])) keys.push(pair[0]);
  return keys;
}

describe("the order of a table", () => {
  test("is that of the list, for a list", () => {
    expect([...tableWith(1, 2, 3).keys()]).toEqual([1, 2, 3]);
    expect(stepped(tableWith(1, 2, 3))).toEqual([1, 2, 3]);
    expect([...tableWith(3, 2, 1).keys()]).toEqual([1, 2, 3]);
  });

  test("has the list before all other keys", () => {
    expect([...tableWith("x", 1, 2).keys()]).toEqual([1, 2, "x"]);
    expect(stepped(tableWith(1, "x", 2))).toEqual([1, 2, "x"]);
  });

  test("follows from the hashes of strings, and from the collisions on their way", () => {
    // As Redis has them: pairs(t) after t.a = 1 t.b = 2 and so on.
    expect([...tableWith("a", "b", "c", "d", "e").keys()]).toEqual(["a", "c", "b", "e", "d"]);
  });

  test("has objects as keys in the order they came", () => {
    const objects = Array.from({ length: 50 }, () => new LuaTable());
    const table = tableWith(...objects);
    expect([...table.keys()]).toEqual(objects);
    expect(stepped(table)).toEqual(objects);
  });

  test("has a key that came last where Lua would have it, the walk before being of no account", () => {
    const walked = new LuaTable();
    const plain = new LuaTable();
    for (let count = 0; count < 1000; count++) {
      const key = count % 3 === 0 ? count : `key${count}`;
      walked.set(key, count);
      plain.set(key, count);
      walked.next(undefined);
    }
    expect([...walked.keys()]).toEqual([...plain.keys()]);
  });
});

describe("a walk", () => {
  test("leaves out what is set to nil on the way, and finds its way on", () => {
    for (const keys of [
      ["a", "b", "c", "d"],
      [1, 2, 3, 4],
      ["x", 1, 2, 3, "y"],
    ] satisfies Key[][]) {
      const table = tableWith(...keys);
      const seen: LuaValue[] = [];
      for (const walk = table.walk(); walk.step(); ) {
        seen.push(walk.key);
        for (const key of table.keys()) if (key !== walk.key) table.set(key, seen.length < 2 ? true : undefined);
        table.set(walk.key as Key, undefined);
      }
      expect(seen).toHaveLength(2);
      expect([...table.keys()]).toEqual([]);
    }
  });

  test("goes through all of a large table while it is emptied", () => {
    for (const keyOf of [(n: number) => n, (n: number) => `key${n}`, () => new LuaTable(), (n: number) => n * 1000]) {
      const table = new LuaTable();
      for (let count = 1; count <= 3000; count++) table.set(keyOf(count), count);
      let seen = 0;
      for (const walk = table.walk(); walk.step(); seen++) table.set(walk.key as Key, undefined);
      expect(seen).toBe(3000);
      expect(table.next(undefined)).toBeUndefined();
      expect(table.length).toBe(0);
    }
  });

  test("by `next` does so too", () => {
    const table = new LuaTable();
    for (let count = 1; count <= 3000; count++) table.set(`key${count}`, count);
    let seen = 0;
    for (let pair = table.next(undefined); pair; pair = table.next(pair[0])) {
      table.set(pair[0], undefined);
      seen++;
    }
    expect(seen).toBe(3000);
  });

  test("ends with an error when it has lost its place", () => {
    const table = tableWith("a", "b");
    expect(table.next("c")).toBeNull();
    expect(table.next(1)).toBeNull();
    expect(tableWith(1, 2, 3).next(5)).toBeNull();
    expect(tableWith(1, 2, 3).next(4)).toBeUndefined();
    const walk = table.walk();
    walk.step();
    table.set(walk.key as Key, undefined);
    const insertMany = () => {
      for (let count = 0; count < 100; count++) table.set(`more${count}`, true);
      walk.step();
    };
    expect(insertMany).toThrow(LuaError);
  });
});

describe("the length of a table", () => {
  test("is a border where Lua looks first", () => {
    expect(new LuaTable(3, 0, [1, undefined, 3]).seal().length).toBe(3);
    expect(new LuaTable(4, 0, [1, undefined, 3, undefined]).seal().length).toBe(1);
    expect(tableWith(1, 2, 4).length).toBe(4);
    expect(tableWith(2, 3).length).toBe(0);
  });

  test("is right for queues, which grow at one end and go away at the other", () => {
    const table = new LuaTable();
    for (let count = 1; count <= 10_000; count++) {
      table.set(count, count);
      if (count > 10) table.set(count - 10, undefined);
    }
    expect([...table.keys()].sort((a, b) => (a as number) - (b as number))).toEqual(Array.from({ length: 10 }, (_, n) => 9991 + n));
    expect(table.array.length).toBeLessThan(100);
  });
});

describe("keys of three million", () => {
  test("are put in order without effort", () => {
    const table = new LuaTable();
    for (let count = 0; count < 200_000; count++) table.set(`key:${count}`, count);
    let sum = 0;
    for (const walk = table.walk(); walk.step(); ) sum += walk.value as number;
    expect(sum).toBe((200_000 * 199_999) / 2);
  });
});

describeWithRedis("beside Redis", () => {
  const oracle = useDataOracle();

  test("tables built in random ways have the same order and length", async () => {
    const rounds = Number(process.env.DATA_ROUNDS ?? 300) / PROGRAMS;
    const random = new Random(Number(process.env.PROPERTY_SEED ?? 9));
    for (let round = 0; round < rounds; round++) {
      const programs = Array.from({ length: PROGRAMS }, () => randomTableProgram(random));
      await oracle().compareInput(`${TABLE_PRELUDE}${programs.join("")}return told()`, "");
    }
  });
});
