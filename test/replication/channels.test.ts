/** Two connections as a master sees them, byte by byte. */
import { describe, expect, test } from "bun:test";
import { connect, type RawClient } from "../support/client.ts";
import { infoField, load, Ours, stream, until } from "./support.ts";

const TWO = { "repl-rdb-channel": "yes", "repl-diskless-sync-delay": "0" };
const SELECT_0 = stream(["SELECT", 0]);

const slaves = async (master: Ours): Promise<string[]> => {
  const info = await master.client.text("INFO", "replication");
  return [...info.matchAll(/^slave\d+:ip=[^,]*,(.*?)\r?$/gm)].map(([, fields]) => fields ?? "");
};
const unjoined = (master: Ours) => infoField(master.client, "replication", "replicas_waiting_psync");

/** The line that a master answers PSYNC or SYNC with; the empty ones of one that waits are passed over. */
async function line(client: RawClient): Promise<string> {
  for (;;) {
    const text = (await client.readLine()).toString("latin1").trimEnd();
    if (text !== "") return text;
  }
}

async function ask(client: RawClient, request: string): Promise<string> {
  client.send(`${request}\r\n`);
  return line(client);
}

/** An image between its two marks, to its end. */
async function readImage(client: RawClient): Promise<Buffer> {
  const mark = (await line(client)).slice("$EOF:".length);
  const bytes: Buffer[] = [];
  for (let whole = Buffer.alloc(0); ; whole = Buffer.concat(bytes)) {
    if (whole.subarray(-40).toString("latin1") === mark) return whole.subarray(0, -40);
    bytes.push(await client.readBytes(1));
  }
}

