/** TLS, certificates of both sides and users of ACL: over a server of ours and over Redis, in Bun and in Node. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, LinkError, ReplyError } from "../../src/client/index.ts";
import { failureOf } from "../support/failure.ts";
import { freePort } from "../support/process.ts";
import { startRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

const file = (name: string): string => join(import.meta.dirname, "../support/certificates", name);
const text = (name: string): string => readFileSync(file(name), "utf8");

/** The certificate of the tests is for the name "server". */
const TRUST = { ca: text("ca.crt"), servername: "server" };
const OWN = { cert: text("client.crt"), key: text("client.key") };

const DIRECTIVES = {
  "tls-cert-file": file("server.crt"),
  "tls-key-file": file("server.key"),
  "tls-ca-cert-file": file("ca.crt"),
};

interface Running extends AsyncDisposable {
  readonly tlsPort: number;
}

/** A server that asks clients for a certificate ("yes") or does not ("no"), with a user who may read. */
type Start = (clients: "yes" | "no") => Promise<Running>;

const startOurs: Start = async (clients) => {
  const tlsPort = freePort();
  const server = await startServer({ ...DIRECTIVES, "tls-port": String(tlsPort), "tls-auth-clients": clients });
  return { tlsPort, [Symbol.asyncDispose]: () => server.stop() };
};

const startTheirs: Start = async (clients) => {
  const tlsPort = freePort();
  const words = Object.entries({ ...DIRECTIVES, "tls-port": String(tlsPort), "tls-auth-clients": clients });
  const server = await startRedis({ args: words.flatMap(([name, value]) => [`--${name}`, value]) });
  return { tlsPort, [Symbol.asyncDispose]: async () => void (await server.stop()) };
};

const SUBJECTS: readonly (readonly [name: string, start: Start, isThere: boolean])[] = [
  ["Replicant", startOurs, true],
  ["Redis", startTheirs, Bun.which("redis-server") !== null],
];

for (const [name, start, isThere] of SUBJECTS) {
  describe.skipIf(!isThere)(`${name}${isThere ? "" : " (skipped: there is no redis-server on the PATH)"}`, () => {
    test("is trusted if its certificate is, and is for its name", async () => {
      await using server = await start("no");
      const url = `rediss://127.0.0.1:${server.tlsPort}`;
      await using client = await Client.connect(url, { tls: TRUST });
      const value = "x".repeat(3_000_000);
      expect(await client.set("k", value)).toBe("OK");
      expect((await client.get("k")) === value).toBe(true);
      const strangers = [{}, { ca: TRUST.ca, servername: "example.org" }, { ...TRUST, ca: text("foreign.crt") }];
      for (const tls of strangers) expect((await failureOf(Client.connect(url, { tls }))).message).toStartWith("cannot connect to");
      await using anyone = await Client.connect(url, { tls: { rejectUnauthorized: false } });
      expect(await anyone.ping()).toBe("PONG");
    });

    test("asks for a certificate, and knows its users by their passwords", async () => {
      await using server = await start("yes");
      const tls = { ...TRUST, ...OWN };
      await using client = await Client.connect({ port: server.tlsPort, tls });
      await client.aclSetuser("reader", ["on", ">p@ss:word", "~*", "&*", "+@read", "+@connection", "+@pubsub"]);
      await using reader = await Client.connect(`rediss://reader:p%40ss%3Aword@127.0.0.1:${server.tlsPort}`, { tls });
      expect([await reader.get("k"), await reader.blpop("k", 0.001).catch((error) => error.code)]).toEqual([null, "NOPERM"]);
      expect(((await failureOf(reader.set("k", "v"))) as ReplyError).code).toBe("NOPERM");
      const messages = reader.subscribe("a");
      await messages.ready;
      await client.publish("a", "over TLS");
      expect((await messages.next()).value).toEqual({ channel: "a", message: "over TLS" });
      expect(await failureOf(Client.connect({ port: server.tlsPort, tls, username: "reader", password: "no" }))).toBeInstanceOf(ReplyError);
      expect(await failureOf(Client.connect({ port: server.tlsPort, tls: TRUST }))).toBeInstanceOf(LinkError);
    });

    const node = Bun.which("node");
    test.skipIf(node === null)("is reached from Node likewise", async () => {
      await using server = await start("yes");
      const folder = mkdtempSync(join(tmpdir(), "replicant-client-tls-"));
      try {
        const entrypoints = [join(import.meta.dirname, "../../src/client/index.ts")];
        await Bun.build({ entrypoints, outdir: folder, target: "node", format: "esm" });
        writeFileSync(join(folder, "package.json"), '{"type":"module"}');
        writeFileSync(
          join(folder, "program.js"),
          `import { Client } from "./index.js";
const tls = ${JSON.stringify({ ...TRUST, ...OWN })};
const client = await Client.connect({ port: ${server.tlsPort}, tls });
console.log(await client.set("k", "v"), await client.bytes.get("k"));
await Client.connect({ port: ${server.tlsPort}, tls: { ...tls, servername: "example.org" } }).catch((error) => console.log(error.message));
await client.close();
`,
        );
        const child = Bun.spawn([node ?? "", "program.js"], { cwd: folder, stderr: "inherit" });
        const lines = (await new Response(child.stdout).text()).trim().split("\n");
        expect(lines[0]).toBe("OK Uint8Array(1) [ 118 ]");
        expect(lines[1]).toStartWith(`cannot connect to 127.0.0.1:${server.tlsPort}: Hostname/IP does not match`);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
}
