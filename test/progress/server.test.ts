/** What REPLICANT.PROGRESS and INFO say of the long things of a server. Directives make them long. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Config } from "../../src/config/config.ts";
import { Log } from "../../src/log.ts";
import { Server } from "../../src/server.ts";
import { FakeMaster, follow, id, image, infoField, linkUp, load, measured, Ours, startReal, until } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import { decode, itemsOf, mapOf, textOf } from "../support/decode.ts";
import { describeWithRedis } from "../support/redis.ts";

type One = Readonly<Record<string, string>>;

async function ask(client: RawClient): Promise<{ running: One[]; ended: One[] }> {
  const reply = mapOf(decode(await client.command("REPLICANT.PROGRESS")));
  const list = (name: string): One[] =>
    itemsOf(reply.get(name)).map((one) => Object.fromEntries([...mapOf(one)].map(([key, value]) => [key, textOf(value)])));
  return { running: list("running"), ended: list("ended") };
}

/** Waits until something of this kind is under way and some of it done. */
async function begun(client: RawClient, kind: string): Promise<One> {
  let found: One | undefined;
  await until(`${kind} to be under way`, async () => {
    found = (await ask(client)).running.find((one) => one.kind === kind && one.done !== "0");
    return found !== undefined;
  });
  return found ?? {};
}

async function ended(client: RawClient, kind: string): Promise<One> {
  let found: One | undefined;
  await until(`${kind} to end`, async () => {
    found = (await ask(client)).ended.find((one) => one.kind === kind);
    return found !== undefined;
  });
  return found ?? {};
}

const KEYS = 400;
/** Eight seconds of keys, unless it is told to hurry. */
const SLOW_SAVE = { "rdb-key-save-delay": "20000" };
const hurry = (client: RawClient, directive: string) => client.text("CONFIG", "SET", directive, 0);
const fill = (client: RawClient) => load(client, KEYS, (index) => ["SET", `key:${index}`, `value:${index}`]);

