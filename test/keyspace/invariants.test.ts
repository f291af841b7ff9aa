import { describe, expect, test } from "bun:test";
import { InvariantError } from "../../src/assert.ts";
import { KEEP_EXPIRY } from "../../src/keyspace/changes.ts";
import type { Database } from "../../src/keyspace/database.ts";
import { EventClass } from "../../src/keyspace/events.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { LOOK_AHEAD_KEYS } from "../../src/keyspace/lookahead.ts";
import { NO_EXPIRY } from "../../src/keyspace/lookup.ts";
import { Value } from "../../src/keyspace/value.ts";
import { Blob } from "../../src/memory/objects.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";
import { LOOK } from "../support/lookup.ts";

const START = 1_700_000_000_000;
const KEY = Buffer.from("key");

class Scene {
  readonly keyspace = new Keyspace({ databases: 2, now: START });
  readonly database: Database = this.keyspace.databases[0];

  /** A key with a string. Returns its address. */
  set(name = "key", expireAt = NO_EXPIRY): number {
    const key = Buffer.from(name);
    const address = this.database.write(LOOK, key, 0, key.length);
    return this.database.setString(address, LOOK.keyHash, key, 0, key.length, key, 0, key.length, expireAt);
  }

  create(room: number, object: Blob | null, expireAt: number): void {
    const meta = this.database.metaFor(0, Type.STRING, Encoding.RAW);
    this.database.create(this.database.table.hash(KEY, 0, 3), KEY, 0, 3, meta, room, object, expireAt);
  }

  value(): Value {
    const address = this.database.write(LOOK, KEY, 0, KEY.length);
    return new Value(this.keyspace).open(this.database, address, LOOK.keyHash, null, KEY, 0, KEY.length);
  }
}

/** What breaks an invariant, by the words that it trips with. */
const BROKEN: Record<string, (scene: Scene) => void> = {
  "a value lies in its record or outside, not in both": (scene) => scene.create(3, new Blob(Buffer.alloc(9)), NO_EXPIRY),
  "a new key has no expiry to keep": (scene) => scene.create(3, null, KEEP_EXPIRY),
  "changes are counted up": (scene) => scene.database.announce(scene.set(), -1),
  "a record that leaves is there": (scene) => scene.database.delete(0),
  "a record that leaves has no expiry left behind": (scene) => {
    const address = scene.set();
    scene.database.expiry.size = 1;
    scene.database.delete(address);
  },
  "an integer that is set has an exact decimal form": ({ database }) => void database.setInteger(0, 1, KEY, 0, 3, 2 ** 60),
  "access bits leave type and encoding as they are": (scene) => scene.database.setAccess(scene.set(), 0x1000000),
  "a key does not give way to itself": (scene) => {
    const replaced = scene.set();
    scene.database.transfer(replaced, scene.database, KEY, 0, 3, { move: false, replaced });
  },
  "databases that exchange contents share their memory": ({ database }) => database.exchange(new Scene().database),
  "an expiry that is removed was entered": (scene) => scene.database.expiry.remove(scene.set()),
  "the next in a list names the one before": (scene) => {
    const first = scene.set("first", START + 500);
    const second = scene.set("second", START + 500);
    scene.database.table.setExpiryWord(first, 2, first);
    scene.database.delete(second);
  },
  "a key that has expired, or waits elsewhere, is off the list": (scene) => {
    scene.set("key", START + 10);
    scene.database.expiry.expireDue(
      START + 1000,
      () => {},
      () => false,
    );
  },
  "the wheel follows a clock": ({ database }) => void database.expiry.expireDue(Number.NaN, database.delete, () => false),
  "what shrinks is there": (scene) => scene.value().shrunk(0, 1, EventClass.SET, "srem"),
  "a value that has changed has a key": (scene) => scene.value().changed(),
  "a splice lies within the value": (scene) => {
    scene.set();
    scene.value().splice(2, 5, 0);
  },
  "a watch that ends had begun, and ends once": ({ keyspace, database }) => {
    const watch = keyspace.watched.add({ touched: false }, database, KEY);
    keyspace.watched.remove(watch);
    keyspace.watched.remove(watch);
  },
  "a waiter waits for some key, and for a type that commands block for": ({ keyspace, database }) =>
    keyspace.blocked.add({ type: Type.LIST, wakesWhenGone: false }, database, []),
  "a waiter that leaves has come, and leaves once": ({ keyspace, database }) => {
    const waiter = { type: Type.LIST, wakesWhenGone: true };
    keyspace.blocked.add(waiter, database, [KEY]);
    keyspace.blocked.remove(waiter, database, [KEY]);
    keyspace.blocked.remove(waiter, database, [KEY]);
  },
  "there is room for each request that is looked at": ({ keyspace, database }) =>
    keyspace.lookAhead.prepareRequests(database.table, [], LOOK_AHEAD_KEYS),
};

describe("a keyspace stops when it is asked to break an invariant", () => {
  for (const [words, breakIt] of Object.entries(BROKEN)) {
    test(words, () => {
      const scene = new Scene();
      let thrown: unknown = null;
      try {
        breakIt(scene);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(InvariantError);
      expect((thrown as Error).message).toBe(words);
    });
  }
});

test("who hears of changes is known at any time", () => {
  const { keyspace, database } = new Scene();
  const waiter = { type: Type.LIST, wakesWhenGone: false };
  expect(keyspace.observers.mask).toBe(0);
  const watch = keyspace.watched.add({ touched: false }, database, KEY);
  keyspace.blocked.add(waiter, database, [KEY]);
  keyspace.eventClasses = EventClass.GENERIC;
  expect(keyspace.observers.mask).toBe(7);
  keyspace.watched.remove(watch);
  keyspace.blocked.remove(waiter, database, [KEY]);
  keyspace.eventClasses = 0;
  expect(keyspace.observers.mask).toBe(0);
});
