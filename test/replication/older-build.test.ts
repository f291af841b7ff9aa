/** Files and a stream of an older build of ours (test/support/older-build): this one has the same data from them. */
import { describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import facts from "../support/older-build/facts.json";
import { FakeMaster, infoField, Ours, until } from "./support.ts";

const FILES = join(import.meta.dir, "../support/older-build");

/** What a server has that starts with a copy of these files. */
async function digestWith(directives: Parameters<typeof Ours.start>[0]): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "replicant-older-"));
  try {
    cpSync(FILES, dir, { recursive: true });
    await using server = await Ours.start({ ...directives, dir });
    return await server.client.text("DEBUG", "DIGEST");
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe("what an older build left", () => {
  test("is read from its RDB file", async () => {
    expect(await digestWith({ appendonly: "no" })).toBe(facts.saved);
  });

  test("is read from its append-only files", async () => {
    expect(await digestWith({ appendonly: "yes" })).toBe(facts.logged);
  });

  test("is followed: its image, and its stream to the last byte", async () => {
    using master = new FakeMaster();
    await using replica = await Ours.start({ replicaof: `127.0.0.1 ${master.port}` });
    const link = await master.accept();
    for (let [name] = await link.command(); name !== "PSYNC"; [name] = await link.command()) {
      link.send(name === "PING" ? "+PONG\r\n" : "+OK\r\n");
    }
    link.send(readFileSync(join(FILES, "stream")));
    await until("its offset", async () => (await infoField(replica.client, "replication", "master_repl_offset")) === String(facts.offset));
    expect(await replica.client.text("DEBUG", "DIGEST")).toBe(facts.streamed);
  });
});
