/** The client in Node: the same over node:net and node:tls. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, type TestServer } from "../support/server.ts";

const PROGRAM = `
import { Client, defineScript, ReplyError } from "./index.js";
const client = await Client.connect("redis://127.0.0.1:" + process.argv[2]);
const say = (value) => console.log(JSON.stringify(value));
say([typeof Bun, await client.set("k", "é", { ex: 10 }), await client.get("k"), [...(await client.bytes.get("k"))]]);
say(await Promise.all(Array.from({ length: 100 }, (_, at) => client.incr("n"))).then((all) => all.at(-1)));
say(await client.pipeline().hset("h", { a: 1 }).hgetall("h").exec());
say(await client.watch("n", async (watching) => {
  const n = Number(await watching.get("n"));
  return await watching.multi().set("n", n * 2).get("n").exec();
}));
const big = new Uint8Array(3_000_000).fill(7);
await client.set("big", big);
say(Buffer.compare(await client.bytes.get("big"), big));
const messages = client.subscribe("a");
await messages.ready;
await client.publish("a", "hello");
for await (const { message } of messages) {
  say(message);
  break;
}
say(await client.script(defineScript({ numberOfKeys: 1, lua: "return redis.call('GET', KEYS[1])" }), ["n"]));
say(await client.incr("k").catch((error) => [error instanceof ReplyError, error.code]));
const popped = client.blpop("l", 0);
await client.rpush("l", "x");
say(await popped);
await client.close();
say("closed");
`;

const node = Bun.which("node");

describe.skipIf(node === null)(`Node${node === null ? " (skipped: there is no node on the PATH)" : ""}`, () => {
  let server: TestServer;
  let folder: string;
  beforeAll(async () => {
    server = await startServer();
    folder = mkdtempSync(join(tmpdir(), "replicant-client-node-"));
    const built = await Bun.build({
      entrypoints: [join(import.meta.dirname, "../../src/client/index.ts")],
      outdir: folder,
      target: "node",
      format: "esm",
    });
    expect(built.success).toBe(true);
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "program.js"), PROGRAM);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("runs the client as Bun does, and ends when it is closed", async () => {
    const child = Bun.spawn([node ?? "", "program.js", String(server.port)], { cwd: folder, stderr: "pipe" });
    const [out, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    expect(errors).toBe("");
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      ["undefined", "OK", "é", [195, 169]],
      100,
      [1, { a: "1" }],
      ["OK", "200"],
      0,
      "hello",
      "200",
      [true, "ERR"],
      ["l", "x"],
      "closed",
    ]);
    expect(await child.exited).toBe(0);
  });
});
