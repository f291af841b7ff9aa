import { describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { join } from "node:path";
import { Config } from "../../src/config/config.ts";
import type { ShutdownOptions } from "../../src/execution/server-parts.ts";
import { Log } from "../../src/log.ts";
import { followSignals } from "../../src/process/signals.ts";
import { startServer } from "../support/process.ts";
import { startRedis } from "../support/redis.ts";

const MAIN = ["bun", "run", join(import.meta.dir, "../../src/main.ts")];

/** A process on `platform` whose signals are told here, and a server that notes how it is to end; `goesOn`: and does not. */
function signalled(platform: NodeJS.Platform, directives: Parameters<typeof Config.of>[0] = {}, goesOn = false) {
  const source = Object.assign(new EventEmitter(), { platform, exit: (code: number) => exits.push(code) });
  const exits: number[] = [];
  const shutdowns: ShutdownOptions[] = [];
  let abandoned = 0;
  followSignals(
    {
      config: Config.of(directives),
      log: new Log({ level: "nothing", file: "" }),
      persistence: { loading: null, abandonFinalSave: () => abandoned++ },
      shutdownBySignal: async (options) => {
        shutdowns.push(options);
        return !goesOn;
      },
    },
    source,
  );
  return { send: (signal: NodeJS.Signals) => source.emit(signal), shutdowns, exits, abandoned: () => abandoned };
}

const PLAIN: ShutdownOptions = { save: "configured", now: false, force: false };

describe("signals", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s shuts down everywhere, as its directive says", (signal) => {
    for (const platform of ["linux", "darwin", "win32"] as const) {
      const { send, shutdowns } = signalled(platform, { [`shutdown-on-${signal.toLowerCase()}`]: "nosave now force" });
      send(signal);
      expect(shutdowns).toEqual([{ save: "never", now: true, force: true }]);
    }
  });

  test("on Windows Ctrl+Break shuts down as SIGTERM does", () => {
    const { send, shutdowns } = signalled("win32", { "shutdown-on-sigterm": "save", "shutdown-on-sigint": "nosave" });
    send("SIGBREAK");
    expect(shutdowns).toEqual([{ ...PLAIN, save: "always" }]);
  });

  test("on Windows the end of the console shuts down without waiting for replicas: the system waits a few seconds only", () => {
    const { send, shutdowns } = signalled("win32");
    send("SIGHUP");
    expect(shutdowns).toEqual([{ ...PLAIN, now: true }]);
  });

  test("elsewhere SIGHUP is heard and changes nothing, and there is no Ctrl+Break", () => {
    const { send, shutdowns, exits } = signalled("linux");
    expect([send("SIGHUP"), send("SIGBREAK")]).toEqual([true, false]);
    expect({ shutdowns, exits }).toEqual({ shutdowns: [], exits: [] });
  });

  test("a second one changes nothing, but a SIGINT ends the process at once", () => {
    const { send, shutdowns, exits, abandoned } = signalled("win32");
    for (const signal of ["SIGBREAK", "SIGTERM", "SIGHUP", "SIGBREAK"] as const) send(signal);
    expect({ shutdowns, exits, abandoned: abandoned() }).toEqual({ shutdowns: [PLAIN], exits: [], abandoned: 0 });
    send("SIGINT");
    expect({ exits, abandoned: abandoned() }).toEqual({ exits: [1], abandoned: 1 });
  });

  test("a server that went on hears the next one as the first", async () => {
    const { send, shutdowns, exits } = signalled("linux", {}, true);
    send("SIGINT");
    await Promise.resolve();
    await Promise.resolve();
    send("SIGINT");
    expect({ shutdowns, exits }).toEqual({ shutdowns: [PLAIN, PLAIN], exits: [] });
  });

  test.skipIf(process.platform === "win32")("SIGHUP leaves a running server alone, as it does Redis", async () => {
    const servers = await Promise.all([startServer(MAIN), ...(Bun.which("redis-server") === null ? [] : [startRedis()])]);
    try {
      for (const server of servers) {
        process.kill(server.pid, "SIGHUP");
        const client = await server.connect();
        expect(await client.text("PING")).toBe("PONG");
        client.close();
      }
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
});