describe("in Redis's protocol", () => {
  /** Both connections, up to the answer to the second one's PSYNC. */
  async function both(master: Ours) {
    const first = await connect(master.port);
    await first.text("REPLCONF", "listening-port", 7001, "capa", "eof", "capa", "psync2", "capa", "rdb-channel-repl");
    const [, number] = (await ask(first, "PSYNC ? -1")).split(" ");
    const second = await connect(master.port);
    return { first, second, number: number ?? "" };
  }

  test("the first connection is told to wait, and has the stream as soon as the second has its image begun", async () => {
    await using master = await Ours.start(TWO);
    await load(master.client, 20, (index) => ["SET", `key:${index}`, index]);
    const { first, second, number } = await both(master);
    expect(await slaves(master)).toEqual(["port=7001,state=wait_bgsave,offset=0,lag=0"]);
    expect(await master.client.text("CLIENT", "LIST", "ID", number)).toContain(" flags=S ");
    // Whatever is written now is in the image.
    await master.client.text("SET", "before", "1");
    await second.text("REPLCONF", "capa", "eof", "rdb-only", 1, "rdb-channel", 1, "main-ch-client-id", number, "listening-port", 7001);
    const [word, history, offset] = (await ask(second, "PSYNC ? -1")).split(" ");
    expect([word, history]).toEqual(["+FULLRESYNC", await infoField(master.client, "replication", "master_replid")]);
    await master.client.text("SET", "after", "1");
    const after = Buffer.concat([SELECT_0, stream(["SET", "after", "1"])]);
    expect(await first.readBytes(after.length)).toEqual(after);
    const image = (await readImage(second)).toString("latin1");
    expect([image.includes("before"), image.includes("after")]).toEqual([true, false]);
    await second.closed;
    await until("the replica to be online", async () => (await slaves(master))[0]?.includes("state=online") === true);
    expect(await infoField(master.client, "replication", "connected_slaves")).toBe("1");
    expect(await infoField(master.client, "stats", "sync_full")).toBe("1");
    first.send(`REPLCONF ACK ${Number(offset) + after.length}\r\n`);
    await until(
      "the acknowledgement",
      async () => (await slaves(master))[0]?.includes(`offset=${Number(offset) + after.length},`) === true,
    );
    first.close();
  });

  test("an acknowledgement puts the replica online before the master has seen the end of the second connection", async () => {
    await using master = await Ours.start({ ...TWO, "rdb-key-save-delay": "1000000" });
    await load(master.client, 200, (index) => ["SET", `key:${index}`, index]);
    const { first, second, number } = await both(master);
    await second.text("REPLCONF", "capa", "eof", "rdb-only", 1, "rdb-channel", 1, "main-ch-client-id", number);
    await ask(second, "PSYNC ? -1");
    const clients = (await master.client.text("CLIENT", "LIST", "TYPE", "replica")).trim().split("\n");
    expect(clients.map((client) => / flags=(\w+) /.exec(client)?.[1])).toEqual(["S", "SC"]);
    expect((await slaves(master)).length).toBe(1);
    first.send("REPLCONF ACK 0\r\n");
    await until("the replica to be online", async () => (await slaves(master))[0]?.includes("state=online") === true);
    second.close();
    await until("the end of it", async () => master.server.replication.replicas.list.length === 1);
    await master.client.text("SET", "a", "1");
    expect(await first.readBytes(SELECT_0.length)).toEqual(SELECT_0);
    first.close();
  });

  test("a first connection is named by its number while it waits, and by nothing else", async () => {
    await using master = await Ours.start(TWO);
    const { first, second, number } = await both(master);
    const own = await second.text("CLIENT", "ID");
    for (const wrong of ["0", "-1", own.replace(":", ""), "99999999999"]) {
      expect((await second.command("REPLCONF", "main-ch-client-id", wrong)).toString()).toBe(
        `-ERR Unrecognized RDB client id: ${wrong}\r\n`,
      );
    }
    for (const wrong of ["x", "1.5", "99999999999999999999"]) {
      const reply = (await second.command("REPLCONF", "main-ch-client-id", wrong)).toString();
      expect(reply).toBe("-ERR value is not an integer or out of range\r\n");
    }
    for (const option of ["rdb-channel", "rdb-only"]) {
      const reply = (await second.command("REPLCONF", option, 2)).toString();
      expect(reply).toBe("-ERR value is out of range, value must between 0 and 1\r\n");
    }
    expect((await second.command("REPLCONF", "main-ch-client-id", number)).toString()).toBe("+OK\r\n");
    second.close();
    // Nothing will come of it.
    await first.closed;
    expect(await slaves(master)).toEqual([]);
  });

  test("a first connection whose second one never comes is given up after repl-timeout", async () => {
    await using master = await Ours.start(TWO);
    const { first, second } = await both(master);
    second.close();
    master.pretendLater(59);
    expect((await slaves(master)).length).toBe(1);
    master.pretendLater(62);
    await first.closed;
  });

  test("a capability that is not asked for, or not to be had, is not used", async () => {
    await using master = await Ours.start({ ...TWO, "repl-rdb-channel": "no" });
    const client = await connect(master.port);
    await client.text("REPLCONF", "capa", "eof", "capa", "psync2", "capa", "rdb-channel-repl", "capa", "dual-channel");
    expect(await ask(client, "PSYNC ? -1")).toStartWith("+FULLRESYNC ");
    client.close();
  });
});

