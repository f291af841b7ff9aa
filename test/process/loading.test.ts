import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Config } from "../../src/config/config.ts";
import { Log } from "../../src/log.ts";
import { Server } from "../../src/server.ts";
import { connect } from "../support/client.ts";
import { startServer } from "../support/server.ts";

const LOADING = "-LOADING Redis is loading the dataset in memory\r\n";
const PROGRESS = { startedAt: 0, totalBytes: 0, loadedBytes: 0, usedMemory: 0, finished: false };

describe("a client that connects the moment the port opens", () => {
  for (const appendonly of ["no", "yes"]) {
    test(`is served where there is nothing to load: appendonly ${appendonly}`, async () => {
      for (let round = 0; round < 10; round++) {
        const dir = mkdtempSync(join(tmpdir(), "replicant-test-"));
        const log = new Log({ level: "nothing", file: "" });
        const server = new Server(Config.of({ save: "", dir, appendonly }), { anyPort: true, log });
        const started = server.start();
        const client = await connect(server.port);
        expect((await client.command("GET", "key")).toString()).toBe("$-1\r\n");
        client.close();
        await started;
        await server.stop();
        rmSync(dir, { recursive: true, force: true });
      }
    });
  }
});

describe("while a data set is being loaded", () => {
  test("the first request of a client is answered late rather than refused when loading ends soon", async () => {
    const { server, port, stop } = await startServer();
    const client = await connect(port);
    try {
      server.persistence.loading = PROGRESS;
      server.stateChanged();
      const answers = client.pipeline([["GET", "key"], ["PING"]]);
      const waits = (): boolean => [...server.clients].some(({ postponed }) => postponed);
      while (!waits()) await new Promise<void>((resolve) => setImmediate(resolve));
      server.persistence.endLoad(null);
      server.stateChanged();
      expect((await answers).map(String)).toEqual(["$-1\r\n", "+PONG\r\n"]);
    } finally {
      client.close();
      await stop();
    }
  });

  test("it is refused in Redis's words after a while, and the next ones at once", async () => {
    const { server, port, stop } = await startServer();
    const client = await connect(port);
    try {
      server.persistence.loading = PROGRESS;
      server.stateChanged();
      expect((await client.command("GET", "key")).toString()).toBe(LOADING);
      expect((await client.command("SET", "key", "value")).toString()).toBe(LOADING);
      expect((await client.command("INFO", "clients")).toString()).toContain("blocked_clients:0");
      expect((await client.command("INFO", "errorstats")).toString()).toContain("errorstat_LOADING:count=2");
      server.persistence.endLoad(null);
      server.stateChanged();
      expect((await client.command("SET", "key", "value")).toString()).toBe("+OK\r\n");
    } finally {
      client.close();
      await stop();
    }
  });

  test("a client that has left meanwhile is forgotten", async () => {
    const { server, port, stop } = await startServer();
    const client = await connect(port);
    try {
      server.persistence.loading = PROGRESS;
      server.stateChanged();
      client.send("GET key\r\n");
      while (![...server.clients].some(({ postponed }) => postponed)) await new Promise<void>((resolve) => setImmediate(resolve));
      client.close();
      while (server.clients.count > 0) await new Promise<void>((resolve) => setImmediate(resolve));
      server.persistence.endLoad(null);
      server.stateChanged();
      const other = await connect(port);
      expect((await other.command("GET", "key")).toString()).toBe("$-1\r\n");
      other.close();
    } finally {
      await stop();
    }
  });
});
