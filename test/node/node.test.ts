/** What a program in Node gets: the server of the executable, as a child that is there while the program needs it. From the sources. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../support/client.ts";

const ROOT = join(import.meta.dir, "..", "..");
const folder = mkdtempSync(join(tmpdir(), "replicant-node-"));
/** The sources in the place of an executable. */
const executable = join(folder, "replicant");

beforeAll(async () => {
  writeFileSync(executable, `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/src/main.ts" "$@"\n`);
  chmodSync(executable, 0o755);
  const entrypoints = ["index", "bin", "follow"].map((name) => join(ROOT, "src/node", `${name}.ts`));
  await Bun.build({ entrypoints, target: "node", outdir: folder });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program under Node that has `Replicant`; its standard input stays open until it is ended. */
function program(text: string, env: Record<string, string> = {}) {
  const lines = `import { Replicant } from ${JSON.stringify(join(folder, "index.js"))};\n${text}`;
  return Bun.spawn(["node", "--input-type=module", "--eval", lines], {
    env: { ...process.env, REPLICANT_EXECUTABLE: executable, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** Likewise, to its end. Returns what it printed. */
async function run(text: string, env?: Record<string, string>): Promise<string> {
  const child = program(text, env);
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (err !== "") throw new Error(err);
  return out;
}

/** The first line of a program that goes on. */
async function firstLine(child: ReturnType<typeof program>): Promise<string> {
  let text = "";
  for await (const piece of child.stdout) {
    text += Buffer.from(piece).toString();
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0];
}

/** Resolves once a process is gone. */
async function gone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1"))) await Bun.sleep(5);
}

test("the position of a feed in Node moves with its source, though there is nothing to deliver", async () => {
  const text = `
    import { follow } from ${JSON.stringify(join(folder, "follow.js"))};
    const server = await Replicant.start();
    await server.client.set("k", "v");
    const feed = follow(server.url, { keys: "watched" });
    let event;
    do ({ value: event } = await feed.next()); while (event.kind !== "image-end");
    const next = feed.next();
    const before = event.position;
    await server.client.set("other", "v");
    while (feed.position === before) await new Promise((resolve) => setTimeout(resolve, 10));
    await server.client.set("watched", "v");
    const { value } = await next;
    console.log(JSON.stringify([value.key, await refused()]));
    async function refused() {
      try { follow(undefined); } catch (error) { return error.name + ": " + error.message; }
    }
    await Promise.all([feed.return(), server.stop()]);`;
  expect(JSON.parse(await run(text))).toEqual([
    "watched",
    "TypeError: follow: what is followed is a URL, HOST:PORT, or an array of them, and not undefined",
  ]);
});

test("a server's client in Node outlives CLIENT KILL", async () => {
  const text = `
    import { inspect } from "node:util";
    const server = await Replicant.start();
    await server.client.select(2);
    await server.connect().send(["CLIENT", "KILL", "TYPE", "normal"], false);
    while (!(await server.client.set("k", "v").catch(() => false)));
    console.log((await server.client.clientInfo()).includes(" db=2 "), inspect(server), inspect(server.client));
    await server.stop();`;
  expect(await run(text)).toMatch(/^true Replicant \{ port \d+ \} Client \{ 127\.0\.0\.1:\d+ \}\n$/);
});

describe("Replicant.start in Node", () => {
  test("serves at a free port until it is stopped, and its process ends", async () => {
    const text = `
      const servers = await Promise.all([Replicant.start(), Replicant.start({ maxmemory: "64mb" })]);
      console.log(JSON.stringify(servers.map(({ url, port, pid }) => ({ url, port, pid }))));
      await Promise.all(servers.map((server) => server.stop()));
      for (const { pid } of servers) {
        try { process.kill(pid, 0); console.log("still there"); } catch (error) { console.log(error.code); }
      }`;
    const [line, ...after] = (await run(text)).trim().split("\n");
    const [one, two] = JSON.parse(line);
    expect(one.port).not.toBe(two.port);
    expect(one.url).toBe(`redis://127.0.0.1:${one.port}`);
    expect(after).toEqual(["ESRCH", "ESRCH"]);
  });

  test("has a client, its state as bytes, a clock to be set ahead, events and a log, as in Bun", async () => {
    const text = `
      const log = [];
      const server = await Replicant.start({ clock: "virtual", now: new Date(1e12), log: (line) => log.push(line) });
      const { client } = server;
      const seen = [];
      const listener = ({ command }) => seen.push(command);
      await client.set("k", "v", { px: 1000 });
      server.on("command", listener);
      await server.advance(0);
      await client.hset("h", { a: "1" });
      const image = await server.snapshot();
      await server.flush();
      await server.restore(image);
      const restored = await client.hgetall("h");
      const before = await client.get("k");
      await server.advance(1500);
      server.off("command", listener);
      const after = await client.get("k");
      await client.configSet({ maxmemory: "1000000" });
      await server.reset();
      const [damaged, unknown] = await Promise.all([
        server.restore(new Uint8Array(9)).catch(({ name }) => name),
        Replicant.start({ portt: 1 }).catch(({ name, message }) => name + ": " + message),
      ]);
      const [size, limit] = [await client.dbsize(), await client.configGet("maxmemory")];
      const now = server.now;
      await server.stop();
      const late = await server.flush().catch(({ message }) => message);
      console.log(JSON.stringify({ log: log.length > 1, seen, restored, before, after, damaged, unknown, size, limit, now, late }));`;
    expect(JSON.parse(await run(text))).toEqual({
      log: true,
      seen: ["hset", "flushall", "hgetall", "get"],
      restored: { a: "1" },
      before: "v",
      after: null,
      damaged: "Error",
      unknown: 'TypeError: Replicant.start: there is no option "portt": is it port?',
      size: 0,
      limit: { maxmemory: "0" },
      now: 1e12,
      late: "The server has stopped",
    });
  });

  test("ends when a client shuts it down", async () => {
    const text = `
      const server = await Replicant.start();
      server.client.call("SHUTDOWN", "NOSAVE").catch(() => {});
      await server.stopped;
      console.log("stopped");`;
    expect(await run(text)).toBe("stopped\n");
  });

  test("has options that no one else can read, and ends with the program, however that ends", async () => {
    const child = program(`
      const { port, pid } = await Replicant.start({ requirepass: "open sesame", maxmemoryPolicy: "allkeys-lru" });
      console.log(JSON.stringify({ port, pid }));`);
    const { port, pid } = JSON.parse(await firstLine(child));
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).not.toContain("sesame");
    const client = await connect(port);
    expect(`${await client.command("GET", "x")}`).toBe("-NOAUTH Authentication required.\r\n");
    client.close();
    child.kill("SIGKILL");
    await child.exited;
    await gone(pid);
  });

  test("says what the server says when it does not start", async () => {
    const text = (options: string) => `await Replicant.start(${options}).catch(({ name, message }) => console.log(name + ": " + message));`;
    const port = `const server = await Replicant.start();${text("{ port: server.port }")} await server.stop();`;
    expect(await run(port)).toMatch(/^ExecutableError: Failed listening on port \d+ \(tcp\) of 127\.0\.0\.1: address already in use\n$/);
    expect(await run(text("{ maxmemoryPolicy: 'all' }"))).toContain("maxmemory-policy");
    expect(await run(text("{}"), { REPLICANT_EXECUTABLE: "/nowhere/replicant" })).toBe(
      "ExecutableError: REPLICANT_EXECUTABLE names /nowhere/replicant, which is not there\n",
    );
    expect(await run(text("{}"), { REPLICANT_EXECUTABLE: "/bin/false" })).toBe("ExecutableError: The executable has ended with 1\n");
  });

  test("is what Replicant.inProcess points to", async () => {
    const text = "await Replicant.inProcess().catch(({ message }) => console.log(message));";
    expect(await run(text)).toMatch(/^Replicant\.inProcess needs Bun, .*Replicant\.start/);
  });
});

describe("npx replicant", () => {
  const start = (...words: string[]) =>
    Bun.spawn(["node", join(folder, "bin.js"), ...words], {
      env: { ...process.env, REPLICANT_EXECUTABLE: executable },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });

  test("has the arguments, the output and the exit code of the executable", async () => {
    const version = start("--version");
    expect(await version.stdout.text()).toStartWith("Replicant v=");
    expect(await version.exited).toBe(0);
    const wrong = start("--no-such-directive", "yes");
    expect(await wrong.stderr.text()).toContain("no-such-directive");
    expect(await wrong.exited).toBe(1);
  });

  test("ends with the server when it is told to", async () => {
    const child = start("--port", "0", "--save", "");
    for await (const piece of child.stdout) if (Buffer.from(piece).includes("Ready to accept connections")) break;
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });
});