function withDirectory(body: (dir: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const dir = mkdtempSync(join(tmpdir(), "replicant-progress-"));
    try {
      await body(dir);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  };
}

describe("REPLICANT.PROGRESS and INFO PROGRESS", () => {
  test(
    "tell of saves in the background and at one go, and of rewrites, with keys and bytes",
    withDirectory(async (dir) => {
      await using server = await Ours.start({ ...SLOW_SAVE, dir });
      const { client } = server;
      await fill(client);
      expect(await ask(client)).toEqual({ running: [], ended: [] });
      expect(await client.text("INFO", "progress")).toBe("# Progress\r\nprogress_running:0\r\n");

      await client.text("BGSAVE");
      const saving = await begun(client, "bgsave");
      expect(saving).toMatchObject({ subject: "", unit: "keys", total: String(KEYS) });
      expect(Number(saving.done)).toBeWithin(1, KEYS);
      expect(Number(saving.percent)).toBeCloseTo((Number(saving.done) / KEYS) * 100, 2);
      expect(Math.abs(Number(saving.started) - Date.now())).toBeLessThan(600_000);
      const info = await client.text("INFO", "progress");
      expect(info).toMatch(
        /^progress_running:1\r\nprogress0:kind=bgsave,subject=,percent=\d+\.\d\d,unit=keys,done=\d+,total=400,bytes=\d+,/m,
      );
      expect(info).toMatch(/,rate=\d+,bytes_rate=\d+,seconds=\d+,left=-?\d+\r\n$/);
      expect(await client.text("INFO", "everything")).not.toContain("# Progress");
      await hurry(client, "rdb-key-save-delay");
      const size = () => String(statSync(join(dir, "dump.rdb")).size);
      const done = { unit: "keys", done: String(KEYS), total: String(KEYS), complete: "1" };
      expect(await ended(client, "bgsave")).toMatchObject({ ...done, bytes: size() });
      expect(await client.text("INFO", "progress")).toMatch(
        /^# Progress\r\nprogress_running:0\r\nprogress_last_bgsave:subject=,complete=1,seconds=\d+\.\d{3},unit=keys,done=400,total=400,bytes=\d+\r\n$/,
      );

      await client.text("SAVE");
      expect(await ended(client, "save")).toMatchObject({ ...done, bytes: size() });

      await client.text("BGREWRITEAOF");
      expect(await ended(client, "aof-rewrite")).toMatchObject(done);

      await client.text("CONFIG", "SET", "rdb-key-save-delay", SLOW_SAVE["rdb-key-save-delay"]);
      await client.text("BGSAVE");
      await begun(client, "bgsave");
      await client.text("FLUSHALL");
      await until("the save to be given up", async () => (await ask(client)).running.length === 0);
      expect((await ask(client)).ended.at(-1)).toMatchObject({ kind: "bgsave", complete: "0", total: String(KEYS) });
    }),
  );

  for (const [kind, directives] of [
    ["load-rdb", {}],
    ["load-aof", { appendonly: "yes" }],
  ] as const) {
    test(
      `tell of a ${kind} at start, while the server is loading`,
      withDirectory(async (dir) => {
        let bytes = 0;
        {
          await using server = await Ours.start({ dir, ...directives });
          await fill(server.client);
          if (kind === "load-aof") bytes = Number(await infoField(server.client, "persistence", "aof_current_size"));
          else {
            await server.client.text("SAVE");
            bytes = statSync(join(dir, "dump.rdb")).size;
          }
        }
        const config = Config.of({ save: "", bind: "127.0.0.1", dir, "key-load-delay": "20000", ...directives });
        const server = new Server(config, { anyPort: true, log: new Log({ level: "nothing", file: "" }) });
        const starting = server.start();
        const client = await connect(server.port);
        const loading = await begun(client, kind);
        expect(loading).toMatchObject({ unit: "bytes", total: String(bytes), bytes: loading.done });
        expect(await infoField(client, "persistence", "loading_total_bytes")).toBe(String(bytes));
        await hurry(client, "key-load-delay");
        expect(await ended(client, kind)).toMatchObject({ done: String(bytes), total: String(bytes), complete: "1" });
        client.close();
        await starting;
        await server.stop();
      }),
    );
  }

  test("tell of full synchronizations, at the master by replica, and at the replica while it receives and loads", async () => {
    await using master = await Ours.start(SLOW_SAVE);
    await fill(master.client);
    await using replica = await Ours.start({ "key-load-delay": "20000" });
    await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    const sending = await begun(master.client, "sync-send");
    expect(sending).toMatchObject({ unit: "keys", total: String(KEYS), subject: `127.0.0.1:${replica.server.config.values.port}` });
    await hurry(master.client, "rdb-key-save-delay");
    const bytes = (await ended(replica.client, "sync-receive")).done;
    expect(await ended(master.client, "sync-send")).toMatchObject({ done: String(KEYS), complete: "1" });
    expect(await begun(replica.client, "sync-load")).toMatchObject({ unit: "bytes", total: bytes });
    await hurry(replica.client, "key-load-delay");
    await linkUp(replica.client);
    expect(await ended(replica.client, "sync-load")).toMatchObject({ done: bytes, total: bytes, complete: "1" });
  });

  test("tell of an image from a file in bytes, and of one that is loaded as it comes in keys", async () => {
    await using master = await Ours.start({ "repl-diskless-sync": "no" });
    await fill(master.client);
    await using replica = await Ours.start({ "repl-diskless-load": "swapdb" });
    await follow(replica.client, master.port);
    const sent = await ended(master.client, "sync-send");
    expect(sent).toMatchObject({ unit: "bytes", done: sent.total, complete: "1" });
    expect(await ended(replica.client, "sync-load")).toMatchObject({ unit: "bytes", done: sent.total, total: sent.total, complete: "1" });
    await replica.client.text("REPLICAOF", "NO", "ONE");
    await master.client.text("CONFIG", "SET", "repl-diskless-sync", "yes");
    await follow(replica.client, master.port);
    const keys = { unit: "keys", done: String(KEYS), total: String(KEYS), complete: "1" };
    expect((await ask(master.client)).ended.at(-1)).toMatchObject({ kind: "sync-send", ...keys });
    expect((await ask(replica.client)).ended.at(-1)).toMatchObject({ kind: "sync-load", ...keys });
  });

  test("tell of a transfer that is cut, and of a load that fails", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start();
    await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    const link = await master.accept();
    await link.greet();
    const bytes = measured(image({ a: "1" }));
    link.send(Buffer.concat([Buffer.from(`+FULLRESYNC ${id("a")} 0\r\n`), bytes.subarray(0, -10)]));
    expect((await begun(replica.client, "sync-receive")).total).toBe(String(image({ a: "1" }).length));
    link.hangUp();
    expect(await ended(replica.client, "sync-receive")).toMatchObject({ complete: "0" });
    const second = await master.accept();
    await second.greet();
    second.send(
      Buffer.concat([Buffer.from(`+FULLRESYNC ${id("a")} 0\r\n`), Buffer.from("$20\r\nREDIS0011\xfe\x00\xf0aaaaaaaa", "latin1")]),
    );
    expect(await ended(replica.client, "sync-load")).toMatchObject({ complete: "0" });
    expect(await ended(replica.client, "sync-receive")).toMatchObject({ complete: "1", done: "20" });
  });

  test("tell of a comparison by keys of both sides, and of memory that is given back", async () => {
    await using server = await Ours.start();
    const { client } = server;
    await fill(client);
    await client.text("REPLICANT.COMPARE", "127.0.0.1", server.port).catch(() => {});
    expect(await ended(client, "compare")).toMatchObject({
      subject: `127.0.0.1:${server.port}`,
      unit: "keys",
      total: String(2 * KEYS),
      done: String(2 * KEYS),
      bytes: "-1",
      complete: "1",
    });
    const { lazyFree } = server.server.keyspace;
    await client.text("SELECT", 1); // keys elsewhere keep memory from being given back at one go
    await client.text("DEBUG", "POPULATE", 210_000);
    Object.defineProperty(lazyFree, "run", { value: () => false, configurable: true });
    await client.text("FLUSHDB", "ASYNC");
    await until("freeing", async () =>
      (await ask(client)).running.some(({ kind, total }) => kind === "lazyfree" && Number(total) >= 210_000),
    );
    Reflect.deleteProperty(lazyFree, "run");
    expect(await ended(client, "lazyfree")).toMatchObject({ complete: "1" });
  });
});

