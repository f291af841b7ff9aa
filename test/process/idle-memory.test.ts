import { describe, expect, test } from "bun:test";
import { IdleMemory } from "../../src/process/idle-memory.ts";

const MEGABYTE = 1024 * 1024;

/** Looks every two seconds at a process that does what `activity` says. `done` has what went back, with the second of it. */
class Looks {
  readonly activity = { bytes: 0, heldBytes: 0 };
  readonly done: string[] = [];
  private seconds = 0;
  private readonly idle = new IdleMemory(
    { bytes: () => this.activity.bytes, heldBytes: () => this.activity.heldBytes },
    { collect: () => this.note("garbage"), dropCode: () => this.note("code"), dropPages: () => [][Symbol.iterator]() },
  );

  private note(what: string): void {
    this.done.push(`${what} ${this.seconds}`);
  }

  /** So many seconds pass, in which `bytes` come and go every second. */
  pass(seconds: number, bytes = 0): this {
    for (const end = this.seconds + seconds; this.seconds < end; ) {
      this.seconds += 2;
      this.activity.bytes += 2 * bytes;
      if (this.idle.look(this.seconds * 1000) !== null) this.note("pages");
    }
    return this;
  }
}

describe("a process that does nothing", () => {
  test("gives back pages at once, code when it was quiet for six seconds, and the pages that this took", () => {
    expect(new Looks().pass(12).done).toEqual(["pages 2", "code 6", "pages 8"]);
  });

  test("does so at pauses that double up to an hour", () => {
    const seconds = new Looks()
      .pass(86_400)
      .done.filter((what) => what.startsWith("code"))
      .map((what) => Number(what.slice(5)));
    expect(seconds.slice(0, 5)).toEqual([6, 18, 48, 108, 228]);
    const pauses = seconds.slice(1).map((second, index) => second - (seconds[index] ?? 0));
    expect(Math.max(...pauses)).toBe(3600);
    expect(seconds.length).toBeLessThan(35);
  });
});

describe("a process that has work", () => {
  test("keeps its code, and gives back only pages", () => {
    expect(new Looks().pass(100, 1).done).toEqual(["pages 2", "pages 18", "pages 48"]);
  });

  test("gives back code once in a period, however often it rests", () => {
    const looks = new Looks().pass(120);
    looks.done.length = 0;
    for (let times = 0; times < 4; times++) looks.pass(10, 1).pass(10);
    expect(looks.done).toEqual([]);
  });

  test("collects garbage when it rests, once, and only where much has come", () => {
    const looks = new Looks().pass(20);
    looks.done.length = 0;
    expect(looks.pass(10, MEGABYTE).done).toEqual([]);
    expect(looks.pass(10).done).toEqual(["garbage 32"]);
    expect(looks.pass(2, MEGABYTE / 2).pass(4).done).toEqual(["garbage 32"]);
  });

  test("collects garbage after its counters were reset", () => {
    const looks = new Looks().pass(20).pass(10, MEGABYTE).pass(4);
    looks.activity.bytes = 0;
    looks.done.length = 0;
    expect(looks.pass(4).done).toEqual([]);
    expect(looks.pass(4, MEGABYTE).pass(2).done).toEqual(["garbage 44"]);
  });

  test("leaves a heap with many objects to the runtime", () => {
    const looks = new Looks();
    looks.activity.heldBytes = 1024 * MEGABYTE;
    expect(looks.pass(10, MEGABYTE).pass(20).done).toEqual(["pages 2", "pages 18"]);
  });
});
