import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { connect, replyText } from "../support/client.ts";
import { freePort } from "../support/process.ts";
import type { TestServer } from "../support/server.ts";
import { startConsole } from "./server.ts";

const CERTIFICATES = join(import.meta.dir, "../support/certificates");
const JSON_BODY = { "content-type": "application/json" };

function originOf({ server }: TestServer): string {
  return `http://127.0.0.1:${server.console.port}`;
}

function enter(origin: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${origin}/session`, { method: "POST", body: JSON.stringify(body), headers: { ...JSON_BODY, ...headers } });
}

function cookieOf(response: Response): string {
  return response.headers.get("set-cookie")?.split(";", 1)[0] ?? "";
}

/** Sends bytes to the port; -> the first line of what comes back, "" when it is closed without one. */
function firstLine(port: number, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = createConnection(port, "127.0.0.1", () => socket.write(text));
  socket.on("error", () => {});
  socket.on("close", () => resolve(""));
  socket.on("data", (data) => {
    resolve(data.toString("latin1").split("\r\n", 1)[0] ?? "");
    socket.destroy();
  });
  return promise;
}

/** Sends `text` through a WebSocket once it is open; -> what comes back until `length` bytes are there, or why it was closed. */
async function throughSocket(origin: string, cookie: string, pieces: readonly string[], length: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = new WebSocket(`${origin.replace("http", "ws")}/socket`, { headers: { cookie, origin } } as unknown as string[]);
  socket.binaryType = "arraybuffer";
  let received = "";
  socket.onopen = () => {
    for (const piece of pieces) socket.send(Buffer.from(piece));
  };
  socket.onmessage = ({ data }) => {
    received += Buffer.from(data as ArrayBuffer).toString("latin1");
    if (received.length >= length) resolve(received);
  };
  socket.onclose = ({ code }) => resolve(`closed ${code}: ${received}`);
  const answer = await promise;
  socket.close();
  return answer;
}

describe("the console's door", () => {
  test("is shut by default, opens and moves by CONFIG SET, and says why it cannot", async () => {
    await using other = await startConsole();
    await using server = await startConsole({ "console-port": "0" });
    using client = await connect(server.port);
    expect(server.server.console.port).toBe(0);
    const port = freePort();
    expect(await client.text("CONFIG", "SET", "console-port", String(port))).toBe("OK");
    expect((await fetch(`http://127.0.0.1:${port}/session`)).status).toBe(200);
    expect(replyText(await client.command("CONFIG", "SET", "console-port", String(other.server.console.port)))).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'console-port') - Unable to open the console there. Check server logs.",
    );
    expect((await fetch(`http://127.0.0.1:${port}/session`)).status).toBe(200);
    expect(await client.text("CONFIG", "SET", "console-port", "0")).toBe("OK");
    expect(fetch(`http://127.0.0.1:${port}/session`)).rejects.toThrow();
  });

  test("serves the page, compressed and not, under a policy that lets nothing else in", async () => {
    await using server = await startConsole();
    const origin = originOf(server);
    const response = await fetch(origin);
    const html = await response.text();
    expect(response.headers.get("content-type")).toBe("text/html;charset=utf-8");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(response.headers.get("content-security-policy")).not.toContain("unsafe");
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|https?:\/\//);
    const plain = await fetch(origin, { headers: { "accept-encoding": "identity" } });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await plain.text()).toBe(html);
    const again = await fetch(origin, { headers: { "if-none-match": response.headers.get("etag") ?? "" } });
    expect(again.status).toBe(304);
    for (const [, path] of html.matchAll(/(?:src|href)="\.(\/[^"]+)"/g)) expect((await fetch(origin + path)).status).toBe(200);
    expect((await fetch(`${origin}/etc/passwd`)).status).toBe(404);
    expect((await fetch(`${origin}/session`, { method: "PUT" })).status).toBe(405);
  });

  test("answers to addresses, localhost and the names it was given, and to no others", async () => {
    await using server = await startConsole({ "console-hosts": "redis.example cache.example" });
    const origin = originOf(server);
    const status = async (host: string) => (await fetch(`${origin}/session`, { headers: { host } })).status;
    for (const host of [
      "127.0.0.1:1",
      "[::1]:80",
      "10.1.2.3",
      "localhost",
      "LOCALHOST:99",
      "a.localhost",
      "redis.example:8080",
      "cache.example.",
    ])
      expect([host, await status(host)]).toEqual([host, 200]);
    for (const host of [
      "other.example",
      "redis.example.other.example",
      "xredis.example",
      "127.0.0.1.other.example",
      "localhost.other.example",
    ])
      expect([host, await status(host)]).toEqual([host, 421]);
  });

  test("refuses what names no host, and keeps no body that is longer than what enters", async () => {
    await using server = await startConsole();
    const errors: string[] = [];
    server.server.log.warning = (text) => errors.push(text);
    const { port } = server.server.console;
    for (const host of ["Host: 127.0.0.1:99999", "Host: a b", "Host: [::1", "Host: localhost/x", "Host:"])
      expect([host, await firstLine(port, `GET /session HTTP/1.1\r\n${host}\r\n\r\n`)]).toEqual([host, "HTTP/1.1 400 Bad Request"]);
    expect(await firstLine(port, "GET /session HTTP/1.0\r\n\r\n")).toBe("HTTP/1.1 400 Bad Request");
    const post = "POST /session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    expect(await firstLine(port, `${post}Content-Length: 20000\r\n\r\n`)).toBe("HTTP/1.1 413 Request Entity Too Large");
    const chunk = `4000\r\n${" ".repeat(0x4000)}\r\n`;
    expect(await firstLine(port, `${post}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}${chunk}`)).not.toContain("200");
    expect(errors).toEqual([]);
  });

  test("lets no other site's page enter or connect", async () => {
    await using server = await startConsole();
    const origin = originOf(server);
    expect((await enter(origin, {}, { origin })).status).toBe(200);
    expect((await enter(origin, {}, { origin: "http://other.example" })).status).toBe(403);
    expect((await enter(origin, {}, { origin: "null" })).status).toBe(403);
    expect((await enter(origin, {}, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await fetch(`${origin}/session`, { method: "POST", body: "{}", headers: { "content-type": "text/plain" } })).status).toBe(415);
    const cookie = cookieOf(await enter(origin, {}));
    const handshake = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==",
    };
    const refused = async (headers: Record<string, string>) =>
      (await fetch(`${origin}/socket`, { headers: { ...handshake, cookie, ...headers } })).status;
    expect(await refused({ origin: "http://other.example" })).toBe(403);
    expect(await refused({})).toBe(403);
    expect(await refused({ origin, cookie: "" })).toBe(401);
  });

  test("wants a user and a password where the server does, and notes who is wrong", async () => {
    await using server = await startConsole({ requirepass: "secret" });
    using client = await connect(server.port);
    await client.text("AUTH", "secret");
    await client.text("ACL", "SETUSER", "alice", "on", ">wonder", "~*", "+@all");
    const origin = originOf(server);
    expect(await (await fetch(`${origin}/session`)).json()).toEqual({ user: null, open: false });
    expect((await enter(origin, {})).status).toBe(401);
    expect((await enter(origin, { user: "default", password: "wrong" })).status).toBe(401);
    expect((await enter(origin, { user: "default" })).status).toBe(400);
    expect((await client.command("ACL", "LOG", "1")).toString()).toContain(
      "object\r\n$7\r\nconsole\r\n$8\r\nusername\r\n$7\r\ndefault\r\n",
    );
    const entered = await enter(origin, { user: "alice", password: "wonder" });
    expect(entered.headers.get("set-cookie")).toMatch(/^replicant-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const cookie = cookieOf(entered);
    const who = async () => ((await (await fetch(`${origin}/session`, { headers: { cookie } })).json()) as { user: string | null }).user;
    expect(await who()).toBe("alice");
    const request = "*2\r\n$3\r\nACL\r\n$6\r\nWHOAMI\r\n";
    expect(await throughSocket(origin, cookie, [request.slice(0, 5), request.slice(5)], 11)).toBe("$5\r\nalice\r\n");
    await client.text("ACL", "SETUSER", "alice", ">other");
    expect(await who()).toBeNull();
    expect((await fetch(`${origin}/session`, { method: "DELETE", headers: { cookie } })).headers.get("set-cookie")).toContain("Max-Age=0");
  });

  test("is a client as others are: shown, limited, and gone when it leaves", async () => {
    await using server = await startConsole();
    using client = await connect(server.port);
    const origin = originOf(server);
    const cookie = cookieOf(await enter(origin, {}));
    const list = "*2\r\n$6\r\nCLIENT\r\n$4\r\nINFO\r\n";
    expect(await throughSocket(origin, cookie, [list], 100)).toContain("lib-name=replicant-console");
    const big = "x".repeat(3 << 20);
    const set = `*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${big.length}\r\n${big}\r\n*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n`;
    const cut = Array.from({ length: Math.ceil(set.length / 1e6) }, (_, index) => set.slice(index * 1e6, (index + 1) * 1e6));
    const answer = `+OK\r\n$${big.length}\r\n${big}\r\n`;
    expect((await throughSocket(origin, cookie, cut, answer.length)) === answer).toBeTrue();
    expect(await throughSocket(origin, cookie, ["*1\r\n$-5\r\n"], 1000)).toStartWith("closed 1001: -ERR Protocol error");
    await client.text("CONFIG", "SET", "maxclients", "1");
    expect(await throughSocket(origin, cookie, [list], 1000)).toBe("closed 1001: -ERR max number of clients reached\r\n");
  });

  test("speaks TLS, and marks its cookie so", async () => {
    const file = (name: string) => join(CERTIFICATES, name);
    await using server = await startConsole({
      "console-tls": "yes",
      "tls-cert-file": file("server.crt"),
      "tls-key-file": file("server.key"),
      "tls-ca-cert-file": file("ca.crt"),
    });
    const origin = originOf(server).replace("http", "https");
    const tls = { ca: readFileSync(file("ca.crt"), "utf8"), rejectUnauthorized: false };
    const response = await fetch(`${origin}/session`, { method: "POST", body: "{}", headers: JSON_BODY, tls });
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-replicant-\d+=.*; Secure$/);
    expect(await (await fetch(origin, { tls })).text()).toContain("<title>Replicant</title>");
  });
});