describeWithRedis("what Redis says of a synchronization while it is under way", () => {
  const MANY = Object.fromEntries(Array.from({ length: KEYS }, (_, index) => [`key:${index}`, `value:${index}`]));
  /** In the version that Redis 7.0 reads. */
  const older = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from("REDIS0010"), bytes.subarray(9)]);
  /** The lines of INFO of this section with such names. */
  const lines = async (client: RawClient, section: string, names: RegExp): Promise<string[]> =>
    (await client.text("INFO", section)).split("\r\n").filter((line) => names.test(line));

  test("is what ours says, to the byte where no clock is in it", async () => {
    const receiving: string[][] = [];
    const loading: string[][] = [];
    const slow = { "key-load-delay": "5000", "loading-process-events-interval-bytes": "1024", "repl-diskless-load": "disabled" };
    await using mine = await Ours.start(slow);
    await using real = await startReal(...Object.entries(slow).flatMap(([name, value]) => [`--${name}`, value]));
    for (const { client } of [mine, real]) {
      using master = new FakeMaster();
      await client.text("REPLICAOF", "127.0.0.1", master.port);
      const link = await master.accept();
      await link.greet();
      const bytes = measured(older(image(MANY)));
      link.send(Buffer.concat([Buffer.from(`+FULLRESYNC ${id("a")} 0\r\n`), bytes.subarray(0, 3000)]));
      await until("some of it", async () => Number(await infoField(client, "replication", "master_sync_read_bytes")) > 2900);
      receiving.push(await lines(client, "replication", /^master_sync_(?!last_io)/));
      link.send(bytes.subarray(3000));
      await until("the load", async () => Number(await infoField(client, "persistence", "loading_loaded_bytes")) > 0);
      const found = await lines(client, "persistence", /loading_/);
      const [, loaded = ""] = /loading_loaded_bytes:(\d+)/.exec(found.join()) ?? [];
      const share = ((Number(loaded) / image(MANY).length) * 100).toFixed(2);
      expect(found).toContain(`loading_loaded_perc:${share}`);
      loading.push(found.map((line) => line.replace(/(start_time|loaded_bytes|loaded_perc|eta_seconds):[\d.]+$/, "$1:N")));
      await client.text("CONFIG", "SET", "key-load-delay", 0);
      await linkUp(client);
    }
    expect(receiving[0]).toEqual(receiving[1]);
    expect(receiving[0][0]).toBe("master_sync_in_progress:1");
    expect(loading[0]).toEqual(loading[1]);
    expect(loading[0]).toContain(`loading_total_bytes:${image(MANY).length}`);
  });

  test("of a save has the same keys in it", async () => {
    const found: string[][] = [];
    await using mine = await Ours.start(SLOW_SAVE);
    await using real = await startReal("--rdb-key-save-delay", "20000");
    for (const { client } of [mine, real]) {
      await fill(client);
      await client.text("BGSAVE");
      await until("keys", async () => (await infoField(client, "persistence", "current_save_keys_processed")) !== "0");
      const saving = await lines(client, "persistence", /^(current_(save|fork)|rdb_bgsave|rdb_current)/);
      found.push(saving.map((line) => line.replace(/(processed|fork_perc|time_sec):[\d.]+$/, "$1:N")));
    }
    expect(found[0]).toEqual(found[1]);
    expect(found[0]).toContain(`current_save_keys_total:${KEYS}`);
  });
});
