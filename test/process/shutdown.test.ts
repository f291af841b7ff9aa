import { describe, expect, spyOn, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { infoField, Ours, until } from "../replication/support.ts";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { type StartOptions, startServer } from "../support/process.ts";

const FAILED = "-ERR Errors trying to SHUTDOWN. Check logs.\r\n";

/** A replica that has the image, and acknowledges what the test tells it to and nothing else. */
class LaggingReplica implements AsyncDisposable {
  private readonly client: RawClient;

  private constructor(client: RawClient) {
    this.client = client;
  }

  static async attach(port: number): Promise<LaggingReplica> {
    const client = await connect(port);
    await client.text("REPLCONF", "listening-port", 7777, "capa", "eof", "capa", "psync2");
    client.send(encodeCommand(["PSYNC", "?", "-1"]));
    for (;;) if ((await client.readLine()).toString("latin1").startsWith("$EOF:")) break;
    const replica = new LaggingReplica(client);
    const observer = await connect(port);
    await until("the image to be delivered", async () => (await infoField(observer, "replication", "slave0")).includes("state=online"));
    observer.close();
    replica.acknowledge(0);
    return replica;
  }

  acknowledge(offset: number): void {
    this.client.send(encodeCommand(["REPLCONF", "ACK", offset]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.client.closed;
  }
}

/** One of ours with a write that its replica has not acknowledged. */
async function lagging(directives: Parameters<typeof Ours.start>[0] = {}) {
  const server = await Ours.start({ "shutdown-timeout": "60", ...directives });
  const replica = await LaggingReplica.attach(server.port);
  await server.client.text("SET", "k", 1);
  return { server, replica };
}

async function waits(client: RawClient): Promise<void> {
  await until("the wait", async () => Number(await infoField(client, "server", "shutdown_in_milliseconds")) > 0);
}

/** Sends a command on a connection of its own whose answer is to come later. */
async function later(server: Ours, ...words: Word[]): Promise<RawClient> {
  const client = await connect(server.port);
  client.send(encodeCommand(words));
  return client;
}

function offsetOf(server: Ours): number {
  return server.server.replication.offset;
}

describe("SHUTDOWN with a replica that lags", () => {
  test("ends once the replica has acknowledged everything", async () => {
    const { server, replica } = await lagging();
    await using _stop = server;
    await using _leave = replica;
    const asker = await later(server, "SHUTDOWN");
    await waits(server.client);
    const milliseconds = Number(await infoField(server.client, "server", "shutdown_in_milliseconds"));
    expect(milliseconds).toBeGreaterThan(50_000);
    expect(milliseconds).toBeLessThanOrEqual(60_000);
    replica.acknowledge(offsetOf(server));
    expect(await server.server.stopped).toBe(0);
    await asker.closed;
    expect(asker.unread().length).toBe(0);
    expect(server.log).toContain("Waiting for replicas before shutting down.");
    expect(server.log).toContain("1 of 1 replicas are in sync when shutting down.");
    expect(server.log).not.toContain("Lagging replica");
  });

  test("does not wait longer than shutdown-timeout, and says who lagged", async () => {
    const { server, replica } = await lagging({ "shutdown-timeout": "1" });
    await using _stop = server;
    await using _leave = replica;
    const asker = await later(server, "SHUTDOWN");
    expect(await server.server.stopped).toBe(0);
    await asker.closed;
    expect(server.log).toMatch(/Lagging replica 127\.0\.0\.1:7777 reported offset \d+ behind master, lag=\d+, state=online\./);
    expect(server.log).toContain("0 of 1 replicas are in sync when shutting down.");
  });

  test("does not wait at all with NOW, nor with shutdown-timeout 0", async () => {
    for (const [words, directives] of [
      [["SHUTDOWN", "NOW"], {}],
      [["SHUTDOWN"], { "shutdown-timeout": "0" }],
    ] as const) {
      const { server, replica } = await lagging(directives);
      await using _stop = server;
      await using _leave = replica;
      const asker = await later(server, ...words);
      expect(await server.server.stopped).toBe(0);
      await asker.closed;
      expect(server.log).not.toContain("Waiting for replicas");
    }
  });

  test("serves reads meanwhile, and keeps writes waiting until ABORT: then they run, in order, and who asked is told", async () => {
    const { server, replica } = await lagging();
    await using _stop = server;
    await using _leave = replica;
    const asker = await later(server, "SHUTDOWN");
    const other = await later(server, "SHUTDOWN", "NOSAVE");
    await waits(server.client);
    await until("both to wait", async () => (await infoField(server.client, "clients", "blocked_clients")) === "2");
    const gone = await later(server, "SHUTDOWN");
    await until("the third", async () => (await infoField(server.client, "clients", "blocked_clients")) === "3");
    gone.close();
    await until("its end", async () => (await infoField(server.client, "clients", "blocked_clients")) === "2");
    const writer = await connect(server.port);
    writer.send(Buffer.concat([["GET", "k"], ["INCR", "k"], ["GET", "k"], ["INCR", "k"], ["PING"]].map(encodeCommand)));
    expect((await writer.readReply()).toString()).toBe("$1\r\n1\r\n");
    expect(await server.client.text("GET", "k")).toBe("1");
    expect(writer.unread().length).toBe(0);
    // What comes after a write that waits waits too, in pieces or not.
    const rest = encodeCommand(["APPEND", "k", "x".repeat(100)]);
    writer.send(rest.subarray(0, 40));
    await server.client.text("PING");
    writer.send(rest.subarray(40));
    expect(await server.client.text("SHUTDOWN", "ABORT")).toBe("OK");
    for (const client of [asker, other]) expect((await client.readReply()).toString()).toBe(FAILED);
    expect(await infoField(server.client, "clients", "blocked_clients")).toBe("0");
    const answers = [":2\r\n", "$1\r\n2\r\n", ":3\r\n", "+PONG\r\n", ":101\r\n"];
    for (const answer of answers) expect((await writer.readReply()).toString()).toBe(answer);
    expect(await infoField(server.client, "server", "shutdown_in_milliseconds")).toBe("");
    expect(server.log).toContain("Shutdown manually aborted.");
    expect((await server.client.command("SHUTDOWN", "ABORT")).toString()).toBe("-ERR No shutdown in progress.\r\n");
    expect((await asker.command("PING")).toString()).toBe("+PONG\r\n");
    for (const client of [asker, other, writer]) client.close();
  });

  test("keeps transactions with writes waiting, and lets others run", async () => {
    const { server, replica } = await lagging();
    await using _stop = server;
    await using _leave = replica;
    const [reads, queued, queues] = await Promise.all([connect(server.port), connect(server.port), connect(server.port)]);
    await queued.pipeline([["MULTI"], ["INCR", "k"]]);
    const asker = await later(server, "SHUTDOWN");
    await waits(server.client);
    expect((await reads.pipeline([["MULTI"], ["GET", "k"], ["EXEC"]])).join("")).toBe("+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n");
    queued.send(encodeCommand(["EXEC"]));
    expect(await queues.text("MULTI")).toBe("OK");
    queues.send(encodeCommand(["INCR", "k"]));
    expect(await server.client.text("GET", "k")).toBe("1");
    expect(queued.unread().length + queues.unread().length).toBe(0);
    await server.client.text("SHUTDOWN", "ABORT");
    expect((await queued.readReply()).toString()).toBe("*1\r\n:2\r\n");
    expect((await queues.readReply()).toString()).toBe("+QUEUED\r\n");
    expect((await queues.command("EXEC")).toString()).toBe("*1\r\n:3\r\n");
    for (const client of [reads, queued, queues, asker]) client.close();
  });

  test("keeps count of what CLIENT REPLY SKIP skips: the write that waits", async () => {
    const { server, replica } = await lagging();
    await using _stop = server;
    await using _leave = replica;
    const asker = await later(server, "SHUTDOWN");
    await waits(server.client);
    const writer = await connect(server.port);
    writer.send(
      Buffer.concat(
        [
          ["CLIENT", "REPLY", "SKIP"],
          ["INCR", "k"],
          ["GET", "k"],
        ].map(encodeCommand),
      ),
    );
    await until("the wait", () => [...server.server.clients].some((session) => session.postponed));
    await server.client.text("SHUTDOWN", "ABORT");
    expect((await writer.readReply()).toString()).toBe("$1\r\n2\r\n");
    for (const client of [asker, writer]) client.close();
  });

  test("deletes no key whose time is over, which would put the replica behind again; ABORT lets it go", async () => {
    const { server, replica } = await lagging();
    await using _stop = server;
    await using _leave = replica;
    server.server.housekeeping.activeExpiry = false; // until the wait has begun: the key is not to go before
    await server.client.text("SET", "short", "1", "PX", 1);
    const asker = await later(server, "SHUTDOWN");
    await waits(server.client);
    await until("the end of its time", async () => (await server.client.command("GET", "short")).toString() === "$-1\r\n");
    server.server.housekeeping.activeExpiry = true;
    const cron = spyOn(server.server.persistence, "cron");
    await until("two runs of the cron, which must leave it alone", () => cron.mock.calls.length >= 2);
    expect((await server.client.command("DBSIZE")).toString()).toBe(":2\r\n");
    await server.client.text("SHUTDOWN", "ABORT");
    await until("the deletion", async () => (await server.client.command("DBSIZE")).toString() === ":1\r\n");
    asker.close();
  });

  test("is hurried by a second one with NOW", async () => {
    const { server, replica } = await lagging();
    await using _stop = server;
    await using _leave = replica;
    const asker = await later(server, "SHUTDOWN");
    await waits(server.client);
    const other = await later(server, "SHUTDOWN", "NOW");
    expect(await server.server.stopped).toBe(0);
    await Promise.all([asker.closed, other.closed]);
  });

  test("that cannot save in the end tells who asked, and lets writes go on; with FORCE it ends", async () => {
    const { server, replica } = await lagging({ dbfilename: "taken" });
    await using _stop = server;
    await using _leave = replica;
    const { dir } = server.server.config.values;
    const asker = await later(server, "SHUTDOWN", "SAVE");
    await waits(server.client);
    const writer = await later(server, "INCR", "k");
    await server.client.text("PING");
    const blocker = join(dir, "taken");
    await Bun.write(join(blocker, "file"), "in the way");
    replica.acknowledge(offsetOf(server));
    expect((await asker.readReply()).toString()).toBe(FAILED);
    expect((await writer.readReply()).toString()).toBe(":2\r\n");
    expect(server.log).toContain("Error trying to save the DB, can't exit.");
    expect(server.log).toContain("Errors trying to shut down the server. Check the logs for more information.");
    const again = await later(server, "SHUTDOWN", "SAVE", "FORCE");
    replica.acknowledge(offsetOf(server));
    await until("the end or the wait", async () => again.isClosed || server.server.shutdownDeadline > 0);
    replica.acknowledge(offsetOf(server));
    expect(await server.server.stopped).toBe(0);
    expect(server.log).toContain("Error trying to save the DB. Exit anyway.");
    for (const client of [asker, writer]) client.close();
    rmSync(blocker, { recursive: true });
  });
});

describe("a server process", () => {
  const main = join(import.meta.dir, "../../src/main.ts");
  const start = (options: StartOptions = {}) =>
    startServer([process.execPath, main], { ...options, args: ["--repl-diskless-sync-delay", "0", ...(options.args ?? [])] });

  test("saves on SIGTERM where there are save points, and exits with 0", async () => {
    await using server = await start({ args: ["--save", "3600 1"] });
    const client = await server.connect();
    await client.text("SET", "k", "1");
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(existsSync(join(server.dir, "dump.rdb"))).toBe(true);
    const log = await server.log();
    expect(log).toContain("Saving the final RDB snapshot before exiting.");
    expect(log).toContain("ready to exit, bye bye...");
  });

  test("does not save with SHUTDOWN NOSAVE, whatever the save points", async () => {
    await using server = await start({ args: ["--save", "3600 1"] });
    const client = await server.connect();
    await client.text("SET", "k", "1");
    client.send(encodeCommand(["SHUTDOWN", "NOSAVE"]));
    expect(await server.exited).toBe(0);
    expect(existsSync(join(server.dir, "dump.rdb"))).toBe(false);
  });

  test("waits on SIGTERM for a replica that lags, and ends when that has everything", async () => {
    await using server = await start({ args: ["--save", "", "--shutdown-timeout", "60"] });
    await using replica = await LaggingReplica.attach(server.port);
    const client = await server.connect();
    await client.text("SET", "k", "1");
    server.kill("SIGTERM");
    await waits(client);
    expect(await client.text("GET", "k")).toBe("1");
    replica.acknowledge(Number(await infoField(client, "replication", "master_repl_offset")));
    expect(await server.exited).toBe(0);
    expect(await server.log()).toContain("1 of 1 replicas are in sync when shutting down.");
    client.close();
  });

  test("may be told not to end after all between the signal and the next turn of the cron", async () => {
    await using server = await start({ args: ["--save", "3600 1", "--enable-debug-command", "yes"] });
    const client = await server.connect();
    await client.text("DEBUG", "PAUSE-CRON", "1");
    server.kill("SIGTERM");
    await until("the signal", async () => (await server.log()).includes("Received SIGTERM scheduling shutdown..."));
    expect(await client.text("SHUTDOWN", "ABORT")).toBe("OK");
    expect((await client.command("SHUTDOWN", "ABORT")).toString()).toBe("-ERR No shutdown in progress.\r\n");
    expect(await server.log()).toContain("Shutdown manually aborted.");
    server.kill("SIGTERM");
    await until("the signal", async () => (await server.log()).match(/Received SIGTERM/g)?.length === 2);
    expect(await client.text("DEBUG", "PAUSE-CRON", "0")).toBe("OK");
    expect(await server.exited).toBe(0);
  });

  test("serves no one while it saves for the last time, and a second SIGINT ends that at once", async () => {
    await using server = await start({ args: ["--save", "3600 1", "--enable-debug-command", "yes", "--rdb-key-save-delay", "10000000"] });
    const client = await server.connect();
    await client.text("DEBUG", "POPULATE", "100");
    await client.text("SET", "k", "1");
    const temporary = join(server.dir, `temp-${server.pid}.rdb`);
    server.kill("SIGINT");
    await until("the save to begin", () => existsSync(temporary));
    client.send(encodeCommand(["SET", "k", "2"]));
    // A second SIGTERM is no reason not to save.
    server.kill("SIGTERM");
    await until("the signal", async () => (await server.log()).includes("Received SIGTERM"));
    expect(existsSync(temporary)).toBe(true);
    server.kill("SIGINT");
    expect(await server.exited).toBe(1);
    expect(existsSync(temporary)).toBe(false);
    expect(await server.log()).toContain("You insist... exiting now.");
    expect(client.readReply()).rejects.toThrow("the server closed the connection");
    await client.closed;
  });

  test("goes on after a SIGTERM when it cannot save, and ends on the next", async () => {
    await using server = await start({ args: ["--save", "3600 1", "--dbfilename", "taken"] });
    const client = await server.connect();
    await Bun.write(join(server.dir, "taken", "file"), "in the way");
    await client.text("SET", "k", "1");
    server.kill("SIGTERM");
    await until("the refusal", async () => (await server.log()).includes("Error trying to save the DB, can't exit."));
    expect(await client.text("GET", "k")).toBe("1");
    rmSync(join(server.dir, "taken"), { recursive: true });
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(existsSync(join(server.dir, "taken"))).toBe(true);
    client.close();
  });
});

describe("a signal while the cron is paused", () => {
  async function paused() {
    const server = await Ours.start();
    await server.client.text("DEBUG", "PAUSE-CRON", 1);
    return server;
  }
  const ask = (server: Ours) => server.server.shutdownBySignal({ save: "never", now: true, force: false });

  test("begins nothing, and SHUTDOWN ABORT takes it back", async () => {
    await using server = await paused();
    const ended = ask(server);
    expect(await server.client.text("SHUTDOWN", "ABORT")).toBe("OK");
    expect(await ended).toBe(false);
    expect(server.log).toContain("Shutdown manually aborted");
    expect((await server.client.command("SHUTDOWN", "ABORT")).toString()).toBe("-ERR No shutdown in progress.\r\n");
    await server.client.text("DEBUG", "PAUSE-CRON", 0);
    expect(await server.client.text("PING")).toBe("PONG");
  });

  test("ends the server once the cron goes on", async () => {
    await using server = await paused();
    const ended = ask(server);
    await server.client.text("DEBUG", "PAUSE-CRON", 0);
    await server.client.closed;
    expect(await ended).toBe(true);
    expect(server.log).toContain("User requested shutdown...");
  });
});

describe.skipIf(process.platform !== "linux")("a save under way", () => {
  const MAIN = join(import.meta.dir, "../../src/main.ts");

  async function saving() {
    const server = await startServer([process.execPath, "run", MAIN], {
      args: ["--save", "", "--rdb-key-save-delay", "1000000", "--enable-debug-command", "yes"],
    });
    const client = await server.connect();
    await client.text("DEBUG", "POPULATE", 20);
    await client.text("BGSAVE");
    const files = () => readdirSync(server.dir).filter((name) => name.startsWith("temp-"));
    await until("the file", () => files().length === 1);
    return { server, client, files };
  }

  test("has a file named after the process, of which SHUTDOWN leaves nothing", async () => {
    const { server, client, files } = await saving();
    await using _server = server;
    expect(files()).toEqual([`temp-${server.pid}.rdb`]);
    client.send("SHUTDOWN NOSAVE\r\n");
    expect(await server.exited).toBe(0);
    expect([files(), existsSync(join(server.dir, "dump.rdb"))]).toEqual([[], false]);
    client.close();
  });

  test("is no process of its own: none is left when the server is killed", async () => {
    const { server, client } = await saving();
    await using _server = server;
    expect(readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, "latin1")).toBe("");
    client.close();
  });
});
