import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { KeyAssertionError, redis } from "../../src/testing/index.ts";

const db = redis({ clock: "virtual", now: new Date("2030-01-01") });

/** The message of the assertion that `check` fails with. */
async function failure(check: Promise<void>): Promise<string> {
  const error = await check.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KeyAssertionError);
  return (error as Error).message;
}

describe("a server for the tests of a file", () => {
  test("has what a test does", async () => {
    await db.link.send(["SET", "left", "behind"], false);
    await db.link.send(["SELECT", 3], false);
    await db.link.send(["SET", "left", "behind"], false);
    await db.link.send(["FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)"], false);
    await db.link.send(["SCRIPT", "LOAD", "return 1"], false);
    await db.link.send(["CONFIG", "SET", "maxmemory", "1mb", "notify-keyspace-events", "KEA"], false);
    await db.link.send(["ACL", "SETUSER", "alice", "on", ">pw", "~*", "+@all"], false);
    await db.link.send(["ACL", "SETUSER", "default", "-@dangerous"], false);
    await db.server.advance(5000);
    expect(await db.link.send(["INFO", "stats"], false)).not.toContain("total_commands_processed:0");
  });

  test("has nothing of it in the next", async () => {
    expect(await db.link.send(["DBSIZE"], false)).toBe(0);
    expect(await db.link.send(["INFO", "keyspace"], false)).not.toContain("db3");
    expect(await db.link.send(["FUNCTION", "LIST"], false)).toEqual([]);
    expect(await db.link.send(["SCRIPT", "EXISTS", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"], false)).toEqual([0]);
    expect(await db.link.send(["CONFIG", "GET", "maxmemory"], false)).toEqual(new Map([["maxmemory", "0"]]));
    expect(await db.link.send(["CONFIG", "GET", "notify-keyspace-events"], false)).toEqual(new Map([["notify-keyspace-events", ""]]));
    expect(await db.link.send(["ACL", "USERS"], false)).toEqual(["default"]);
    expect(await db.link.send(["ACL", "LIST"], false)).toEqual([expect.stringMatching(/^user default on nopass .* \+@all$/)]);
    expect(db.server.now).toBe(Date.UTC(2030, 0, 1));
  });

  test("serves other clients as well, which stay over the tests", async () => {
    const client = new Redis({ ...db.server.ioredis() });
    const waiting = client.duplicate();
    const popped = waiting.blpop("queue", 0);
    await client.set("k", 1);
    await db.server.reset();
    expect(await popped).toBeNull();
    expect(await client.get("k")).toBeNull();
    client.disconnect();
    waiting.disconnect();
  });
});

describe("a server for each test", () => {
  const each = redis({ per: "test", listen: true, hooks: { beforeAll, beforeEach, afterEach, afterAll } });
  const ports = new Set<number>();

  test.each([1, 2])("is another one: %d", async (number) => {
    ports.add(Number(new URL(each.url).port));
    expect(ports.size).toBe(number);
    const client = new Bun.RedisClient(each.url);
    expect(await client.incr("n")).toBe(1);
    client.close();
  });
});

describe("assertions on keys", () => {
  test("hold for what is so", async () => {
    const { link, assert } = db;
    await link.sendAll(
      [
        ["SET", "s", "grün", "EX", 100],
        ["RPUSH", "l", 1, 2, 3],
        ["SADD", "set", "b", "a"],
        ["HSET", "h", "name", "Ada", "age", 36],
        ["ZADD", "z", 2, "two", 1, "one"],
        ["XADD", "x", "1-1", "f", "v"],
      ],
      false,
    );
    await assert.exists("s");
    await assert.missing("nothing");
    await assert.type("h", "hash");
    await assert.type("nothing", "none");
    await assert.equals("s", "grün");
    await assert.equals("l", [1, "2", 3]);
    await assert.equals("set", new Set(["a", "b"]));
    await assert.equals("set", ["b", "a"]);
    await assert.equals("h", { age: 36, name: "Ada" });
    await assert.equals("h", new Map<string, unknown>([["name", "Ada"], ["age", "36"]])); // biome-ignore format: one line says it
    await assert.equals("z", { one: 1, two: 2 });
    await assert.equals("z", [["one", 1], ["two", 2]]); // biome-ignore format: one line says it
    await assert.equals("x", [["1-1", { f: "v" }]]);
    await assert.ttl("s", 100, 100);
    await assert.persists("l");
    await assert.keys("s*", ["set", "s"]);
    await assert.keys(["s", "l", "set", "h", "z", "x"]);
  });

  test("show what is not, as a difference", async () => {
    const { link, assert } = db;
    await link.send(["HSET", "user:1", "name", "Ada", "age", 36, "city", "London"], false);
    await link.send(["RPUSH", "list", ...Array.from({ length: 40 }, (_, index) => `item ${index}`)], false);
    expect(await failure(assert.exists("user:2"))).toBe('key "user:2" does not exist: there are "user:1"');
    expect(await failure(assert.missing("user:1"))).toStartWith('key "user:1" exists: it is a hash\n\n  "age": "36"\n');
    expect(await failure(assert.type("list", "set"))).toBe('key "list" is of type list, expected set');
    expect(await failure(assert.equals("user:1", { name: "Ada", age: 37, city: "London" }))).toBe(
      'key "user:1", a hash, has another value\n\n- expected\n+ found\n\n- "age": "37"\n+ "age": "36"\n  "city": "London"\n  "name": "Ada"',
    );
    const items = Array.from({ length: 40 }, (_, index) => `item ${index}`).toSpliced(20, 1);
    expect(await failure(assert.equals("list", items))).toBe(
      'key "list", a list, has another value\n\n- expected\n+ found\n\n  ... 17 more\n  "item 17"\n  "item 18"\n  "item 19"\n' +
        '+ "item 20"\n  "item 21"\n  "item 22"\n  "item 23"\n  ... 16 more',
    );
    expect(await failure(assert.equals("user:1", "text"))).toBe('key "user:1" is a hash, which is not compared with a string');
    expect(await failure(assert.equals("list", "item 0"))).toBe('key "list" is a list, which is not compared with a string');
    expect(await failure(assert.equals("list", new Set(["item 0"])))).toBe('key "list" is a list, which is not compared with a Set');
    expect(await failure(assert.equals("user:1", [["name", "Ada"]]))).toBe('key "user:1" is a hash, which is not compared with an array');
    expect(await failure(assert.ttl("list", 1, 2))).toBe('key "list" does not expire, expected 1 to 2 s');
    expect(await failure(assert.ttl("none", 1, 2))).toBe('key "none" does not exist, expected 1 to 2 s');
    await link.send(["PEXPIRE", "list", 5500], false);
    expect(await failure(assert.ttl("list", 1, 2))).toBe('key "list" expires in 5.5 s, expected 1 to 2 s');
    expect(await failure(assert.persists("list"))).toBe('key "list" expires in 5.5 s, expected one that does not expire');
    expect(await failure(assert.keys("user:*", ["user:1", "user:2"]))).toBe(
      'other keys match "user:*"\n\n- expected\n+ found\n\n  user:1\n- user:2',
    );
    await db.server.flush();
    expect(await failure(assert.exists("user:1"))).toBe('key "user:1" does not exist: the database is empty');
  });
});

test("hooks that a runner has as globals are used, and where there are none that is said", async () => {
  const names = ["beforeAll", "beforeEach", "afterEach", "afterAll"] as const;
  const called: string[] = [];
  for (const name of names) Object.assign(globalThis, { [name]: () => called.push(name) });
  redis();
  for (const name of names) Reflect.deleteProperty(globalThis, name);
  expect(called).toEqual(["beforeAll", "beforeEach", "afterAll"]);
  const script = `import { redis } from ${JSON.stringify(`${import.meta.dirname}/../../src/testing/index.ts`)}; redis();`;
  const child = Bun.spawn([process.execPath, "-e", script], { stderr: "pipe", stdout: "ignore" });
  expect(await child.stderr.text()).toContain("redis() finds no beforeAll");
});

test("redis() inside of a test says where it belongs, in one error", () => {
  for (const hooks of [undefined, { beforeAll, beforeEach, afterEach, afterAll }]) {
    const error = thrownBy(() => redis(hooks === undefined ? {} : { hooks }));
    expect(error.message).toStartWith("redis() is called inside a test: call it at the top of the file, or in describe()");
    expect(error.cause).toBeUndefined();
  }
});

test("redis() knows its options", () => {
  expect(thrownBy(() => redis({ lisen: true } as never)).message).toBe('redis: there is no option "lisen": is it listen?');
  expect(thrownBy(() => redis({ maxMemory: 1 } as never)).message).toBe('redis: there is no option "maxMemory": it is maxmemory');
});

function thrownBy(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
