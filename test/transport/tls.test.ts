import { describe, expect, test } from "bun:test";
import { constants } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TLSOptions } from "bun";
import { Config } from "../../src/config/config.ts";
import { Log } from "../../src/log.ts";
import { Server } from "../../src/server.ts";
import { ListenError } from "../../src/transport/listeners.ts";
import { connect, type RawClient } from "../support/client.ts";
import { freePort } from "../support/process.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";

const FOLDER = join(import.meta.dir, "../support/certificates");
const file = (name: string) => join(FOLDER, name);
const pem = (name: string) => readFileSync(file(name), "utf8");

const PORT_ATTEMPTS = 8;
const SERVER = { "tls-cert-file": file("server.crt"), "tls-key-file": file("server.key") };
const AUTHORITY = { "tls-ca-cert-file": file("ca.crt") };
/** Whose name the server's certificate has does not matter to these clients. */
const TRUSTING: TLSOptions = { ca: pem("ca.crt"), rejectUnauthorized: false };
const CERTIFICATES: Record<string, TLSOptions> = {
  none: TRUSTING,
  own: { ...TRUSTING, cert: pem("client.crt"), key: pem("client.key") },
  foreign: { ...TRUSTING, cert: pem("foreign.crt"), key: pem("foreign.key") },
};

