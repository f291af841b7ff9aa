import { describe, expect, test } from "bun:test";
import type { KeyWaiter } from "../../src/keyspace/blocking.ts";
import { KEEP_EXPIRY } from "../../src/keyspace/changes.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { NO_EXPIRY } from "../../src/keyspace/lookup.ts";
import { EMPTY_PACKED_BYTES } from "../../src/memory/packed.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";
import { LOOK } from "../support/lookup.ts";

const START = 1_700_000_000_000;

interface Named extends KeyWaiter {
  readonly name: string;
  readonly keys: readonly Buffer[];
}

/** A keyspace, those who wait in it, and who was served in which order. */
class Scene {
  readonly keyspace = new Keyspace({ databases: 2, now: START });
  readonly served: string[] = [];
  /** What a waiter does when it is served, beside leaving. */
  readonly reactions = new Map<string, (waiter: Named) => void>();
  announced = 0;
  private readonly databaseOf = new Map<KeyWaiter, number>();

  constructor() {
    this.keyspace.blocked.onReady = () => {
      this.announced++;
    };
  }

  wait(name: string, keys: string, options: { type?: Type; gone?: boolean; database?: number } = {}): Named {
    const { type = Type.LIST, gone = false, database = 0 } = options;
    const waiter = { name, type, wakesWhenGone: gone, keys: keys.split(" ").map((key) => Buffer.from(key)) };
    this.databaseOf.set(waiter, database);
    this.rejoin(waiter);
    return waiter;
  }

  rejoin(waiter: Named): void {
    this.keyspace.blocked.add(waiter, this.keyspace.databases[this.databaseOf.get(waiter) ?? 0], waiter.keys);
  }

  leave(waiter: Named): void {
    this.keyspace.blocked.remove(waiter, this.keyspace.databases[this.databaseOf.get(waiter) ?? 0], waiter.keys);
  }

  create(name: string, type: Type, options: { database?: number; expireAt?: number } = {}): number {
    const database = this.keyspace.databases[options.database ?? 0];
    const key = Buffer.from(name);
    const meta = database.metaFor(0, type, Encoding.LISTPACK);
    const { expireAt = NO_EXPIRY } = options;
    return database.create(database.table.hash(key, 0, key.length), key, 0, key.length, meta, EMPTY_PACKED_BYTES, null, expireAt);
  }

  setString(name: string): void {
    const database = this.keyspace.databases[0];
    const key = Buffer.from(name);
    database.setString(database.find(LOOK, key, 0, key.length), LOOK.keyHash, key, 0, key.length, key, 0, 1, KEEP_EXPIRY);
  }

  delete(name: string): void {
    const database = this.keyspace.databases[0];
    database.delete(database.find(LOOK, Buffer.from(name), 0, name.length));
  }

  serve(): string {
    this.served.length = 0;
    this.keyspace.blocked.drain((waiter) => {
      const named = waiter as Named;
      this.served.push(named.name);
      this.leave(named);
      this.reactions.get(named.name)?.(named);
    });
    return this.served.join(" ");
  }
}

