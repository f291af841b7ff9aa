/** Hashes with times of fields as Redis 8.0.6 and Valkey 9.1.2 write them, and as we do. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Crc64 } from "../../src/rdb/crc64.ts";
import { FakeMaster, id, linkUp, Ours, streamed } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import { startServer } from "../support/server.ts";

/** Of `HSET small a 1 b two c 3` with a's time 2100 and a second, b's 2100; `large` has a field `d 4` more; what DUMP answered. */
const PAYLOADS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  redis: {
    small:
      "1900d8c32cbb0300002f2f00000009008162028374776f04f400d8c32cbb030000098161020101f4e8dbc32cbb0300000981630203010001ff0c0022fe37f21beac907",
    large: "1800d8c32cbb03000004000164c0040101620374776f43e90161c001000163c0030c0088f23ece436c7d0d",
    none: "19e8dbc32cbb0300000e0e000000030081610201010001ff0c0006e2c863de8f7976",
  },
  valkey: {
    small: "16030161c001e8dbc32cbb03000001620374776f00d8c32cbb0300000163c003ffffffffffffffff500092cbba6834e301c3",
    large: "16040161c001e8dbc32cbb03000001620374776f00d8c32cbb0300000163c003ffffffffffffffff0164c004ffffffffffffffff5000758551de4c058f0c",
    none: "04010161c00150008fbbd3015555ecb1",
  },
};

/** The files that SAVE wrote of the same keys. */
const FILES: Readonly<Record<string, string>> = {
  redis:
    "UkVESVMwMDEy+glyZWRpcy12ZXIFOC4wLjb6CnJlZGlzLWJpdHPAQPoFY3RpbWXCTvoMa/oIdXNlZC1tZW3COLQNAPoOcmVwbC1zdHJlYW0tZGLAAPoHcmVwbC1pZChkOTgyZjYzYTZkZWZiOWVkYzM2Y2NhZDA0ZGRlNzJiNGM4NjQ4ZGUy+gtyZXBsLW9mZnNldMLk8wcA+ghhb2YtYmFzZcAA/gD7AwAYBWxhcmdlANjDLLsDAAAEAAFkwAQBAWIDdHdvQ+kBYcABAAFjwAMZBXNtYWxsANjDLLsDAAAvLwAAAAkAgWICg3R3bwT0ANjDLLsDAAAJgWECAQH06NvDLLsDAAAJgWMCAwEAAf8ZBG5vbmXo28MsuwMAAA4OAAAAAwCBYQIBAQAB//91q2ael74WYw==",
  valkey:
    "VkFMS0VZMDgw+gp2YWxrZXktdmVyBTkuMS4y+gpyZWRpcy1iaXRzwED6BWN0aW1lwlD6DGv6CHVzZWQtbWVtwmD9EAD6CGFvZi1iYXNlwAD+APsDABYFc21hbGwDAWHAAejbwyy7AwAAAWIDdHdvANjDLLsDAAABY8AD//////////8WBWxhcmdlBAFhwAHo28MsuwMAAAFiA3R3bwDYwyy7AwAAAWPAA///////////AWTABP//////////BARub25lAQFhwAH/lMcOvHxS9p0=",
};

async function expectAll(client: RawClient): Promise<void> {
  for (const [line, reply] of [
    ["HMGET small a b c d", "*4 $1 1 $3 two $1 3 $-1"],
    ["HPEXPIRETIME small FIELDS 4 a b c d", "*4 :4102444801000 :4102444800000 :-1 :-2"],
    ["HMGET large a b c d", "*4 $1 1 $3 two $1 3 $1 4"],
    ["HPEXPIRETIME large FIELDS 4 a b c d", "*4 :4102444801000 :4102444800000 :-1 :-1"],
    ["HPEXPIRETIME none FIELDS 1 a", "*1 :-1"],
  ])
    expect([line, (await client.command(...line.split(" "))).toString().replaceAll("\r\n", " ").trim()]).toEqual([line, reply]);
}

/** A payload of this content and version. */
function payload(version: number, content: string): Buffer {
  const bytes = Buffer.alloc(content.length + 10);
  bytes.latin1Write(content);
  bytes.writeUInt16LE(version, content.length);
  const crc = new Crc64();
  crc.update(bytes, 0, content.length + 2);
  crc.writeTo(bytes, content.length + 2);
  return bytes;
}