async function start(
  directives: Parameters<typeof startServer>[0] = {},
): Promise<{ server: TestServer; tlsPort: number } & AsyncDisposable> {
  for (let attempt = 1; ; attempt++) {
    // The port for TCP is the kernel's choice, and may be the one that was free a moment ago.
    const tlsPort = freePort();
    try {
      const server = await startServer({ "tls-port": String(tlsPort), ...SERVER, ...AUTHORITY, ...directives });
      return { server, tlsPort, [Symbol.asyncDispose]: () => server.stop() };
    } catch (error) {
      if (!(error instanceof ListenError) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** What PING is answered by over TLS, or "closed". */
async function ping(port: number, tls: TLSOptions): Promise<string> {
  let client: RawClient | null = null;
  try {
    client = await connect({ port, tls });
    return await client.text("PING");
  } catch {
    return "closed";
  } finally {
    client?.close();
  }
}

describe("TLS", () => {
  test("is served beside TCP, or alone", async () => {
    await using both = await start({ "tls-auth-clients": "no" });
    const client = await connect({ port: both.tlsPort, tls: TRUSTING });
    const plain = await connect(both.server.port);
    expect(await client.text("SET", "a", "1")).toBe("OK");
    expect(await plain.text("GET", "a")).toBe("1");
    expect(await plain.text("INFO", "server")).toContain(`listener1:name=tls,bind=127.0.0.1,port=${both.tlsPort}\r\n`);
    expect(await plain.text("CONFIG", "SET", "port", "0")).toBe("OK");
    expect(await client.text("INFO", "server")).toContain(`tcp_port:${both.tlsPort}\r\n`);
    for (const each of [client, plain]) each.close();
  });

  test.each([
    ["yes", { none: "closed", own: "PONG", foreign: "closed" }],
    ["optional", { none: "PONG", own: "PONG", foreign: "closed" }],
    ["no", { none: "PONG", own: "PONG", foreign: "PONG" }],
  ])("tls-auth-clients %s", async (mode, expected) => {
    await using one = await start({ "tls-auth-clients": mode });
    const seen: Record<string, string> = {};
    for (const [name, tls] of Object.entries(CERTIFICATES)) seen[name] = await ping(one.tlsPort, tls);
    expect(seen).toEqual(expected);
  });

  test("finds authorities in a folder, under OpenSSL's names", async () => {
    await using one = await start({ "tls-ca-cert-file": "", "tls-ca-cert-dir": FOLDER });
    expect([await ping(one.tlsPort, CERTIFICATES.own), await ping(one.tlsPort, CERTIFICATES.foreign)]).toEqual(["PONG", "closed"]);
  });

  test("offers the protocols that are wanted", async () => {
    await using one = await start({ "tls-auth-clients": "no", "tls-protocols": "TLSv1.3" });
    const [without12, without13] = [constants.SSL_OP_NO_TLSv1_2, constants.SSL_OP_NO_TLSv1_3].map((secureOptions) => ({
      ...TRUSTING,
      secureOptions,
    }));
    expect([await ping(one.tlsPort, without12), await ping(one.tlsPort, without13)]).toEqual(["PONG", "closed"]);
    const plain = await connect(one.server.port);
    expect(await plain.text("CONFIG", "SET", "tls-protocols", "TLSv1.2")).toBe("OK");
    expect([await ping(one.tlsPort, without12), await ping(one.tlsPort, without13)]).toEqual(["closed", "PONG"]);
    plain.close();
  });

  test("carries large values whole, both ways", async () => {
    await using one = await start({ "tls-auth-clients": "no" });
    const client = await connect({ port: one.tlsPort, tls: TRUSTING });
    const value = Buffer.alloc(20_000_000);
    for (let at = 0; at < value.length; at++) value[at] = (at * 31 + (at >> 9)) & 255;
    expect(await client.text("SET", "large", value)).toBe("OK");
    const reply = await client.command("GET", "large");
    expect(Buffer.compare(reply.subarray(reply.indexOf("\n") + 1, -2), value)).toBe(0);
    client.close();
  });

  test("takes a new certificate for new connections, while old ones go on; what makes no sense changes nothing", async () => {
    await using one = await start({ "tls-auth-clients": "no" });
    const old = await connect({ port: one.tlsPort, tls: TRUSTING });
    const name = async (): Promise<string> => {
      const found = Promise.withResolvers<string>();
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: one.tlsPort,
        tls: TRUSTING,
        socket: {
          data() {},
          handshake: (shaken) => found.resolve(String(shaken.getPeerCertificate().subject?.CN)),
          close: () => found.resolve("closed"),
        },
      });
      const seen = await found.promise;
      socket.terminate();
      return seen;
    };
    expect(await name()).toBe("server");
    const complaint = (directive: string) =>
      `-ERR CONFIG SET failed (possibly related to argument '${directive}') - Unable to update TLS configuration. Check server logs.\r\n`;
    for (const [directive, value] of [
      ["tls-key-file", file("foreign.key")],
      ["tls-cert-file", file("missing.crt")],
      ["tls-ciphers", "NOSUCH"],
      ["tls-protocols", "TLSv1.1"],
      ["tls-protocols", "SSLv3"],
    ]) {
      expect((await old.command("CONFIG", "SET", directive, value)).toString()).toBe(complaint(directive));
    }
    expect(await name()).toBe("server");
    const renewed = ["tls-cert-file", file("renewed.crt"), "tls-key-file", file("renewed.key")];
    expect(await old.text("CONFIG", "SET", ...renewed)).toBe("OK");
    expect([await name(), await old.text("PING")]).toEqual(["renewed", "PONG"]);
    const encrypted = ["tls-cert-file", file("server.crt"), "tls-key-file", file("server.encrypted.key"), "tls-key-file-pass", "secret"];
    expect(await old.text("CONFIG", "SET", ...encrypted)).toBe("OK");
    expect(await name()).toBe("server");
    old.close();
  });

  test.each([
    [{}, "No tls-cert-file configured!"],
    [{ "tls-cert-file": file("server.crt") }, "No tls-key-file configured!"],
    [SERVER, "Either tls-ca-cert-file or tls-ca-cert-dir must be specified"],
    [{ ...SERVER, ...AUTHORITY, "tls-key-file": file("missing.key") }, "Failed to load private key"],
    [{ ...SERVER, ...AUTHORITY, "tls-key-file": file("server.encrypted.key") }, "Failed to configure TLS"],
    [{ ...SERVER, ...AUTHORITY, "tls-ca-cert-file": file("missing.crt") }, "Failed to configure CA certificate(s) file/directory"],
  ])("that cannot be had keeps a server from starting: %#", async (directives, reason) => {
    const config = Config.of({ save: "", "tls-port": String(freePort()), ...directives });
    const server = new Server(config, { anyPort: true, log: new Log({ level: "nothing", file: "" }) });
    expect(server.start()).rejects.toThrow(reason);
    await server.stop();
  });
});

describeWithRedis("TLS with Redis's tools", () => {
  const run = async (command: string[]): Promise<string> => {
    const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [out] = await Promise.all([new Response(child.stdout).text(), child.exited]);
    return out;
  };

  test("redis-cli and redis-benchmark", async () => {
    await using one = await start();
    const words = [
      "-p",
      String(one.tlsPort),
      "--tls",
      "--cacert",
      file("ca.crt"),
      "--cert",
      file("client.crt"),
      "--key",
      file("client.key"),
    ];
    expect(await run(["redis-cli", ...words, "PING"])).toBe("PONG\n");
    expect(await run(["redis-cli", ...words.slice(0, 5), "PING"])).toBe("");
    expect(await run(["redis-benchmark", ...words, "-t", "set,get", "-n", "2000", "-P", "16", "-q"])).toContain("GET: ");
  });
});
