import { describe, expect, test } from "bun:test";
import { Ours, until } from "../replication/support.ts";
import type { Word } from "../support/client.ts";

const KEYS = 30_000;
/** Later than anything that is put off. */
const LATER_MS = 100_000;

let turns = 0;

/** Keys of which one in `share` stays. */
async function fill({ client }: Ours, share: number): Promise<void> {
  const value = Buffer.alloc(200, "v");
  const set = Array.from({ length: KEYS }, (_, index): Word[] => ["SET", `key:${index}`, value]);
  await client.pipeline(set);
  const gone = Array.from({ length: KEYS }, (_, index) => `key:${index}`).filter((_, index) => index % share !== 0);
  await client.command("DEL", ...gone);
}

/** What the cron would do in two of its turns later. */
function pretendLater({ server }: Ours): void {
  const { memory } = server.housekeeping;
  for (let turn = 0; turn < 2; turn++) memory.tick(performance.now() + LATER_MS * ++turns);
}

async function set({ client }: Ours, name: string, value: string): Promise<void> {
  expect(await client.text("CONFIG", "SET", name, value)).toBe("OK");
}

describe("memory that data does not need any more", () => {
  test("goes back to the system when it has not been needed for a while", async () => {
    await using ours = await Ours.start({ "memory-compaction": "no" });
    const { arena } = ours.server.keyspace.space;
    await fill(ours, KEYS);
    await ours.client.command("FLUSHALL");
    expect(arena.usedBytes).toBe(0);
    expect(arena.touchedBytes).toBeGreaterThan(3_000_000);
    pretendLater(ours);
    await until("free pages to go back", () => arena.touchedBytes <= 16 * 65536);
    expect(await ours.client.text("INFO", "memory")).toContain(`allocator_resident:${arena.touchedBytes}\r`);
  });

  test("is made free by MEMORY PURGE, whatever the directives", async () => {
    await using ours = await Ours.start({ "memory-compaction": "no" });
    const { arena } = ours.server.keyspace.space;
    await fill(ours, 50);
    const before = arena.pageBytes;
    const digest = await ours.client.text("DEBUG", "DIGEST");
    expect(before).toBeGreaterThan(arena.usedBytes * 10);
    expect(await ours.client.text("MEMORY", "PURGE")).toBe("OK");
    await until("sparse pages to be emptied", () => arena.pageBytes < before / 10);
    await until("no page to be kept that holds nothing", async () => {
      await ours.client.text("MEMORY", "PURGE");
      return arena.touchedBytes === arena.pageBytes;
    });
    expect(await ours.client.text("DEBUG", "DIGEST")).toBe(digest);
  });

  test("is made free where activedefrag and its thresholds say so", async () => {
    await using ours = await Ours.start({ "memory-compaction": "no", "active-defrag-cycle-min": "1", "active-defrag-cycle-max": "1" });
    const { arena } = ours.server.keyspace.space;
    const { memory } = ours.server.housekeeping;
    await fill(ours, 3);
    pretendLater(ours);
    expect(memory.running).toBe(0);
    await set(ours, "activedefrag", "yes");
    pretendLater(ours);
    // Less than 100 MB of waste is not worth it.
    expect(memory.running).toBe(0);
    await set(ours, "active-defrag-ignore-bytes", "1mb");
    await set(ours, "active-defrag-threshold-upper", "1000");
    await set(ours, "active-defrag-threshold-lower", "100");
    pretendLater(ours);
    expect(memory.running).toBe(1);
    expect(ours.log).toContain("Starting active defrag, frag=");
    expect(await ours.client.text("INFO", "memory")).toContain("active_defrag_running:1\r");
    expect(await ours.client.text("INFO", "stats")).toMatch(/\ncurrent_active_defrag_time:[1-9]?\d/);
    // More of the time, but not less.
    await set(ours, "active-defrag-cycle-max", "50");
    await set(ours, "active-defrag-threshold-upper", "100");
    pretendLater(ours);
    expect(memory.running).toBeGreaterThan(40);
    await until("the walk to end", () => memory.running === 0);
    expect(ours.log).toMatch(/Active defrag done in \d+ms, reallocated=\d+, frag=\d+%, frag_bytes=\d+/);
    expect(arena.pageBytes).toBeLessThan(arena.usedBytes * 1.3);
    expect(await ours.client.text("INFO", "stats")).toContain("\ncurrent_active_defrag_time:0\r");
  });

  test("is made free without activedefrag where much of it is waste", async () => {
    await using ours = await Ours.start();
    const { arena } = ours.server.keyspace.space;
    const { memory } = ours.server.housekeeping;
    expect(ours.server.config.values.activedefrag).toBe(false);
    await fill(ours, 50);
    pretendLater(ours);
    expect(memory.running).toBe(25);
    await until("the walk to end", () => memory.running === 0);
    expect(arena.pageBytes).toBeLessThan(10 * 65536);
  });

  test("is left alone once activedefrag is off", async () => {
    await using ours = await Ours.start({
      "memory-compaction": "no",
      activedefrag: "yes",
      "active-defrag-ignore-bytes": "1",
      "active-defrag-cycle-max": "1",
    });
    const { memory } = ours.server.housekeeping;
    await fill(ours, 50);
    pretendLater(ours);
    expect(memory.running).toBe(1);
    await set(ours, "activedefrag", "no");
    expect(memory.running).toBe(0);
    expect(ours.server.keyspace.defragmentation.underWay).toBe(false);
    expect(ours.server.keyspace.space.arena.sparsePages).toBe(0);
  });
});
