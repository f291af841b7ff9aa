import { describe, expect, test } from "bun:test";
import { follow, infoField, Ours, sameOffset, until } from "../replication/support.ts";
import { connect, encodeCommand } from "../support/client.ts";
import { AofServer, Directory } from "./support.ts";

const DISABLED = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

describe("WAITAOF", () => {
  test("waits for this server's disk, as appendfsync has it", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory, { appendfsync: "always" });
    server.client.send(Buffer.concat([encodeCommand(["INCR", "a"]), encodeCommand(["WAITAOF", 1, 0, 0]), encodeCommand(["PING"])]));
    expect((await server.client.readReply()).toString()).toBe(":1\r\n");
    expect((await server.client.readReply()).toString()).toBe("*2\r\n:1\r\n:0\r\n");
    expect((await server.client.readReply()).toString()).toBe("+PONG\r\n");
    await server.run("CONFIG", "SET", "appendfsync", "no");
    await server.run("INCR", "a");
    expect(await server.run("WAITAOF", 1, 0, 20)).toBe("*2\r\n:0\r\n:0\r\n");
    expect(await server.run("WAITAOF", 0, 0, 0)).toBe("*2\r\n:0\r\n:0\r\n");
    await server.run("CONFIG", "SET", "appendfsync", "everysec");
    expect(await server.run("WAITAOF", 1, 0, 60_000)).toBe("*2\r\n:1\r\n:0\r\n");
  });

  test("ends with an error when the file is switched off, and counts after the first rewrite when it is switched on", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory, { appendfsync: "no" });
    const waiting = await connect(server.server.port);
    try {
      waiting.send(Buffer.concat([encodeCommand(["INCR", "a"]), encodeCommand(["WAITAOF", 1, 0, 0])]));
      expect((await waiting.readReply()).toString()).toBe(":1\r\n");
      await until("the wait", async () => (await infoField(server.client, "clients", "blocked_clients")) === "1");
      await server.run("CONFIG", "SET", "appendonly", "no");
      expect((await waiting.readReply()).toString()).toBe(`-${DISABLED}\r\n`);
    } finally {
      waiting.close();
    }
    expect(await server.run("WAITAOF", 1, 0, 0)).toBe(DISABLED);
    // In one piece: the millisecond is over before the pause of the rewrite is, whatever the machine does.
    const replies = await server.client.pipeline([
      ["CONFIG", "SET", "appendfsync", "always", "rdb-key-save-delay", "100000", "appendonly", "yes"],
      ["INCR", "a"],
      ["WAITAOF", 1, 0, 1],
    ]);
    expect(String(replies[2])).toBe("*2\r\n:0\r\n:0\r\n");
    expect(await server.run("WAITAOF", 1, 0, 60_000)).toBe("*2\r\n:1\r\n:0\r\n");
    expect(await server.info("aof_rewrite_in_progress")).toBe("0");
  });

  test("counts what the first rewrite has written, though nothing is flushed after it", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory, { appendonly: "no", appendfsync: "no" });
    expect(await server.run("INCR", "a")).toBe("1");
    await server.run("CONFIG", "SET", "appendonly", "yes");
    expect(await server.run("WAITAOF", 1, 0, 60_000)).toBe("*2\r\n:1\r\n:0\r\n");
    expect(await server.run("INCR", "a")).toBe("2");
    expect(await server.run("WAITAOF", 1, 0, 1)).toBe("*2\r\n:0\r\n:0\r\n");
  });

  test("waits for the disks of replicas, which say how far they are", async () => {
    using directory = new Directory();
    await using master = await Ours.start();
    await using replica = await AofServer.start(directory, { appendfsync: "always" });
    await follow(replica.client, master.port);
    await replica.rewritten();
    await master.client.text("INCR", "a");
    const reply = await master.client.command("WAITAOF", 0, 1, 60_000);
    expect(reply.toString()).toBe("*2\r\n:0\r\n:1\r\n");
    await sameOffset(master.client, replica.client);
    await replica.run("CONFIG", "SET", "appendonly", "no");
    await master.client.text("INCR", "a");
    expect((await master.client.command("WAITAOF", 0, 1, 20)).toString()).toBe("*2\r\n:0\r\n:0\r\n");
    expect(await replica.run("WAITAOF", 0, 0, 0)).toStartWith("ERR WAITAOF cannot be used with replica instances.");
  });

  test("refuses numbers that make no sense", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory);
    expect(await server.run("WAITAOF", 2, 0, 0)).toBe("ERR value is out of range, value must between 0 and 1");
    expect(await server.run("WAITAOF", "x", 0, 0)).toBe("ERR value is not an integer or out of range");
    expect(await server.run("WAITAOF", 0, -1, 0)).toBe("ERR value is out of range, must be positive");
    expect(await server.run("WAITAOF", 0, 0, -1)).toBe("ERR timeout is negative");
    expect(await server.run("WAITAOF", 0, 0)).toStartWith("ERR wrong number of arguments");
  });
});