describe("in Valkey's protocol", () => {
  /** Both connections, up to the answer to the second one's SYNC, whose number is `number`. */
  async function both(master: Ours) {
    const first = await connect(master.port);
    await first.text("REPLCONF", "capa", "eof", "capa", "psync2", "capa", "dual-channel");
    expect(await ask(first, "PSYNC ? -1")).toBe("+DUALCHANNELSYNC");
    expect(await slaves(master)).toEqual([]);
    const second = await connect(master.port);
    await second.text("REPLCONF", "capa", "eof", "rdb-only", 1, "rdb-channel", 1, "listening-port", 7001, "version", "9.1.2");
    const number = String(await second.text("CLIENT", "ID"));
    const announced = /^\$ENDOFF:(\d+) (\w{40}) (\d+) (\d+)$/.exec(await ask(second, "SYNC"));
    const [, offset = "", history = "", database, own] = announced ?? [];
    expect([history, database, own]).toEqual([await infoField(master.client, "replication", "master_replid"), "0", number]);
    return { first, second, number, history, next: Number(offset) + 1 };
  }

  test("the stream is kept from the image's moment on until the first connection asks for it", async () => {
    await using master = await Ours.start({ ...TWO, "repl-backlog-size": "16384", "rdb-key-save-delay": "1000" });
    await load(master.client, 200, (index) => ["SET", `key:${index}`, index]);
    const { first, second, number, history, next } = await both(master);
    expect(await unjoined(master)).toBe("1");
    expect(await slaves(master)).toEqual(["port=7001,state=wait_bgsave,offset=0,lag=0,type=rdb-channel"]);
    const long = "v".repeat(3_000_000);
    await master.client.text("SET", "long", long);
    expect(Number(await infoField(master.client, "replication", "repl_backlog_first_byte_offset"))).toBe(next);
    const other = await connect(master.port);
    expect((await other.command("REPLCONF", "set-rdb-client-id", Number(number) + 100)).toString()).toBe(
      `-ERR Unrecognized RDB client id ${Number(number) + 100}\r\n`,
    );
    other.close();
    expect((await first.command("REPLCONF", "set-rdb-client-id", number)).toString()).toBe("+OK\r\n");
    expect(await ask(first, `PSYNC ${history} ${next}`)).toBe(`+CONTINUE ${history}`);
    expect(await unjoined(master)).toBe("0");
    expect((await slaves(master))[1]).toContain("state=bg_transfer,offset=0,lag=0,type=main-channel");
    const written = Buffer.concat([SELECT_0, stream(["SET", "long", long])]);
    expect((await first.readBytes(written.length)).equals(written)).toBe(true);
    expect((await readImage(second)).includes("key:199")).toBe(true);
    await second.closed;
    await until("the second connection to be gone", async () => (await slaves(master)).length === 1);
    expect((await slaves(master))[0]).toContain("state=bg_transfer");
    first.send(`REPLCONF ACK ${next}\r\n`);
    await until("the replica to be online", async () => (await slaves(master))[0]?.includes("state=online") === true);
    expect([await infoField(master.client, "stats", "sync_full"), await infoField(master.client, "stats", "sync_partial_ok")]).toEqual([
      "1",
      "1",
    ]);
    first.close();
  });

  test("the stream is kept for a minute after the image has been sent, and no longer", async () => {
    await using master = await Ours.start(TWO);
    const { first, second, number, history, next } = await both(master);
    await readImage(second);
    await second.closed;
    await until("the end of it", async () => (await slaves(master)).length === 0);
    master.pretendLater(59);
    expect(await unjoined(master)).toBe("1");
    expect((await first.command("REPLCONF", "set-rdb-client-id", number)).toString()).toBe("+OK\r\n");
    master.pretendLater(62);
    expect(await unjoined(master)).toBe("0");
    expect(master.log).toContain("Replica main channel failed to establish PSYNC within the grace period");
    // The backlog has it all the same.
    expect(await ask(first, `PSYNC ${history} ${next}`)).toBe(`+CONTINUE ${history}`);
    expect((await slaves(master))[0]).toContain("state=online");
    first.close();
  });

  test("the stream is not kept for one whose second connection breaks", async () => {
    await using master = await Ours.start({ ...TWO, "rdb-key-save-delay": "1000000" });
    await load(master.client, 200, (index) => ["SET", `key:${index}`, index]);
    const { first, second, number } = await both(master);
    second.close();
    await until("the end of it", async () => (await unjoined(master)) === "0");
    expect((await first.command("REPLCONF", "set-rdb-client-id", number)).toString()).toBe(`-ERR Unrecognized RDB client id ${number}\r\n`);
    expect(await infoField(master.client, "persistence", "rdb_bgsave_in_progress")).toBe("0");
    first.close();
  });

  test("the stream is kept up to client-output-buffer-limit", async () => {
    await using master = await Ours.start({
      ...TWO,
      "repl-backlog-size": "16384",
      "client-output-buffer-limit": "replica 100000 0 0",
      "rdb-key-save-delay": "1000000",
    });
    await load(master.client, 200, (index) => ["SET", `key:${index}`, index]);
    const { first, second } = await both(master);
    await master.client.text("SET", "long", "v".repeat(200_000));
    master.pretendLater(1);
    await second.closed;
    expect(await unjoined(master)).toBe("0");
    expect(master.log).toContain("for overcoming of output buffer limits");
    first.close();
  });
});
