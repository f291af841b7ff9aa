import { describe, expect, test } from "bun:test";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { LOOK } from "../support/lookup.ts";

function keyspaceOf(keys: number): Keyspace {
  const keyspace = new Keyspace({ databases: 1, now: 1_000_000 });
  const [database] = keyspace.databases;
  const value = Buffer.from("value");
  for (let index = 0; index < keys; index++) {
    const key = Buffer.from(`key:${index}`);
    database.setString(database.find(LOOK, key, 0, key.length), LOOK.keyHash, key, 0, key.length, value, 0, value.length, -1);
  }
  return keyspace;
}

function request(...words: string[]): Frame {
  return new Frame().encode(words);
}

/** -> in how many of so many batches the hashes of the keys were worked out ahead. */
function preparedBatches(keyspace: Keyspace, batches: number): number {
  let prepared = 0;
  for (let batch = 0; batch < batches; batch++) {
    const frames = [request("GET", "key:1"), request("GET", "key:2")];
    keyspace.lookAhead.prepareRequests(keyspace.databases[0].table, frames, frames.length);
    if (frames[0].hashed) prepared++;
  }
  return prepared;
}

describe("looking ahead", () => {
  test("finds every key, prepared or not, and whatever was prepared before it", () => {
    const keyspace = keyspaceOf(300);
    const [database] = keyspace.databases;
    for (let batch = 0; batch < 400; batch++) {
      const frames = Array.from({ length: 8 }, (_, index) => request("GET", `key:${(batch * 7 + index) % 310}`));
      keyspace.lookAhead.prepareRequests(database.table, frames, frames.length);
      for (const [index, frame] of frames.entries()) {
        const found = database.find({ ...LOOK, frame }, frame.buffer, frame.offsets[1], frame.lengths[1]);
        expect(found !== 0).toBe((batch * 7 + index) % 310 < 300);
        if (found !== 0) expect(database.table.key(found).latin1Slice()).toBe(frame.text(1));
      }
    }
  });

  test("takes the third argument of scripts for a key, and never their text", () => {
    const keyspace = keyspaceOf(20_000);
    const [{ table }] = keyspace.databases;
    const hashed: string[] = [];
    const hash = table.hash.bind(table);
    table.hash = (bytes, from, length) => {
      hashed.push(bytes.latin1Slice(from, from + length));
      return hash(bytes, from, length);
    };
    const names = ["EVAL", "evalsha", "EVAL_RO", "fcall", "FCALL_RO"];
    const frames = names.map((name) => request(name, "script", "1", `key:${name}`));
    frames.push(request("EVAL", "script", "0"), request("EXISTS", "key:1"), request("ECHO", "x"), request("F"));
    keyspace.lookAhead.prepareRequests(table, frames, frames.length);
    expect(hashed).toEqual([...names.map((name) => `key:${name}`), "key:1", "x"]);
    expect(frames.map((frame) => frame.hashed)).toEqual([...names.map(() => false), false, true, true, false]);
  });

  test("is kept up where there are many keys, and done now and then where all are in the processor's cache", () => {
    const few = keyspaceOf(100);
    expect(preparedBatches(few, 64)).toBe(64);
    expect(preparedBatches(few, 800)).toBeLessThan(120);
    expect(preparedBatches(few, 800)).toBeGreaterThan(80);
    expect(preparedBatches(keyspaceOf(20_000), 800)).toBe(800);
  });
});
