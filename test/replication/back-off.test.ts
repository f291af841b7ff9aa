/** How long a replica waits after failures that repeat. */

import { describe, expect, test } from "bun:test";
import { BackOff } from "../../src/replication/replica/back-off.ts";
import { FakeMaster, id, image, linkUp, Ours, streamed, until } from "./support.ts";

describe("the time between attempts", () => {
  const delays = (random: () => number, count: number): number[] => {
    const backOff = new BackOff(random);
    return Array.from({ length: count }, () => backOff.failed());
  };

  test("doubles from one second to a minute, of which chance takes up to half away", () => {
    expect(delays(() => 1, 9)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(delays(() => 0, 9)).toEqual([1000, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(delays(() => 0.5, 4)).toEqual([1000, 1500, 3000, 6000]);
  });

  test("is another for each replica, and always within the bounds", () => {
    const all = new Set<number>();
    for (let replica = 0; replica < 50; replica++) {
      const [, , , , , , , last] = delays(Math.random, 8);
      expect(last).toBeGreaterThanOrEqual(30_000);
      expect(last).toBeLessThanOrEqual(60_000);
      all.add(last);
    }
    expect(all.size).toBeGreaterThan(40);
  });

  test("has no end of doublings, and starts again after success", () => {
    const backOff = new BackOff(() => 0.999);
    for (let failure = 0; failure < 2000; failure++) expect(backOff.failed()).toBeLessThanOrEqual(60_000);
    backOff.reset();
    expect(backOff.failed()).toBe(1000);
  });
});

test("a replica that cannot take in one image after another asks for them later each time, and at once again after one that it could", async () => {
  const unreadable = Buffer.concat([Buffer.from("REDIS0014"), Buffer.from("\xfe\x00\x1c\x03key\x01\x00", "latin1")]);
  using master = new FakeMaster();
  await using ours = await Ours.start({ replicaof: `127.0.0.1 ${master.port}`, "repl-diskless-load": "on-empty-db" });
  const later = (): number => ours.log.split("This is not the first image that cannot be taken in").length - 1;
  const send = async (bytes: Buffer): Promise<void> => {
    const link = await master.accept();
    await link.greet();
    link.send(`+FULLRESYNC ${id("a")} 0\r\n`);
    link.send(streamed(bytes));
  };
  await send(unreadable);
  await until("the refusal", () => ours.log.includes('value type 28, array, of key "key" is not supported (RDB version 14)'));
  expect(later()).toBe(0);
  await send(unreadable);
  await until("the second refusal", () => later() === 1);
  await send(unreadable);
  await until("the third refusal", () => later() === 2);
  expect(ours.log).toMatch(/The next is asked for in 1 s\.(?:.|\n)*The next is asked for in [12] s\./);
  await send(image({ a: "1" }));
  await linkUp(ours.client);
  expect(await ours.client.text("GET", "a")).toBe("1");
});
