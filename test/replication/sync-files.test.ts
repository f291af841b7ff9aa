import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { RawClient } from "../support/client.ts";
import { testWithRedis } from "../support/redis.ts";
import { follow, infoField, linkUp, Ours, sameOffset, startReal, until } from "./support.ts";

/** What a full synchronization left on both sides, once a second has passed on both. */
interface Left {
  readonly master: boolean;
  readonly replica: boolean;
}

type Directives = Readonly<Record<string, string>>;

interface Side extends AsyncDisposable {
  readonly client: RawClient;
  readonly port: number;
  readonly dir: string;
}

async function ours(directives: Directives): Promise<Side> {
  const server = await Ours.start(directives);
  const { client, port } = server;
  return { client, port, dir: server.server.config.values.dir, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function redis(directives: Directives): Promise<Side> {
  const server = await startReal(...Object.entries({ save: "", ...directives }).flatMap(([name, value]) => [`--${name}`, value]));
  const { client, port } = server;
  return { client, port, dir: server.process.dir, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const ON_DISK = { "repl-diskless-sync": "no", "repl-diskless-sync-delay": "0" };

async function synchronised(start: typeof ours, directives: Directives, expected: Left): Promise<void> {
  await using master = await start({ ...ON_DISK, ...directives });
  await using replica = await start({ ...ON_DISK, ...directives });
  const left = (): Left => ({ master: existsSync(join(master.dir, "dump.rdb")), replica: existsSync(join(replica.dir, "dump.rdb")) });
  await master.client.text("SET", "a", "1");
  await follow(replica.client, master.port);
  await sameOffset(master.client, replica.client);
  // Both delete what they delete at once or in the next run of what they do once a second; INFO shows when that was.
  const started = Number(await infoField(master.client, "server", "uptime_in_seconds"));
  await until("two seconds", async () => Number(await infoField(master.client, "server", "uptime_in_seconds")) >= started + 2);
  expect(left()).toEqual(expected);
}

const CASES: readonly (readonly [name: string, directives: Directives, left: Left])[] = [
  ["stay on both sides by default", {}, { master: true, replica: true }],
  ["go with rdb-del-sync-files where nothing is persisted", { "rdb-del-sync-files": "yes" }, { master: false, replica: false }],
  ["stay with rdb-del-sync-files beside save points", { "rdb-del-sync-files": "yes", save: "3600 1" }, { master: true, replica: true }],
];

describe("files of a full synchronization", () => {
  for (const [name, directives, left] of CASES) {
    test(name, () => synchronised(ours, directives, left));
    testWithRedis(`${name}, as Redis's do`, () => synchronised(redis, directives, left));
  }

  test.skipIf(process.platform !== "linux")("are closed that cannot take their place", async () => {
    const open = (dir: string): string[] =>
      readdirSync("/proc/self/fd").flatMap((descriptor) => {
        try {
          const path = readlinkSync(join("/proc/self/fd", descriptor));
          return path.startsWith(join(dir, "temp-")) ? [path] : [];
        } catch {
          return []; // closed meanwhile
        }
      });
    await using master = await ours(ON_DISK);
    await using server = await Ours.start(ON_DISK);
    const { dir } = server.server.config.values;
    mkdirSync(join(dir, "dump.rdb"));
    await server.client.text("REPLICAOF", "127.0.0.1", master.port);
    await until("the failure", () => server.log.includes("Failed trying to rename the temp DB into dump.rdb"));
    await server.client.text("REPLICAOF", "NO", "ONE");
    await until("the files to be closed", () => open(dir).length === 0);
  });

  test("there are none on the master's side where the image is streamed", async () => {
    await using master = await ours({ "repl-diskless-sync-delay": "0" });
    await using replica = await ours({});
    await follow(replica.client, master.port);
    expect(existsSync(join(master.dir, "dump.rdb"))).toBe(false);
  });

  test("count as a background save, and let a replica that is restarted go on from there", async () => {
    await using master = await ours(ON_DISK);
    await master.client.text("SET", "a", "1");
    const changes = () => infoField(master.client, "persistence", "rdb_changes_since_last_save");
    expect(await changes()).toBe("1");
    const first = await Ours.start();
    const { dir } = first.server.config.values;
    await follow(first.client, master.port);
    expect(await changes()).toBe("0");
    expect(await infoField(master.client, "persistence", "rdb_saves")).toBe("1");
    await first.server.stop();
    await master.client.text("SET", "b", "2");
    await using second = await Ours.start({ dir, replicaof: `127.0.0.1 ${master.port}` });
    await linkUp(second.client);
    await sameOffset(master.client, second.client);
    expect((await second.client.command("MGET", "a", "b")).toString()).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    expect(await infoField(master.client, "stats", "sync_full")).toBe("1");
    await first[Symbol.asyncDispose]();
  });

  test("wait for a background save that was begun before", async () => {
    await using master = await Ours.start({ ...ON_DISK, "rdb-key-save-delay": "1000" });
    await using replica = await Ours.start();
    await master.client.text("DEBUG", "POPULATE", "300");
    await master.client.text("BGSAVE");
    await master.client.text("SET", "later", "1");
    await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    await linkUp(replica.client);
    const { log } = master;
    expect(log.indexOf("Background saving terminated with success")).toBeLessThan(log.indexOf("Starting BGSAVE for SYNC"));
    expect(await replica.client.text("GET", "later")).toBe("1");
  });
});