describe("keys that are waited for", () => {
  test("are served first come first served, in the order in which they became ready", () => {
    const scene = new Scene();
    scene.wait("a", "x y");
    scene.wait("b", "y");
    scene.wait("c", "x");
    expect(scene.keyspace.blocked).toMatchObject({ size: 3, keyCount: 2, goneCount: 0 });
    scene.create("y", Type.LIST);
    scene.create("x", Type.LIST);
    expect(scene.serve()).toBe("a b c");
    expect(scene.keyspace.blocked).toMatchObject({ size: 0, keyCount: 0, hasReady: false });
  });

  test("are ready for those who wait for their type only", () => {
    const scene = new Scene();
    scene.wait("list", "x");
    scene.wait("zset", "x", { type: Type.ZSET });
    scene.create("x", Type.HASH);
    expect(scene.keyspace.blocked.hasReady).toBe(false);
    scene.delete("x");
    scene.create("x", Type.ZSET);
    expect(scene.serve()).toBe("zset");
    scene.delete("x");
    scene.setString("x");
    expect(scene.serve()).toBe("");
  });

  test("are not ready any more when they went before anybody was served, or their time is over", () => {
    const scene = new Scene();
    scene.wait("a", "x");
    scene.create("x", Type.LIST);
    scene.delete("x");
    expect(scene.serve()).toBe("");
    scene.create("x", Type.LIST, { expireAt: START - 1 });
    expect(scene.serve()).toBe("");
    expect(scene.keyspace.blocked.size).toBe(1);
  });

  test("named twice by one waiter count once", () => {
    const scene = new Scene();
    const waiter = scene.wait("a", "x x");
    expect(scene.keyspace.blocked).toMatchObject({ size: 1, keyCount: 1 });
    scene.leave(waiter);
    expect(scene.keyspace.blocked).toMatchObject({ size: 0, keyCount: 0 });
  });

  test("serve those who wait again once only, and then at the end of the row", () => {
    const scene = new Scene();
    scene.wait("a", "x");
    scene.wait("b", "x");
    for (const name of ["a", "b"]) scene.reactions.set(name, (waiter) => scene.rejoin(waiter));
    scene.create("x", Type.LIST);
    expect(scene.serve()).toBe("a b");
    scene.reactions.clear();
    scene.wait("c", "x");
    scene.delete("x");
    scene.create("x", Type.LIST);
    expect(scene.serve()).toBe("a b c");
  });

  test("become ready while others are served, and have their turn after those that were ready before", () => {
    const scene = new Scene();
    scene.wait("a", "x");
    scene.wait("b", "y");
    scene.wait("c", "z");
    scene.reactions.set("a", () => scene.create("z", Type.LIST));
    scene.create("x", Type.LIST);
    scene.create("y", Type.LIST);
    expect(scene.serve()).toBe("a b c");
  });

  test("are announced when the first becomes ready", () => {
    const scene = new Scene();
    scene.wait("a", "x y");
    scene.create("x", Type.LIST);
    scene.create("y", Type.LIST);
    expect(scene.announced).toBe(1);
    scene.serve();
    scene.wait("a", "z");
    scene.create("z", Type.LIST);
    expect(scene.announced).toBe(2);
  });

  test("belong to one database", () => {
    const scene = new Scene();
    scene.wait("a", "x", { database: 1 });
    scene.create("x", Type.LIST);
    expect(scene.serve()).toBe("");
    scene.create("x", Type.LIST, { database: 1 });
    expect(scene.serve()).toBe("a");
  });
});

describe("keys whose end is waited for", () => {
  const GROUP = { type: Type.STREAM, gone: true } as const;

  test("wake those who asked for it when they are deleted, expire or are overwritten", () => {
    const ends: readonly ((scene: Scene) => void)[] = [
      (scene) => scene.delete("s"),
      (scene) => scene.setString("s"),
      (scene) => scene.keyspace.clear({ sync: true }),
      (scene) => {
        const [database] = scene.keyspace.databases;
        const address = database.find(LOOK, Buffer.from("s"), 0, 1);
        database.setExpiry(address, START + 1);
        scene.keyspace.now = START + 5;
        database.find(LOOK, Buffer.from("s"), 0, 1);
      },
      (scene) => {
        const [database] = scene.keyspace.databases;
        const draft = new Temporary(scene.keyspace.space, scene.keyspace.limits).begin(Type.LIST);
        database.install(draft, database.find(LOOK, Buffer.from("s"), 0, 1), LOOK.keyHash, Buffer.from("s"), 0, 1, NO_EXPIRY);
      },
    ];
    for (const end of ends) {
      const scene = new Scene();
      scene.create("s", Type.STREAM);
      scene.wait("reader", "s", { type: Type.STREAM });
      scene.wait("group", "s", GROUP);
      expect(scene.keyspace.blocked.goneCount).toBe(1);
      end(scene);
      expect(scene.serve()).toBe("group");
      expect(scene.keyspace.blocked.goneCount).toBe(0);
    }
  });

  test("do not go when something of another type goes", () => {
    const scene = new Scene();
    scene.wait("group", "s", GROUP);
    scene.create("s", Type.LIST);
    scene.delete("s");
    expect(scene.serve()).toBe("");
  });

  test("go and come with the exchange of databases", () => {
    const scene = new Scene();
    scene.create("s", Type.STREAM);
    scene.wait("group", "s", GROUP);
    scene.wait("list", "l");
    scene.wait("other", "l", { database: 1 });
    scene.create("l", Type.LIST, { database: 1 });
    scene.served.length = 0;
    expect(scene.serve()).toBe("other");
    const [first, second] = scene.keyspace.databases;
    scene.keyspace.swap(first, second);
    expect(scene.serve()).toBe("group list");
  });

  test("stay when the exchange brings the same type", () => {
    const scene = new Scene();
    scene.create("s", Type.STREAM);
    scene.create("s", Type.STREAM, { database: 1 });
    scene.wait("group", "s", GROUP);
    const [first, second] = scene.keyspace.databases;
    scene.keyspace.blocked.contentsGo(first, second);
    expect(scene.keyspace.blocked.hasReady).toBe(false);
    // What came may serve them all the same.
    scene.keyspace.swap(first, second);
    expect(scene.serve()).toBe("group");
  });
});
