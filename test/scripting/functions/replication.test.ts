/** Function libraries in replication: full synchronizations carry them, and the stream changes them, between ours and a real Redis. */
import { describe, expect, test } from "bun:test";
import { follow, Ours, sameOffset, startReal } from "../../replication/support.ts";
import type { RawClient } from "../../support/client.ts";
import { testWithRedis } from "../../support/redis.ts";

const LIBRARY = "#!lua name=lib\nredis.register_function('f', function(keys) return redis.call('INCR', keys[1]) end)";
const OTHER = "#!lua name=other\nredis.register_function{function_name='g', flags={'no-writes'}, callback=function() return 'g' end}";

interface Side extends AsyncDisposable {
  readonly client: RawClient;
  readonly port: number;
}
type Start = (...directives: readonly (readonly [string, string])[]) => Promise<Side>;

const ours: Start = async (...directives) => {
  const server = await Ours.start(Object.fromEntries(directives));
  return { client: server.client, port: server.port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
};
const redis: Start = (...directives) => startReal(...directives.flatMap(([name, value]) => [`--${name}`, value]));

const list = async (client: RawClient): Promise<string> => (await client.command("FUNCTION", "LIST", "WITHCODE")).toString("latin1");

async function sameLibraries(master: Side, replica: Side): Promise<void> {
  await sameOffset(master.client, replica.client);
  expect(await list(replica.client)).toBe(await list(master.client));
}

/** How an image may get to a replica: by file or as a stream, read from a file or as it comes. */
const WAYS: readonly (readonly [name: string, onMaster: readonly [string, string], onReplica: readonly [string, string]])[] = [
  ["a file", ["repl-diskless-sync", "no"], ["repl-diskless-load", "disabled"]],
  ["a stream that is read as it comes", ["repl-diskless-sync", "yes"], ["repl-diskless-load", "on-empty-db"]],
];

async function carries(startMaster: Start, startReplica: Start, [, onMaster, onReplica]: (typeof WAYS)[number]): Promise<void> {
  await using master = await startMaster(onMaster);
  await using replica = await startReplica(onReplica);
  await replica.client.text("FUNCTION", "LOAD", OTHER);
  await master.client.text("FUNCTION", "LOAD", LIBRARY);
  await master.client.text("FCALL", "f", 1, "k");
  await follow(replica.client, master.port);
  await sameLibraries(master, replica);
  expect(await list(replica.client)).toContain("register_function('f'");
  expect((await replica.client.command("FCALL", "f", 1, "k")).toString()).toBe(
    "-READONLY You can't write against a read only replica.\r\n",
  );
  await master.client.text("FUNCTION", "LOAD", OTHER);
  await sameOffset(master.client, replica.client);
  expect(await replica.client.text("FCALL", "g", 0)).toBe("g");
  await master.client.text("FUNCTION", "LOAD", "REPLACE", `${LIBRARY} -- changed`);
  await master.client.text("FUNCTION", "DELETE", "other");
  await sameLibraries(master, replica);
  const dumped = await master.client.command("FUNCTION", "DUMP");
  const payload = dumped.subarray(dumped.indexOf("\r\n") + 2, dumped.length - 2);
  await master.client.text("FUNCTION", "FLUSH");
  await sameLibraries(master, replica);
  expect(await list(replica.client)).toBe("*0\r\n");
  await master.client.text("FUNCTION", "RESTORE", payload);
  await sameLibraries(master, replica);
  expect(await list(replica.client)).toContain("-- changed");
  await master.client.text("FCALL", "f", 1, "k");
  await sameOffset(master.client, replica.client);
  expect(await replica.client.text("GET", "k")).toBe("2");
}

describe("libraries reach replicas", () => {
  for (const way of WAYS) {
    test(`ours from ours by ${way[0]}`, () => carries(ours, ours, way));
    testWithRedis(`Redis's from ours by ${way[0]}`, () => carries(ours, redis, way));
    testWithRedis(`ours from Redis's by ${way[0]}`, () => carries(redis, ours, way));
  }

  test("and stay when a replica becomes a master", async () => {
    await using master = await Ours.start();
    await using replica = await Ours.start();
    await master.client.text("FUNCTION", "LOAD", LIBRARY);
    await follow(replica.client, master.port);
    expect(await list(replica.client)).toContain("'f'");
    await replica.client.text("REPLICAOF", "NO", "ONE");
    expect(await list(replica.client)).toContain("'f'");
  });
});
