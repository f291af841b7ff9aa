/** What comes of the stream while an image is loaded: in memory, in a file, and handed out in order. */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { Delta } from "../../src/replication/replica/delta.ts";
import { Ours, until } from "./support.ts";

/** A delta with room for so many bytes in memory, and what it has asked of the socket. */
async function withLimit(limit: number) {
  const ours = await Ours.start({ "replica-full-sync-buffer-limit": String(limit) });
  const asked: string[] = [];
  const delta = new Delta(ours.server, {
    listen: (on) => asked.push(on ? "resume" : "pause"),
    failed: (error) => asked.push(error.message),
  });
  const files = () => readdirSync(ours.server.config.values.dir).filter((name) => name.startsWith("temp-")).length;
  return { ours, delta, asked, files, [Symbol.asyncDispose]: () => ours[Symbol.asyncDispose]() };
}

/** Bytes that tell where in the stream they stand. */
function bytes(from: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  for (let index = 0; index < length; index++) buffer[index] = ((from + index) * 31 + ((from + index) >> 8)) & 0xff;
  return buffer;
}

/** All that is handed out, until nothing is left. */
async function drained(delta: Delta): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (;;) {
    const piece = await delta.shift();
    if (piece === null && delta.size === 0) return Buffer.concat(pieces);
    if (piece !== null) pieces.push(Buffer.from(piece));
  }
}

describe("the stream that comes while an image is loaded", () => {
  test("stays in memory up to the limit", async () => {
    await using it = await withLimit(1_000_000);
    for (let from = 0; from < 900_000; from += 3000) it.delta.push(Buffer.concat([Buffer.from("head"), bytes(from, 3000)]), 4, 3004);
    expect([it.delta.size, it.delta.peak, it.files()]).toEqual([900_000, 900_000, 0]);
    expect((await drained(it.delta)).equals(bytes(0, 900_000))).toBe(true);
    expect([it.delta.size, it.delta.taken, it.asked]).toEqual([0, 900_000, []]);
  });

  test("goes to a file from there on, and comes in order, also what comes while it is handed out", async () => {
    await using it = await withLimit(100_000);
    let sent = 0;
    const send = (count: number) => {
      for (let left = count; left > 0; left -= 5000, sent += 5000) it.delta.push(bytes(sent, 5000), 0, 5000);
    };
    send(1_000_000);
    await until("the file", () => it.files() === 1);
    const pieces: Buffer[] = [];
    for (let round = 0; pieces.length < 4 || it.delta.size > 0; round++) {
      const piece = await it.delta.shift();
      if (piece !== null) pieces.push(Buffer.from(piece));
      if (round < 8) send(20_000);
    }
    expect(sent).toBe(1_160_000);
    expect(Buffer.concat(pieces).equals(bytes(0, sent))).toBe(true);
    await until("the removal of the file", () => it.files() === 0);
  });

  test("is not listened to while what comes during the handing out does not fit", async () => {
    await using it = await withLimit(100_000);
    it.delta.push(bytes(0, 90_000), 0, 90_000);
    expect((await it.delta.shift())?.length).toBe(90_000);
    it.delta.push(bytes(90_000, 90_000), 0, 90_000);
    expect(it.asked).toEqual([]);
    it.delta.push(bytes(180_000, 90_000), 0, 90_000);
    expect(it.asked).toEqual(["pause"]);
    expect(it.files()).toBe(0);
    expect((await drained(it.delta)).equals(bytes(90_000, 180_000).subarray(0, 180_000))).toBe(true);
    expect(it.asked).toEqual(["pause", "resume"]);
  });

  test("has no limit where neither directive sets one", async () => {
    await using it = await withLimit(0);
    await it.ours.client.text("CONFIG", "SET", "client-output-buffer-limit", "replica 0 0 0");
    for (let from = 0; from < 5_000_000; from += 500_000) it.delta.push(bytes(from, 500_000), 0, 500_000);
    expect([it.delta.size, it.files()]).toEqual([5_000_000, 0]);
    expect((await drained(it.delta)).equals(bytes(0, 5_000_000))).toBe(true);
  });

  test("that is discarded leaves no file, whatever comes still", async () => {
    await using it = await withLimit(1000);
    it.delta.push(bytes(0, 100_000), 0, 100_000);
    await until("the file", () => it.files() === 1);
    const reading = it.delta.shift();
    it.delta.discard();
    it.delta.push(bytes(0, 100_000), 0, 100_000);
    expect([it.delta.size, await reading.catch(() => null)]).toEqual([0, null]);
    await until("the removal of the file", () => it.files() === 0);
    expect(it.asked).toEqual([]);
  });
});
