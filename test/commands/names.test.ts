/** Tools know our fields, directives and commands by name: names.json has those that were there once, and none may vanish or change its kind. */

import { describe, expect, test } from "bun:test";
import { Config } from "../../src/config/config.ts";
import { follow, infoField, linkUp, Ours, until } from "../replication/support.ts";
import stored from "./names.json" with { type: "json" };
import { commands, type Fields, fields, type Names } from "./names.ts";

const names: Names = stored;

/** The fields of `before` that `now` lacks or has with another kind of value. */
function lost(before: Fields, now: Fields): string[] {
  const missing: string[] = [];
  for (const [section, fields] of Object.entries(before)) {
    for (const [name, kind] of Object.entries(fields)) {
      const found = now[section]?.[name];
      if (found !== kind) missing.push(`${section} ${name}: ${kind}, now ${found}`);
    }
  }
  return missing;
}

describe("what was shown by name is still there", () => {
  test("in INFO, of a master and of its replica while the link is up and down", async () => {
    await using master = await Ours.start({ appendonly: "yes" });
    await using replica = await Ours.start();
    const { client } = master;
    await client.text("SET", "a", "1", "EX", "1000");
    await client.command("INCR", "a", "b");
    await client.text("BGSAVE");
    await until("the end of the save", async () => (await infoField(client, "persistence", "rdb_bgsave_in_progress")) === "0");
    await follow(replica.client, master.port);
    await until("a replica that is online", async () => (await infoField(client, "replication", "slave0")).includes("state=online"));
    expect(lost(names.master, await fields(client))).toEqual([]);
    await linkUp(replica.client);
    expect(lost(names.replica, await fields(replica.client))).toEqual([]);
    await replica.client.text("REPLICAOF", "127.0.0.1", 1);
    await until("the link to fail", async () => (await infoField(replica.client, "replication", "master_link_status")) === "down");
    expect(lost(names.lost, await fields(replica.client))).toEqual([]);
  });

  test("in CONFIG GET, with the same defaults", () => {
    const config = Config.of();
    const differ = Object.entries(names.directives).filter(([name, value]) => config.get([name])[0]?.[1] !== value);
    expect(differ).toEqual([["dir", "*"]]);
    const listed = new Set(config.get(["*"]).map(([name]) => name));
    expect(Object.keys(names.directives).filter((name) => !listed.has(name))).toEqual([...names.hidden]);
  });

  test("among the commands and subcommands, with the same arity", async () => {
    await using server = await Ours.start();
    const now = await commands(server.client);
    // One that took a fixed number of arguments may take more by now.
    const kept = (name: string, arity: number): boolean => now[name] === arity || now[name] === -arity;
    expect(Object.entries(names.commands).filter(([name, arity]) => !kept(name, arity))).toEqual([]);
  });
});
