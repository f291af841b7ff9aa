import { expect, test } from "bun:test";
import { type CommandEvent, Replicant } from "../../src/index.ts";

test("a program is told of each command that is executed, whoever sends it, with what is secret left out", async () => {
  await using server = await Replicant.start();
  const seen: CommandEvent[] = [];
  const listener = (event: CommandEvent): void => void seen.push(event);
  const link = server.connect();
  await link.send(["SET", "before", 1], false);
  server.on("command", listener);
  await link.send(["CLIENT", "SETNAME", "worker"], false);
  await link.send(["SELECT", 2], false);
  await link.sendAll([["MULTI"], ["set", "k", "grün"], ["EXEC"]], false);
  await link.send(["EVAL", "return redis.call('INCR', KEYS[1])", 1, "n"], false);
  await link.send(["CONFIG", "SET", "requirepass", "secret"], false).catch(() => {});
  const redis = new Bun.RedisClient(`redis://:secret@127.0.0.1:${server.port}`);
  await redis.get("k");
  redis.close();
  server.off("command", listener);
  await link.send(["SET", "after", 1], false);
  const lines = seen.map(({ db, command, args }) => [db, command, ...args].join(" "));
  expect(lines).toContain("2 set k grün");
  expect(lines).toContain("2 incr n");
  expect(lines).toContain("0 get k");
  expect(lines.join("\n")).not.toContain("secret");
  expect(lines.join("\n")).not.toMatch(/before|after/);
  expect(seen.find(({ command }) => command === "set")?.client).toEqual({
    id: expect.any(Number),
    name: "worker",
    address: "in-process:0",
  });
  expect(seen.find(({ command }) => command === "incr")?.client.address).toBe("lua");
  expect(seen.find(({ db, command }) => db === 0 && command === "get")?.client.address).toStartWith("127.0.0.1:");
});

test("what a listener sends is executed behind the command that it was told of", async () => {
  await using server = await Replicant.inProcess();
  const [link, other] = [server.connect(), server.connect()];
  const counted: Promise<unknown>[] = [];
  server.on("command", ({ command }) => {
    if (command === "set") counted.push(other.send(["INCR", "sets"], false));
  });
  expect(
    await link.sendAll(
      [
        ["SET", "a", 1],
        ["GET", "sets"],
        ["SET", "b", 1],
      ],
      false,
    ),
  ).toEqual(["OK", null, "OK"]);
  expect(await Promise.all(counted)).toEqual([1, 2]);
});
