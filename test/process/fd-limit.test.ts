/** maxclients against the process's limit of open files. */

import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { clientsWithFiles, type FileLimits } from "../../src/process/fd-limit.ts";
import { connect } from "../support/client.ts";
import { startServer as startProcess } from "../support/process.ts";
import { startServer } from "../support/server.ts";

/** Limits of a system that lets the process have `most` files, of which it has `current` now. */
function limits(current: number | null, most: number): FileLimits & { asked: number[] } {
  const asked: number[] = [];
  return {
    current,
    asked,
    raise(count) {
      asked.push(count);
      return count <= most ? "" : "Operation not permitted";
    },
  };
}

function adjusted(clients: number, system: FileLimits): { clients: number; log: string[] } {
  const log: string[] = [];
  const note = (line: string): void => void log.push(line);
  return { clients: clientsWithFiles(clients, { file: "x", notice: note, warning: note }, system), log };
}

describe("maxclients", () => {
  test("stays as it is where there are files enough, and nothing is said", () => {
    expect(adjusted(100, limits(132, 132))).toEqual({ clients: 100, log: [] });
    expect(adjusted(4_000_000_000, limits(Number.POSITIVE_INFINITY, 0))).toEqual({ clients: 4_000_000_000, log: [] });
  });

  test("stays where the limit can be raised", () => {
    expect(adjusted(1000, limits(128, 5000))).toEqual({
      clients: 1000,
      log: ["Increased maximum number of open files to 1032 (it was originally set to 128)."],
    });
  });

  test("is what the highest limit allows that can be had, 32 files kept for the server", () => {
    const system = limits(128, 500);
    expect(adjusted(1000, system)).toEqual({
      clients: 456,
      log: [
        "You requested maxclients of 1000 requiring at least 1032 max file descriptors.",
        "Server can't set maximum open files to 1032 because of OS error: Operation not permitted.",
        "Current maximum open files is 488. maxclients has been reduced to 456 to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
      ],
    });
    expect(system.asked.length).toBeLessThan(10);
    expect(system.asked.filter((count) => count <= 500).at(-1)).toBe(488);
    expect(adjusted(10_000, limits(128, 128)).clients).toBe(96);
    expect(adjusted(4_000_000_000, limits(128, 128)).clients).toBe(96);
  });

  test("is that of 1024 files where the system does not tell", () => {
    const { clients, log } = adjusted(10_000, limits(null, 0));
    expect(clients).toBe(992);
    expect(log).toHaveLength(1);
  });

  test("cannot be where there are not files enough for the server", () => {
    expect(() => adjusted(100, limits(32, 32))).toThrow(
      "Your current 'ulimit -n' of 32 is not enough for the server to start. Please increase your open file limit to at least 132. Exiting.",
    );
  });
});

test.skipIf(process.platform === "win32")("CONFIG SET refuses more clients than there can be files for", async () => {
  await using server = await startServer();
  const client = await connect(server.port);
  const reply = (await client.command("CONFIG", "SET", "maxclients", 4_000_000_000)).toString();
  expect(reply).toMatch(
    /^-ERR CONFIG SET failed \(possibly related to argument 'maxclients'\) - The operating system is not able to handle the specified number of clients, try with \d+\r\n$/,
  );
  expect((await client.command("CONFIG", "GET", "maxclients")).toString()).toContain("$5\r\n10000\r\n");
  client.close();
});

// A privileged process would raise its limit, and then nothing is different for it.
test.skipIf(process.platform !== "linux")("with few files clients above maxclients are told, and the data can still be saved", async () => {
  const command = ["sh", "-c", 'ulimit -n 96; exec "$@"', "sh", process.execPath, resolve(import.meta.dir, "../../src/main.ts")];
  await using server = await startProcess(command, { args: ["--save", ""] });
  const first = await server.connect();
  const clients = [first];
  const most = Number((await first.command("CONFIG", "GET", "maxclients")).toString().split("\r\n")[4]);
  if (most === 10_000) return;
  expect(most).toBe(64);
  expect(await server.log()).toContain("Current maximum open files is 96. maxclients has been reduced to 64");
  while (clients.length < most) clients.push(await server.connect());
  for (const client of clients) expect((await client.command("PING")).toString()).toBe("+PONG\r\n");
  for (let refused = 0; refused < 40; refused++) {
    const client = await server.connect();
    expect((await client.readLine()).toString()).toBe("-ERR max number of clients reached\r\n");
    await client.closed;
  }
  expect((await first.command("SAVE")).toString()).toBe("+OK\r\n");
  expect((await first.command("BGREWRITEAOF")).toString()).toStartWith("+Background append only file rewriting");
  expect(await first.text("INFO", "stats")).toContain("rejected_connections:40\r\n");
  for (const client of clients) client.close();
});
