/** Who may follow: TLS, users, sources that let no one. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FollowError, follow } from "../../src/follow/index.ts";
import { freePort } from "../support/process.ts";
import { isImageEnd, isSetOf, startSource, take, wantOf } from "./support.ts";

const FOLDER = join(import.meta.dir, "../support/certificates");
const file = (name: string) => join(FOLDER, name);
const text = (name: string) => readFileSync(file(name), "utf8");

const TLS = { ca: text("ca.crt"), cert: text("client.crt"), key: text("client.key") };

const codeOf = async (feed: ReturnType<typeof follow>): Promise<unknown> =>
  feed.next().then(
    () => "none",
    (error: FollowError) => error.code,
  );

for (const name of ["ours", "redis", "valkey9"] as const) {
  test.skipIf(wantOf(name) !== "")(`TLS and a user of the rules are ways into ${name}${wantOf(name)}`, async () => {
    const tlsPort = freePort();
    await using source = await startSource(name, {
      "tls-port": String(tlsPort),
      "tls-cert-file": file("server.crt"),
      "tls-key-file": file("server.key"),
      "tls-ca-cert-file": file("ca.crt"),
    });
    const { client } = source;
    await client.text("ACL", "SETUSER", "follower", "on", ">it's a: secret", "+ping", "+psync", "+replconf");
    await client.text("ACL", "SETUSER", "other", "on", ">secret", "+@all", "-psync");
    await client.text("SET", "a", "1");
    // The certificate is that of a server called "server".
    const options = { tls: { ...TLS, serverName: "server" }, user: "follower", password: "it's a: secret" };
    await using feed = follow(`rediss://127.0.0.1:${tlsPort}`, options);
    await take(feed, isImageEnd);
    await client.text("SET", "b", "1");
    await take(feed, isSetOf("b"));
    await using inUrl = follow(`redis://follower:${encodeURIComponent("it's a: secret")}@127.0.0.1:${source.port}`);
    await take(inUrl, isImageEnd);
    expect(await codeOf(follow(`redis://other:secret@127.0.0.1:${source.port}`))).toBe("REFUSED");
    expect(await codeOf(follow(`redis://follower:wrong@127.0.0.1:${source.port}`))).toBe("REFUSED");
    // Another name, another authority, and then any that there is.
    expect(await codeOf(follow(`rediss://127.0.0.1:${tlsPort}`, { ...options, tls: TLS }))).toBe("UNREACHABLE");
    expect(await codeOf(follow(`rediss://127.0.0.1:${tlsPort}`, { ...options, tls: { ...options.tls, ca: text("foreign.crt") } }))).toBe(
      "UNREACHABLE",
    );
    const any = { cert: TLS.cert, key: TLS.key, rejectUnauthorized: false };
    await using trusting = follow(`rediss://127.0.0.1:${tlsPort}`, { ...options, tls: any });
    await take(trusting, isImageEnd);
  });
}

describe("what is asked for", () => {
  for (const [url, options, message] of [
    ["http://localhost", {}, "is neither HOST:PORT nor a redis:// or rediss:// URL"],
    ["redis://u:secret@", {}, '"redis://***@" is neither HOST:PORT nor a redis:// or rediss:// URL'],
    ["redis://localhost/x", {}, "is the number of a database"],
    ["redis://localhost", { tls: {} }, "certificates are for rediss:// URLs"],
    ["redis://localhost", { from: "12" }, '"12" is no position of a feed'],
    ["redis://localhost", { mode: "scan", from: "now" }, "there are no positions where scans are compared"],
  ] as const) {
    test(`is refused at once where it is nonsense: ${url} ${JSON.stringify(options)}`, () => {
      expect(() => follow(url, options)).toThrow(message);
      expect(() => follow(url, options)).toThrow(FollowError);
    });
  }
});