for (const family of ["redis", "valkey"]) {
  describe(`what ${family} wrote`, () => {
    for (const limit of ["512", "3", "1"]) {
      test(`is restored where ${limit} fields are few`, async () => {
        await using ours = await Ours.start({ "hash-max-listpack-entries": limit });
        for (const [key, hex] of Object.entries(PAYLOADS[family]))
          expect([key, (await ours.client.command("RESTORE", key, 0, Buffer.from(hex, "hex"))).toString()]).toEqual([key, "+OK\r\n"]);
        await expectAll(ours.client);
      });
    }

    test("is loaded", async () => {
      const dir = mkdtempSync(join(tmpdir(), "replicant-timed-"));
      try {
        writeFileSync(join(dir, "dump.rdb"), Buffer.from(FILES[family], "base64"));
        await using server = await startServer({ dir });
        const client = await connect(server.port);
        await expectAll(client);
        client.close();
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    });
  });
}

test("we write Redis's payload to the byte, of the small hash with its fields in order of their times", async () => {
  await using ours = await Ours.start({ "hash-max-listpack-entries": "3", rdbcompression: "no" });
  const { client } = ours;
  await client.command("RESTORE", "small", 0, Buffer.from(PAYLOADS.redis.small, "hex"));
  const dump = await client.command("DUMP", "small");
  expect(dump.subarray(dump.indexOf("\r\n") + 2, -2).toString("hex")).toBe(PAYLOADS.redis.small);
  await client.command("HPERSIST", "small", "FIELDS", 2, "a", "b");
  const plain = await client.command("DUMP", "small");
  expect(plain.readUInt16LE(plain.length - 12)).toBe(10);
});

test("the release candidates of 7.4 are read", async () => {
  await using ours = await Ours.start();
  const { client } = ours;
  const table = payload(12, "\x16\x02\x81\x00\x00\x03\xbb\x2c\xc3\xd8\x00\x01a\x011\x00\x01b\x012");
  expect((await client.command("RESTORE", "t", 0, table)).toString()).toBe("+OK\r\n");
  expect((await client.command("HPEXPIRETIME", "t", "FIELDS", 2, "a", "b")).toString()).toBe("*2\r\n:4102444800000\r\n:-1\r\n");
  const list = payload(12, `\x17${Buffer.from(PAYLOADS.redis.small, "hex").subarray(9, -10).toString("latin1")}`);
  expect((await client.command("RESTORE", "l", 0, list)).toString()).toBe("+OK\r\n");
  expect((await client.command("HPEXPIRETIME", "l", "FIELDS", 2, "a", "b")).toString()).toBe("*2\r\n:4102444801000\r\n:4102444800000\r\n");
});

test("damaged payloads are refused", async () => {
  await using ours = await Ours.start();
  for (const hex of [PAYLOADS.redis.small, PAYLOADS.redis.large, PAYLOADS.valkey.small]) {
    const whole = Buffer.from(hex, "hex");
    const version = whole.readUInt16LE(whole.length - 10);
    for (let length = 1; length < whole.length - 10; length++) {
      const cut = payload(version, whole.latin1Slice(0, length));
      expect((await ours.client.command("RESTORE", "k", 0, cut, "REPLACE")).toString()).toBe("-ERR Bad data format\r\n");
    }
    for (let at = 1; at < whole.length - 10; at++) {
      const bytes = Buffer.from(whole);
      bytes[at] ^= 0xff;
      const reply = (
        await ours.client.command("RESTORE", "k", 0, payload(version, bytes.latin1Slice(0, bytes.length - 10)), "REPLACE")
      ).toString();
      expect(reply).toMatch(/^(\+OK|-ERR Bad data format)\r\n$/);
    }
  }
});

test("a file has Redis's version 12 only while some hash has times", async () => {
  const dir = mkdtempSync(join(tmpdir(), "replicant-timed-"));
  try {
    await using server = await startServer({ dir });
    const client = await connect(server.port);
    const magic = async () => {
      await client.command("SAVE");
      return readFileSync(join(dir, "dump.rdb")).latin1Slice(0, 9);
    };
    await client.command("HSET", "h", "a", "1");
    expect(await magic()).toBe("REDIS0010");
    await client.command("HEXPIRE", "h", "100", "FIELDS", "1", "a");
    expect(await magic()).toBe("REDIS0012");
    await client.command("HPERSIST", "h", "FIELDS", "1", "a");
    expect(await magic()).toBe("REDIS0010");
    await client.command("HEXPIRE", "h", "100", "FIELDS", "1", "a");
    await client.command("SET", "h", "x");
    expect(await magic()).toBe("REDIS0010");
    client.close();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

for (const family of ["redis", "valkey"]) {
  test(`a full synchronisation from ${family} brings the times`, async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start({ replicaof: `127.0.0.1 ${master.port}` });
    const link = await master.accept();
    await link.greet();
    link.send(`+FULLRESYNC ${id("a")} 1000\r\n`);
    link.send(streamed(Buffer.from(FILES[family], "base64")));
    await linkUp(replica.client);
    await expectAll(replica.client);
  });
}
