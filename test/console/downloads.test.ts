import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { startConsole } from "./server.ts";

const MANY = 20_000;

interface Listed {
  readonly directory: string;
  readonly files: { readonly name: string; readonly kind: string; readonly size: number; readonly time: number }[];
}

function originOf({ server }: TestServer): string {
  return `http://127.0.0.1:${server.console.port}`;
}

/** A server that has loaded this image; its directory goes with it. */
async function loaded(image: Uint8Array): Promise<AsyncDisposable & TestServer> {
  const dir = mkdtempSync(join(tmpdir(), "replicant-image-"));
  writeFileSync(join(dir, "dump.rdb"), image);
  const server = await startServer({ dir });
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  return { ...server, stop, [Symbol.asyncDispose]: stop };
}

describe("downloads of the console", () => {
  test("list the files of the data, and give them whole and in parts", async () => {
    await using server = await startConsole({ appendonly: "yes" });
    using client = await connect(server.port);
    await client.text("SET", "greeting", "hello");
    await client.text("SAVE");
    const origin = originOf(server);
    writeFileSync(join(server.server.config.values.dir, "private.txt"), "not of the data");
    const { files } = (await (await fetch(`${origin}/files`)).json()) as Listed;
    expect(files.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      "snapshot dump.rdb",
      "base appendonly.aof.1.base.rdb",
      "increment appendonly.aof.1.incr.aof",
      "manifest appendonly.aof.manifest",
    ]);
    expect(Math.abs((files[0]?.time ?? 0) - Date.now())).toBeLessThan(60_000);
    const whole = await fetch(`${origin}/files/dump.rdb`);
    expect(whole.headers.get("content-disposition")).toBe("attachment; filename=\"dump.rdb\"; filename*=UTF-8''dump.rdb");
    expect(whole.headers.get("x-content-type-options")).toBe("nosniff");
    const image = new Uint8Array(await whole.arrayBuffer());
    expect(image.length).toBe(files[0]?.size ?? 0);
    const part = await fetch(`${origin}/files/dump.rdb`, { headers: { range: "bytes=0-4" } });
    expect([part.status, part.headers.get("content-range"), await part.text()]).toEqual([206, `bytes 0-4/${image.length}`, "REDIS"]);
    await using other = await loaded(image);
    using reader = await connect(other.port);
    expect(await reader.text("GET", "greeting")).toBe("hello");
    for (const name of ["private.txt", "..%2f..%2fetc%2fpasswd", "%2e%2e/private.txt", "appendonlydir", "", "%ff", "temp-1.rdb"]) {
      expect([name, (await fetch(`${origin}/files/${name}`)).status]).toEqual([name, 404]);
    }
    expect((await fetch(`${origin}/files/dump.rdb`, { method: "DELETE" })).status).toBe(405);
  });

  test("give an image of the moment, whatever happens to the data while it is read", async () => {
    await using server = await startConsole({ rdbcompression: "no" });
    using client = await connect(server.port);
    await client.command("EVAL", `for i = 1, ${MANY} do redis.call('SET', 'key:' .. i, string.rep(i % 10, 400)) end`, "0");
    const head = await fetch(`${originOf(server)}/snapshot`, { method: "HEAD" });
    expect(head.headers.get("content-disposition")).toMatch(/filename="dump-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.rdb"/);
    const response = await fetch(`${originOf(server)}/snapshot`);
    await client.text("FLUSHALL");
    await client.text("SET", "late", "x");
    await using other = await loaded(new Uint8Array(await response.arrayBuffer()));
    using reader = await connect(other.port);
    expect((await reader.command("DBSIZE")).toString()).toBe(`:${MANY}\r\n`);
    expect(await reader.text("GET", "key:17")).toBe("7".repeat(400));
  });

  test("end with who reads them, and are so many at a time", async () => {
    await using server = await startConsole({ rdbcompression: "no" });
    using client = await connect(server.port);
    await client.command("EVAL", `for i = 1, ${MANY} do redis.call('SET', 'key:' .. i, string.rep('x', 2000)) end`, "0");
    const readers = [1, 2, 3, 4].map(() => new AbortController());
    const responses = await Promise.all(readers.map(({ signal }) => fetch(`${originOf(server)}/snapshot`, { signal })));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const fifth = await fetch(`${originOf(server)}/snapshot`);
    expect([fifth.status, await fifth.text()]).toEqual([503, "4 images are on their way already; try again when one is through.\n"]);
    for (const reader of readers) reader.abort();
    let status = 503;
    while (status === 503) {
      const next = await fetch(`${originOf(server)}/snapshot`, { method: "GET" });
      status = next.status;
      await next.body?.cancel();
    }
    expect(status).toBe(200);
  });

  test("break off an image that waits for its reader beyond the limit of replicas", async () => {
    await using server = await startConsole({ rdbcompression: "no", "client-output-buffer-limit": "replica 2mb 0 0" });
    using client = await connect(server.port);
    const fill = `for i = 1, ${MANY} do redis.call('SET', 'key:' .. i, string.rep(ARGV[1], 2000)) end`;
    await client.command("EVAL", fill, "0", "x");
    const begun = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    let end = "";
    const handlers = {
      data: (_: unknown, bytes: Buffer): void => {
        end = bytes.toString("latin1").slice(-5);
      },
      close: () => gone.resolve(),
    };
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: server.server.console.port,
      socket: {
        ...handlers,
        data: (self) => {
          self.pause();
          begun.resolve();
        },
      },
    });
    socket.write(`GET /snapshot HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    await begun.promise;
    await client.command("EVAL", fill, "0", "y");
    socket.reload({ socket: handlers });
    socket.resume();
    await gone.promise;
    expect(end).not.toBe("0\r\n\r\n");
    expect(await client.text("GET", "key:1")).toStartWith("yy");
  });

  test("are for users who may send SYNC and read every key, and for no other site's page", async () => {
    await using server = await startConsole({ requirepass: "secret" });
    using client = await connect(server.port);
    await client.text("AUTH", "secret");
    await client.text("ACL", "SETUSER", "reader", "on", ">read", "~user:*", "+@all");
    await client.text("ACL", "SETUSER", "worker", "on", ">work", "~*", "+@all", "-sync");
    await client.text("ACL", "SETUSER", "keeper", "on", ">keep", "~*", "+sync");
    const ask = async (path: string, login: string | null, headers: Record<string, string> = {}): Promise<[number, string]> => {
      const authorization = login === null ? {} : { authorization: `Basic ${btoa(login)}` };
      const response = await fetch(originOf(server) + path, { headers: { ...authorization, ...headers } });
      return [response.status, response.status === 200 ? "" : await response.text()];
    };
    for (const path of ["/files", "/snapshot"]) {
      expect((await ask(path, null))[0]).toBe(401);
      expect(await ask(path, "reader:read")).toEqual([
        403,
        "All the data goes to users who may send SYNC and read every key; reader may not.\n",
      ]);
      expect((await ask(path, "worker:work"))[0]).toBe(403);
      expect((await ask(path, "keeper:keep"))[0]).toBe(200);
      expect((await ask(path, "keeper:keep", { "sec-fetch-site": "cross-site" }))[0]).toBe(403);
    }
  });
});
