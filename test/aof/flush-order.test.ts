/**
 * What the kernel is asked for, in which order, with appendfsync always: no reply leaves before the flush of its write has returned, and
 * the file cut off behind the last flush holds all that was acknowledged. Traced with strace, where there is one that may trace.
 */
import { expect, test } from "bun:test";
import { readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { encodeCommand } from "../support/client.ts";
import { startServer } from "../support/process.ts";
import { Directory } from "./support.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
const COUNT = 300;
const CLIENTS = 3;
const FILE = "appendonly.aof.1.incr.aof";

const mayTrace = Bun.which("strace") !== null && Bun.spawnSync(["strace", "-f", "-o", "/dev/null", "true"]).exitCode === 0;

/** One line of the trace: a call that begins, one that ends, or both. */
interface Traced {
  readonly thread: string;
  readonly name: string;
  readonly text: string;
  readonly begins: boolean;
  readonly ends: boolean;
}

function tracedCalls(trace: string): Traced[] {
  const calls: Traced[] = [];
  for (const line of trace.split("\n")) {
    const found = /^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$/.exec(line);
    if (found === null) continue;
    const [, thread, resumed, begun, text] = found;
    calls.push({ thread, name: resumed ?? begun, text, begins: begun !== undefined, ends: !text.endsWith("<unfinished ...>") });
  }
  return calls;
}

/** The replies `:n` that were sent before `n` commands were flushed, how many there were in all, and how many bytes were flushed. */
function judge(trace: string): { early: number[]; sent: number; flushedBytes: number } {
  let descriptor = "";
  let written = "";
  let flushed = 0;
  let sent = 0;
  const begunAt = new Map<string, number>();
  const early: number[] = [];
  for (const { thread, name, text, begins, ends } of tracedCalls(trace)) {
    if (name === "openat" && text.includes(`${FILE}"`) && text.includes("O_WRONLY")) descriptor = /= (\d+)$/.exec(text)?.[1] ?? "";
    else if (name === "write" && begins && text.startsWith(`${descriptor}, "`)) written += unescaped(text);
    else if (name === "fdatasync") {
      if (begins && Number.parseInt(text, 10) === Number(descriptor)) begunAt.set(thread, written.length);
      if (ends) flushed = Math.max(flushed, begunAt.get(thread) ?? 0);
    } else if (name === "sendto" && begins) {
      for (const [, digits] of text.matchAll(/(?<=["n]):(\d+)\\r/g)) {
        sent++;
        if (Number(digits) > written.slice(0, flushed).split("INCR\r\n").length - 1) early.push(Number(digits));
      }
    }
  }
  return { early, sent, flushedBytes: flushed };
}

/** The bytes in quotes: what we write here has no other escapes. */
function unescaped(text: string): string {
  const quoted = /"(.*)"/.exec(text)?.[1] ?? "";
  return quoted.replaceAll("\\r", "\r").replaceAll("\\n", "\n").replaceAll('\\"', '"');
}

test.skipIf(!mayTrace)("no reply leaves before its flush has returned (needs a strace that may trace)", async () => {
  using directory = new Directory();
  const trace = join(directory.path, "trace");
  const strace = ["strace", "-f", "-q", "-s", "1000000", "-e", "trace=openat,write,fdatasync,sendto", "-o", trace];
  const args = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
  let last = 0;
  {
    await using server = await startServer([...strace, "bun", "run", MAIN], { dir: directory.path, args });
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => server.connect()));
    await Promise.all(
      clients.map(async (client, index) => {
        for (let sent = 0; sent < COUNT; sent += 1 + index) {
          client.send(Buffer.concat(Array.from({ length: 1 + index }, () => encodeCommand(["INCR", "counter"]))));
          for (let reply = 0; reply <= index; reply++) last = Math.max(last, Number((await client.readReply()).toString("latin1", 1)));
        }
      }),
    );
    const pid = Number(/process_id:(\d+)/.exec(await clients[0].text("INFO", "server"))?.[1]);
    process.kill(pid, "SIGKILL");
    await server.exited;
    for (const client of clients) client.close();
  }
  const { early, sent, flushedBytes } = judge(readFileSync(trace, "latin1"));
  expect({ early, sent }).toEqual({ early: [], sent: COUNT * CLIENTS });
  expect(last).toBe(COUNT * CLIENTS);
  truncateSync(directory.file(FILE), flushedBytes);
  await using server = await startServer(["bun", "run", MAIN], { dir: directory.path, args });
  const client = await server.connect();
  expect(await client.text("GET", "counter")).toBe(String(last));
  client.close();
});

test("the judge of traces sees a reply that leaves too early", () => {
  const write = '7 write(6, "*2\\r\\n$4\\r\\nINCR\\r\\n$1\\r\\nc\\r\\n", 20) = 20';
  const open = `7 openat(AT_FDCWD, "/x/${FILE}", O_WRONLY|O_APPEND) = 6`;
  const flush = ["9 fdatasync(6 <unfinished ...>", "9 <... fdatasync resumed>) = 0"];
  const send = '7 sendto(8, ":1\\r\\n", 4, 0, NULL, 0) = 4';
  const verdict = (...lines: string[]) => judge([open, ...lines].join("\n")).early;
  expect(verdict(write, ...flush, send)).toEqual([]);
  expect(verdict(write, flush[0], send, flush[1])).toEqual([1]);
  expect(verdict(flush[0], write, flush[1], send)).toEqual([1]);
  expect(verdict(write, send, ...flush)).toEqual([1]);
});
