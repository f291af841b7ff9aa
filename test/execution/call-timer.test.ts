/** Which calls are timed together, and which by themselves: with a clock that the tests set. */
import { afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import { Config } from "../../src/config/config.ts";
import type { Call } from "../../src/execution/call.ts";
import { CallTimer } from "../../src/execution/call-timer.ts";
import type { CallWatch, Executed } from "../../src/execution/call-watch.ts";
import type { CommandEntry } from "../../src/execution/registry.ts";
import { ServerStats } from "../../src/session/stats.ts";

/** In microseconds. */
let time = 0;
let looks = 0;
const clock = { restore: () => {} };

beforeEach(() => {
  time = 1000;
  looks = 0;
  const spy = spyOn(performance, "now").mockImplementation(() => {
    looks++;
    return time / 1000;
  });
  clock.restore = () => spy.mockRestore();
});
afterEach(() => clock.restore());

function entry(): CommandEntry {
  return { calls: 0, microseconds: 0, latency: null, untimed: 0, callsPerSample: 1, callsPerLook: 1 } as CommandEntry;
}

class Scene {
  readonly stats = new ServerStats();
  /** What was slow, as `name microseconds`. */
  readonly slow: string[] = [];
  private readonly watch = {
    slowFrom: 10_000,
    exact: false,
    slow: ({ entry }: Executed, microseconds: number) => void this.slow.push(`${this.nameOf(entry)} ${Math.round(microseconds)}`),
  } as unknown as CallWatch;
  readonly timer = new CallTimer(Config.of(), this.stats, this.watch);
  readonly entries = { get: entry(), set: entry(), exec: entry() };
  private readonly call = {} as Call;

  private nameOf(entry: CommandEntry): string {
    return Object.entries(this.entries).find(([, each]) => each === entry)?.[0] ?? "?";
  }

  /** A call that takes so many microseconds. */
  run(name: keyof Scene["entries"], microseconds: number, call = this.call): void {
    const entry = this.entries[name];
    this.timer.start(entry, call);
    Object.assign(call, { entry });
    time += microseconds;
    entry.calls++;
  }

  batch(...calls: readonly [name: keyof Scene["entries"], microseconds: number][]): void {
    this.timer.beginBatch();
    for (const [name, microseconds] of calls) this.run(name, microseconds);
    this.timer.endBatch();
  }
}

test("the only request of a batch takes no look at the clock of its own", () => {
  const scene = new Scene();
  scene.batch(["get", 7]);
  expect(looks).toBe(2);
  expect(Math.round(scene.entries.get.microseconds)).toBe(7);
  expect(scene.entries.get.latency?.count).toBe(1);
});

test("short calls of a command that come together share a look, ever more of them", () => {
  const scene = new Scene();
  for (let batch = 0; batch < 8; batch++) scene.batch(...Array.from({ length: 32 }, (): ["get", number] => ["get", 1]));
  looks = 0;
  scene.batch(...Array.from({ length: 32 }, (): ["get", number] => ["get", 1]));
  expect(looks).toBe(2);
  expect(scene.entries.get.latency?.count).toBe(9 * 32);
  expect(Math.round(scene.entries.get.microseconds)).toBe(9 * 32);
});

test("calls that are long, and a command called the first time, are timed one by one", () => {
  const scene = new Scene();
  scene.batch(["get", 6], ["get", 12_345], ["get", 6], ["get", 6]);
  scene.batch(["get", 6], ["get", 6], ["get", 23_456]);
  expect(scene.slow).toEqual(["get 12345", "get 23456"]);
});

test("one that is slow where many were short is found, and those after it are timed by themselves", () => {
  const scene = new Scene();
  for (let batch = 0; batch < 8; batch++) scene.batch(...Array.from({ length: 32 }, (): ["get", number] => ["get", 1]));
  scene.batch(["get", 1], ["get", 20_000], ["get", 1]);
  expect(scene.slow).toEqual(["get 20002"]);
  scene.batch(["get", 1], ["get", 1], ["get", 30_000], ["get", 1]);
  expect(scene.slow.slice(1)).toEqual(["get 30001"]); // two calls shared the look by then
});

test("a run ends with a call of another command, with the batch, and when its requests are gone", () => {
  const scene = new Scene();
  scene.batch(["get", 10_000], ["set", 3], ["get", 2], ["set", 11_000]);
  expect(scene.slow).toEqual(["get 10000", "set 11000"]);
  scene.timer.beginBatch();
  scene.run("get", 12_000);
  scene.timer.endCalls();
  time += 50_000;
  scene.timer.endBatch();
  expect(scene.slow.slice(2)).toEqual(["get 12000"]);
});

test("a command that others are called within takes as long as all of them; the event loop counts that once", () => {
  const scene = new Scene();
  const [outer, inner] = [{} as Call, {} as Call];
  scene.timer.beginBatch();
  scene.timer.start(scene.entries.exec, outer);
  Object.assign(outer, { entry: scene.entries.exec });
  time += 10;
  scene.run("set", 6000, inner);
  scene.run("get", 7000, inner);
  scene.timer.endLong(outer);
  scene.entries.exec.calls++;
  scene.run("get", 1);
  scene.timer.endBatch();
  expect(scene.slow).toEqual(["exec 13010"]);
  expect(Math.round(scene.entries.exec.microseconds)).toBe(13_010);
  expect(scene.entries.exec.latency?.count).toBe(1);
  expect(Math.round(scene.stats.commandMicroseconds)).toBe(13_011);
});

test("a call whose client waits counts as none", () => {
  const scene = new Scene();
  scene.timer.beginBatch();
  scene.timer.start(scene.entries.get, {} as Call);
  time += 20_000;
  scene.timer.endBatch();
  expect(scene.slow).toEqual([]);
  expect(scene.entries.get.latency).toBeNull();
  scene.timer.ended({ entry: scene.entries.get } as Executed, 15_000);
  expect(scene.slow).toEqual(["get 15000"]);
});

test("calls of scripts are timed one in sixteen while they are short, else each", () => {
  const scene = new Scene();
  const { get } = scene.entries;
  const call = { entry: get } as Call;
  const run = (microseconds: number): void => {
    const timed = scene.timer.samples(get);
    const from = time / 1000;
    time += microseconds;
    if (timed) scene.timer.sampled(call, from);
  };
  for (let times = 0; times < 33; times++) run(1);
  expect(get.latency?.count).toBe(33);
  for (let times = 0; times < 16; times++) run(8);
  run(14_000);
  expect(scene.slow).toEqual(["get 14000"]);
});
