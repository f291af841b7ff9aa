/** Rates, words, and when the log hears of what is under way. */
import { describe, expect, test } from "bun:test";
import { redraws } from "../../src/base/status-line.ts";
import { Log } from "../../src/log.ts";
import { ProgressLine } from "../../src/progress/line.ts";
import { Rate } from "../../src/progress/rate.ts";
import { UnderWay } from "../../src/progress/under-way.ts";
import { amountsWords } from "../../src/progress/words.ts";

/** What is under way by a clock that is set, with the lines that the log gets. */
function stage(): { underWay: UnderWay; lines: string[]; ms(): number; goTo(ms: number): void } {
  const lines: string[] = [];
  let now = 0;
  const log = new Log({ level: "notice", file: "", write: (line) => lines.push(line.replace(/^.* \* /, "")) });
  const underWay = new UnderWay(log, { now: () => now });
  return {
    underWay,
    lines,
    ms: () => now,
    goTo: (ms) => {
      // As often as its timer looks.
      for (; now < ms; now = Math.min(ms, now + 200)) underWay.tick();
      underWay.tick();
    },
  };
}

describe("a rate", () => {
  test("is what was done a second, of the last seconds above all", () => {
    const rate = new Rate(0);
    expect(rate.perSecond).toBe(0);
    rate.sample(100, 0);
    expect(rate.perSecond).toBe(0);
    for (let ms = 100; ms <= 20_000; ms += 100) rate.sample(ms, ms);
    expect(rate.perSecond).toBeCloseTo(1000, 6);
    for (let ms = 100; ms <= 3000; ms += 100) rate.sample(20_000 + 5 * ms, 20_000 + ms);
    expect(rate.perSecond).toBeWithin(3000, 4000);
    for (let ms = 3100; ms <= 30_000; ms += 100) rate.sample(20_000 + 5 * ms, 20_000 + ms);
    expect(rate.perSecond).toBeCloseTo(5000, 0);
  });
});

describe("amounts in words", () => {
  const none = { done: 0, total: 0, rate: 0, bytes: -1, byteRate: 0 };
  test("have what is known", () => {
    const bytes = { ...none, unit: "bytes" as const };
    expect(amountsWords(bytes)).toBe("0 B, 0 B/s");
    expect(amountsWords({ ...bytes, done: 1_500_000, rate: 80_000_000 })).toBe("1.5 MB, 80 MB/s");
    expect(amountsWords({ ...bytes, done: 500_000, total: 2e9, rate: 1000 })).toBe("0% (500 KB of 2.0 GB), 1.0 KB/s, 555h25m left");
    expect(amountsWords({ ...bytes, done: 3, total: 2, rate: 1 })).toBe("100% (3 B of 2 B), 1 B/s, 0s left");
    const keys = { ...none, unit: "keys" as const };
    expect(amountsWords({ ...keys, done: 10, rate: 2 })).toBe("10 keys, 2 keys/s");
    expect(amountsWords({ ...keys, done: 999, total: 1000, rate: 0 })).toBe("99% (999 of 1000 keys), 0 keys/s");
    expect(amountsWords({ ...keys, done: 25, total: 1000, rate: 10, bytes: 4096, byteRate: 2048 })).toBe(
      "2% (25 of 1000 keys, 4.1 KB), 2.0 KB/s, 1m38s left",
    );
  });
});

