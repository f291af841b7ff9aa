/** Shapes: what tables with the same keys share, when they have none, and that their number is bounded. */

import { describe, expect, test } from "bun:test";
import { MAPPED, NO_KEYS, type Shape } from "../../../src/scripting/lua/shape.ts";
import { LuaTable } from "../../../src/scripting/lua/table.ts";
import { runLua } from "./run.ts";

function tableOf(...keys: readonly string[]): LuaTable {
  const table = new LuaTable();
  for (const [place, key] of keys.entries()) table.setHashed(key, place);
  return table;
}

describe("tables", () => {
  test("that got the same keys in the same order have the same shape, whatever their values", () => {
    expect(tableOf("a", "b").shape).toBe(tableOf("a", "b").shape);
    expect(tableOf("a", "b").shape).not.toBe(tableOf("b", "a").shape);
    expect(tableOf("a", "b").shape).not.toBe(MAPPED);
  });

  test("follow the shapes that there are when a key is set by its value, but make none", () => {
    const table = tableOf("followed");
    const known = tableOf("followed", "on");
    table.set("on", 1);
    expect(table.shape).toBe(known.shape);
    const other = tableOf("followed");
    other.set("never seen before", 1);
    expect(other.shape).toBe(MAPPED);
    expect(other.get("followed")).toBe(0);
    expect(other.get("never seen before")).toBe(1);
  });

  test("that grow apart do not see each other's keys", () => {
    const [one, two] = [tableOf("x"), tableOf("x")];
    one.setHashed("y", 1);
    two.setHashed("z", 2);
    two.setHashed("y", 3);
    expect([one.get("y"), one.get("z"), two.get("y"), two.get("z")]).toEqual([1, undefined, 3, 2]);
    expect(tableOf("x").get("y")).toBeUndefined();
    expect([one.hashed, two.hashed]).toEqual([2, 3]);
  });

  test("lose their shape with a key that is no string, and keep their pairs", () => {
    for (const key of [10, 1.5, true, new LuaTable()]) {
      const table = tableOf("a", "b");
      table.set(key, "new");
      expect(table.shape).toBe(MAPPED);
      expect([table.get("a"), table.get("b"), table.get(key), table.hashed]).toEqual([0, 1, "new", 3]);
    }
  });

  test("keep it when a value becomes nil and comes again", () => {
    const table = tableOf("a", "b", "c");
    const { shape } = table;
    table.set("b", undefined);
    expect([...table.keys()]).not.toContain("b");
    table.set("b", 5);
    expect(table.shape).toBe(shape);
    expect([...table.keys()].sort()).toEqual(["a", "b", "c"]);
  });

  test("with many keys, or long ones, have none", () => {
    const keys = Array.from({ length: 100 }, (_, n) => `key${n}`);
    const table = tableOf(...keys);
    expect(table.shape).toBe(MAPPED);
    expect(keys.map((key) => table.get(key))).toEqual(keys.map((_, place) => place));
    expect(tableOf("k".repeat(1000)).shape).toBe(MAPPED);
  });

  test("have no key that only JavaScript knows", () => {
    const table = tableOf("a");
    for (const name of ["__proto__", "constructor", "size", "get"]) expect(table.get(name)).toBeUndefined();
    expect(tableOf("__proto__", "a").get("__proto__")).toBe(0);
  });

  test("show their Map, and have it from then on", () => {
    const table = tableOf("a", "b");
    expect([...table.hash]).toEqual([
      ["a", 0],
      ["b", 1],
    ]);
    table.set("c", 2);
    expect([table.get("a"), table.get("c"), table.hashed]).toEqual([0, 2, 3]);
  });
});

describe("shapes", () => {
  test("are bounded, and tables go on without", () => {
    const seen = new Set<Shape>();
    for (let count = 0; count < 20_000; count++) {
      const table = tableOf(`first${count % 200}`, `second${count}`);
      expect([table.get(`first${count % 200}`), table.get(`second${count}`)]).toEqual([0, 1]);
      seen.add(table.shape);
    }
    // A tree that is full is dropped, so there are new ones until the end, and old ones grow no more.
    expect(seen.size).toBeGreaterThan(4000);
    const old = tableOf("old");
    for (let count = 0; count < 5000; count++) tableOf(`one${count % 200}`, `two${count}`);
    old.setHashed("more", 1);
    expect(old.shape).toBe(MAPPED);
    expect(NO_KEYS.size).toBe(0);
    expect(tableOf("old", "more").get("more")).toBe(1);
  });

  test("have an order for each size that constructors ask for", () => {
    const walked = (room: number) => {
      const table = new LuaTable(0, room);
      for (const key of ["name", "id", "age", "zip", "city"]) table.setHashed(key, true);
      return [...table.keys()].join(" ");
    };
    const orders = [0, 1, 5, 32].map(walked);
    expect(orders.map((_, place) => walked([0, 1, 5, 32][place] as number))).toEqual(orders);
    expect(new Set(orders).size).toBeGreaterThan(1);
  });
});

describe("cjson", () => {
  const twice = (json: string) => runLua(`for i = 1, 3 do last = cjson.decode(${JSON.stringify(json)}) end return cjson.encode(last)`);

  test("decodes objects that came before as it did then", () => {
    for (const json of [
      '{"a":1}',
      '{"a" : 1 , "ab":2}',
      '[{"a":{"b":1}},{"a":{"c":2}},{"a":{"b":3}}]',
      '{"a":1,"a":2}',
      '{"":1}',
      '{"__proto__":1}',
      '{"a\\"b":1}',
    ]) {
      const [first] = twice(json);
      expect(twice(json)).toEqual([first]);
    }
    expect(twice('{"a":1,"a":2}')).toEqual(['{"a":2}']);
    expect(twice('[{"k":1},{"ke":2},{"key":3}]')).toEqual(['[{"k":1},{"ke":2},{"key":3}]']);
    expect(twice('{"a/b":"c/d"}')).toEqual(['{"a\\/b":"c\\/d"}']);
  });

  test("decodes objects of many keys", () => {
    const object = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`key${n}`, n]));
    const [text] = twice(JSON.stringify(object));
    expect(JSON.parse(text as string)).toEqual(object);
  });

  test("writes texts that are longer than its buffer, and strings that are", () => {
    const list = Array.from({ length: 5000 }, (_, n) => ({ name: `n${n}`, value: n % 7 === 0 ? "x".repeat(n) : -n }));
    const [text] = twice(JSON.stringify(list));
    expect(JSON.parse(text as string)).toEqual(list);
    expect(runLua("return #cjson.encode({('x'):rep(100000), ('/'):rep(20000)})")).toEqual([100000 + 40000 + 7]);
  });
});
