import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { compareProgram } from "../../src/tools/compare/program.ts";
import { Ours } from "../replication/support.ts";
import { freePort } from "../support/process.ts";

const file = (name: string) => join(import.meta.dir, "../support/certificates", name);

/** One that is served over TLS only to clients with a certificate, and compares over TLS. */
async function start() {
  const tlsPort = freePort();
  const server = await Ours.start({
    "tls-port": String(tlsPort),
    "tls-replication": "yes",
    "tls-cert-file": file("server.crt"),
    "tls-key-file": file("server.key"),
    "tls-ca-cert-file": file("ca.crt"),
  });
  return { server, client: server.client, tlsPort, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function program(...words: string[]) {
  let text = "";
  const print = (part: string) => {
    text += part;
  };
  return { status: await compareProgram(words, print, print), text };
}

const OWN = ["--tls", "--cert", file("client.crt"), "--key", file("client.key")];

describe("a comparison over TLS", () => {
  test("is what REPLICANT.COMPARE makes with tls-replication", async () => {
    await using here = await start();
    await using there = await start();
    for (const { client } of [here, there]) await client.text("SET", "same", "1");
    await there.client.text("SET", "more", "1");
    const reply = (await here.client.command("REPLICANT.COMPARE", "127.0.0.1", there.tlsPort)).toString();
    expect(reply).toContain("$12\r\nmissing-here\r\n:1\r\n");
  });

  test("is what replicant compare --tls makes", async () => {
    await using here = await start();
    await using there = await start();
    await here.client.text("SET", "k", "1");
    const servers = [`127.0.0.1:${here.tlsPort}`, `127.0.0.1:${there.tlsPort}`];
    const found = await program(...OWN, "--cacert", file("ca.crt"), ...servers);
    expect(found).toEqual({
      status: 1,
      text: expect.stringContaining("1 keys compared, 0 the same, 0 different, 0 missing here, 1 missing there"),
    });
    expect((await program(...OWN, "--insecure", ...servers)).status).toBe(1);
    expect((await program(...OWN, "--cacert", file("foreign.crt"), ...servers)).text).toContain("its certificate does not hold");
    expect((await program("--tls", "--cacert", file("ca.crt"), ...servers)).status).toBe(2);
  });

  test("is asked for in words that make sense", async () => {
    const server = "127.0.0.1:1";
    const said = async (...words: string[]) => (await program(...words, server, server)).text;
    expect(await said("--insecure")).toBe("replicant compare: certificates are for --tls, which is not asked for\n");
    expect(await said("--tls", "--cert", "/nowhere/x.crt")).toStartWith("replicant compare: --cert: ");
  });
});
