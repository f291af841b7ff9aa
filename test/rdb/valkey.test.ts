/** What Valkey 9.1.2 wrote: its versions are numbers of its own, but the values are those of Redis. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ours } from "../replication/support.ts";
import type { RawClient } from "../support/client.ts";
import { connect } from "../support/client.ts";
import { startServer } from "../support/server.ts";

/** What DUMP answered. */
const PAYLOADS: Readonly<Record<string, string>> = {
  s: "0004746578745000b3d9effc54e7c2c5",
  l: "1201020f0f00000003008161028162020301ff5000138b2fecce5737bc",
  h: "10121200000004008166028176028167020201ff5000ce8c87de5f8682b7",
  t: "0b0e020000000300000001000200030050006a289573f33c2aef",
  u: "140d0d0000000200816102816202ff5000ac197e562a6e5829",
  z: "1114140000000400816102010181620283322e3504ff50001b66a7356816be23",
  x: "150110000000000000000100000000000000011d1d0000000a0001010001010181660200010201000100018176020401ff010101010100000100500043afd830cbc9020e",
};

/** The file that SAVE wrote of the same keys. */
const FILE = Buffer.from(
  "VkFMS0VZMDgw+gp2YWxrZXktdmVyBTkuMS4y+gpyZWRpcy1iaXRzwED6BWN0aW1lwn3zDGv6CHVzZWQtbWVtwhgrEQD6CGFvZi1iYXNlwAD+APsHAAABcwR0ZXh0EgFsAQIPDwAAAAMAgWECgWIC" +
    "AwH/EAFoEhIAAAAEAIFmAoF2AoFnAgIB/wsBdA4CAAAAAwAAAAEAAgADABQBdQ0NAAAAAgCBYQKBYgL/EQF6FBQAAAAEAIFhAgEBgWICgzIuNQT/FQF4ARAAAAAAAAAAAQAAAAAAAAABHR0AAAAKAAEB" +
    "AAEBAYFmAgABAgEAAQABgXYCBAH/AQEBAQEAAAEA/+0AIhaY5Skw",
  "base64",
);

async function expectAll(client: RawClient): Promise<void> {
  const replies = [
    ["GET s", "$4\r\ntext\r\n"],
    ["LRANGE l 0 -1", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\n3\r\n"],
    ["HGETALL h", "*4\r\n$1\r\nf\r\n$1\r\nv\r\n$1\r\ng\r\n$1\r\n2\r\n"],
    ["SMEMBERS t", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"],
    ["SMEMBERS u", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"],
    ["ZRANGE z 0 -1 WITHSCORES", "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$3\r\n2.5\r\n"],
    ["XRANGE x - +", "*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n"],
  ];
  for (const [request = "", reply] of replies)
    expect([request, (await client.command(...request.split(" "))).toString()]).toEqual([request, reply]);
}

test("payloads of Valkey 9.1.2 are restored", async () => {
  await using ours = await Ours.start();
  for (const [key, hex] of Object.entries(PAYLOADS)) {
    expect([key, (await ours.client.command("RESTORE", key, 0, Buffer.from(hex, "hex"))).toString()]).toEqual([key, "+OK\r\n"]);
  }
  await expectAll(ours.client);
});

describe("a file of Valkey 9.1.2 is loaded", () => {
  async function loaded(files: Readonly<Record<string, Buffer | string>>, directives: Record<string, string>): Promise<void> {
    const dir = mkdtempSync(join(tmpdir(), "replicant-valkey-"));
    try {
      for (const [name, bytes] of Object.entries(files)) {
        mkdirSync(join(dir, name, ".."), { recursive: true });
        writeFileSync(join(dir, name), bytes);
      }
      const server = await startServer({ dir, ...directives });
      const client = await connect(server.port);
      try {
        await expectAll(client);
      } finally {
        client.close();
        await server.stop();
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }

  test("as a snapshot", async () => {
    await loaded({ "dump.rdb": FILE }, {});
  });

  test("as the base of an append-only file", async () => {
    const manifest = "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n";
    await loaded(
      {
        "appendonlydir/appendonly.aof.1.base.rdb": FILE,
        "appendonlydir/appendonly.aof.1.incr.aof": "",
        "appendonlydir/appendonly.aof.manifest": manifest,
      },
      { appendonly: "yes" },
    );
  });
});