describe("what is under way", () => {
  test("is not told of in the log while it is short", () => {
    const { underWay, lines, goTo } = stage();
    let done = 0;
    const progress = underWay.begin({ kind: "bgsave", unit: "keys", done: () => done, total: () => 100 });
    goTo(2500);
    done = 100;
    goTo(4900);
    progress.end("complete");
    goTo(20_000);
    expect(lines).toEqual([]);
    expect(underWay.list).toEqual([]);
    expect(underWay.ended.map(({ kind, seconds, complete, done, total }) => [kind, seconds, complete, done, total])).toEqual([
      ["bgsave", 4.9, true, 100, 100],
    ]);
  });

  test("is told of at each tenth, no more often than every five seconds, and every thirty if it goes slowly", () => {
    const { underWay, lines, goTo, ms } = stage();
    const done = (): number => Math.min(ms(), 10_000) * 300 + Math.max(0, ms() - 10_000) * 10;
    const progress = underWay.begin({ kind: "load-rdb", unit: "bytes", done, total: () => 10_000_000 });
    goTo(70_000);
    progress.end("failed");
    expect(lines).toEqual([
      "Loading DB from disk: 15% (1.5 MB of 10 MB), 300 KB/s, 29s left",
      "Loading DB from disk: 30% (3.0 MB of 10 MB), 300 KB/s, 24s left",
      "Loading DB from disk: 33% (3.3 MB of 10 MB), 10 KB/s, 11m10s left",
      "Loading DB from disk: 36% (3.6 MB of 10 MB), 10 KB/s, 10m40s left",
    ]);
    expect(underWay.ended.map(({ complete }) => complete)).toEqual([false]);
  });

  test("is a list, oldest first, and what has ended is the last of each kind", () => {
    const { underWay, goTo } = stage();
    const begin = (kind: "sync-send" | "save", subject: string) =>
      underWay.begin({ kind, subject, unit: "bytes", done: () => 1, total: () => 2 });
    const [first, second, third] = [begin("sync-send", "a"), begin("sync-send", "b"), begin("save", "")];
    expect(underWay.list).toEqual([first, second, third]);
    goTo(1000);
    second.end("failed");
    third.end("complete");
    second.end("complete"); // it had ended
    expect(underWay.list).toEqual([first]);
    expect(underWay.ended.map(({ kind, subject, complete }) => [kind, subject, complete])).toEqual([
      ["sync-send", "b", false],
      ["save", "", true],
    ]);
    first.end("complete");
    expect(underWay.ended.map(({ kind, subject }) => [kind, subject])).toEqual([
      ["save", ""],
      ["sync-send", "a"],
    ]);
  });

  test("is not shown where the log goes elsewhere, or nowhere", () => {
    for (const write of [() => {}, null]) expect(new Log({ level: "notice", file: "", write }).showsStatus).toBe(false);
    expect(new Log({ level: "nothing", file: "" }).showsStatus).toBe(false);
  });
});

test("a line is written over on terminals that can do that, unless their user wants plain text", () => {
  const on = (env: Record<string, string>, platform: NodeJS.Platform = "linux") => redraws(env, platform);
  expect([on({ TERM: "xterm" }), on({ TERM: "linux", NO_COLOR: "" }), on({ TERM: "xterm" }, "win32")]).toEqual([true, true, true]);
  expect([on({}), on({ TERM: "dumb" }), on({ TERM: "emacs" }), on({ TERM: "xterm", NO_COLOR: "1" })]).toEqual([false, false, false, false]);
  expect([on({}, "win32"), on({ WT_SESSION: "x" }, "win32"), on({ ConEmuANSI: "ON" }, "win32")]).toEqual([false, true, true]);
});

test("the line of a tool has the same words", () => {
  let now = 0;
  const drawn: string[] = [];
  const progress = new ProgressLine({ what: "Checking a.rdb", total: 1000, draw: (text) => drawn.push(text), now: () => now });
  for (now = 0; now <= 400; now += 50) progress.at(now);
  progress.over();
  expect(drawn.map((text) => text.replace(/\x1b\[[^a-zA-Z]*[a-zA-Z]|\r/g, ""))).toEqual([
    "Checking a.rdb: 0% (0 B of 1.0 KB), 0 B/s",
    "Checking a.rdb: 10% (100 B of 1.0 KB), 1.0 KB/s, 1s left",
    "Checking a.rdb: 20% (200 B of 1.0 KB), 1.0 KB/s, 1s left",
    "Checking a.rdb: 30% (300 B of 1.0 KB), 1.0 KB/s, 1s left",
    "Checking a.rdb: 40% (400 B of 1.0 KB), 1.0 KB/s, 1s left",
    "",
  ]);
});
