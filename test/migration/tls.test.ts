import { expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { connect } from "../support/client.ts";
import { freePort, type ServerProcess, startServer } from "../support/process.ts";
import { describeWithRedis, startRedis } from "../support/redis.ts";

const PROGRAM = [process.execPath, "run", resolve(import.meta.dir, "../../src/main.ts")];
const file = (name: string) => join(import.meta.dir, "../support/certificates", name);
const NOT_CONNECTED = "-IOERR error or timeout connecting to the client\r\n";

interface Secured extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly tlsPort: number;
}

async function start(
  begin: (args: readonly string[]) => Promise<ServerProcess>,
  authority = "ca.crt",
  ...more: string[]
): Promise<Secured> {
  const tlsPort = freePort();
  const words = {
    "tls-port": String(tlsPort),
    "tls-cert-file": file("server.crt"),
    "tls-key-file": file("server.key"),
    "tls-ca-cert-file": file(authority),
    "tls-cluster": "yes",
    save: "",
  };
  const server = await begin([...Object.entries(words).flatMap(([name, value]) => [`--${name}`, value]), ...more]);
  return { server, tlsPort, [Symbol.asyncDispose]: async () => void (await server.stop()) };
}

const ours = (args: readonly string[]) => startServer(PROGRAM, { args });
const redis = (args: readonly string[]) => startRedis({ args });

/** Has a key of each form of MIGRATE go from one to the other: the client's own, and one where the whole server waits. */
async function migrateFrom(source: Secured, target: Secured): Promise<void> {
  const from = await connect(source.server.port);
  const to = await connect(target.server.port);
  try {
    for (const client of [from, to]) await client.text("FLUSHALL");
    await from.text("MSET", "plain", "1", "queued", "2");
    expect(await from.text("MIGRATE", "127.0.0.1", target.tlsPort, "plain", 0, 5000)).toBe("OK");
    await from.text("MULTI");
    await from.text("MIGRATE", "127.0.0.1", target.tlsPort, "queued", 0, 5000);
    expect((await from.command("EXEC")).toString()).toBe("*1\r\n+OK\r\n");
    expect((await to.command("MGET", "plain", "queued")).toString()).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    expect((await from.command("DBSIZE")).toString()).toBe(":0\r\n");
    // A port without TLS, and one where no one is.
    await from.text("SET", "k", "v");
    for (const port of [target.server.port, freePort()])
      expect((await from.command("MIGRATE", "127.0.0.1", port, "k", 0, 300)).toString()).toBe(NOT_CONNECTED);
    // And without TLS.
    expect(await from.text("CONFIG", "SET", "tls-cluster", "no")).toBe("OK");
    expect(await from.text("MIGRATE", "127.0.0.1", target.server.port, "k", 0, 5000)).toBe("OK");
  } finally {
    from.close();
    to.close();
  }
}

describeWithRedis("MIGRATE goes over TLS where tls-cluster says so", () => {
  test("to Redis and back", async () => {
    await using mine = await start(ours);
    await using theirs = await start(redis);
    await migrateFrom(mine, theirs);
    await migrateFrom(theirs, mine);
  });

  test("and to no one whose certificate does not hold", async () => {
    await using target = await start(ours);
    for (const begin of [ours, redis]) {
      await using source = await start(begin, "foreign.crt");
      const client = await source.server.connect();
      await client.text("SET", "k", "v");
      expect((await client.command("MIGRATE", "127.0.0.1", target.tlsPort, "k", 0, 5000)).toString()).toBe(NOT_CONNECTED);
      expect(await client.text("GET", "k")).toBe("v");
      client.close();
    }
  });
});
