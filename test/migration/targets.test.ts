import { expect, test } from "bun:test";
import { Targets } from "../../src/migration/targets.ts";
import { until } from "../replication/support.ts";
import { FakeTarget } from "./target.ts";

test("a connection is kept for ten seconds after its last use, if the other side keeps it", async () => {
  using target = new FakeTarget();
  const sizes: number[] = [];
  const targets: Targets = new Targets(() => sizes.push(targets.size));
  const address = { host: "127.0.0.1", port: String(target.port), tls: null };
  const first = await targets.take(address, 1000);
  targets.giveBack(address, first);
  const { lastUsed } = first;
  targets.dropUnused(lastUsed + 10_000);
  expect(await targets.take(address, 1000)).toBe(first);
  // Those in use are not closed, nor counted twice.
  targets.dropUnused(lastUsed + 60_000);
  expect([targets.size, first.closed]).toEqual([1, false]);
  const second = await targets.take(address, 1000);
  expect([second === first, targets.size]).toEqual([false, 2]);
  targets.giveBack(address, first);
  targets.giveBack(address, second);
  expect([targets.size, first.closed]).toEqual([1, true]);
  targets.dropUnused(second.lastUsed + 10_001);
  expect([targets.size, second.closed]).toEqual([0, true]);
  const third = await targets.take(address, 1000);
  targets.giveBack(address, third);
  target.hangUp();
  await until("the end of the connection", () => targets.size === 0);
  expect(sizes.at(-1)).toBe(0);
  targets.close();
});

test("64 connections are kept at most, and none after the end", async () => {
  using target = new FakeTarget();
  const targets = new Targets();
  // Names of one place: each has a connection of its own.
  const addresses = Array.from({ length: 65 }, (_, index) => ({
    host: "127.0.0.1",
    port: `${target.port}${" ".repeat(index)}`,
    tls: null,
  }));
  const sockets = [];
  for (const address of addresses) {
    const socket = await targets.take(address, 1000);
    sockets.push(socket);
    targets.giveBack(address, socket);
  }
  expect([targets.size, sockets[0]?.closed, sockets[1]?.closed]).toEqual([64, true, false]);
  const used = await targets.take({ host: "127.0.0.1", port: String(target.port), tls: null }, 1000);
  targets.close();
  expect([targets.size, used.closed]).toEqual([1, false]);
  targets.giveBack({ host: "127.0.0.1", port: String(target.port), tls: null }, used);
  expect([targets.size, used.closed]).toEqual([0, true]);
});
