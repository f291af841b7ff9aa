/** Valkey 9.2 makes the image of a full synchronization without a fork: what clients change meanwhile stands in it as commands. */

import { describe, expect, test } from "bun:test";
import { FakeMaster, id, infoField, linkUp, Ours, stream, streamed, until } from "./support.ts";

const HEAD = Buffer.from("VALKEY081");
const END = Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
const database = (index: number): Buffer => Buffer.from([0xfe, index]);
const key = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);
const command = (...words: string[]): Buffer => Buffer.concat([Buffer.from([242]), stream(words)]);

async function synchronized(image: Buffer, load: string): Promise<{ ours: Ours } & AsyncDisposable> {
  const master = new FakeMaster();
  const ours = await Ours.start({ replicaof: `127.0.0.1 ${master.port}`, "repl-diskless-load": load });
  const link = await master.accept();
  await link.greet();
  link.send(`+FULLRESYNC ${id("a")} 100\r\n`);
  link.send(streamed(image));
  return {
    ours,
    async [Symbol.asyncDispose]() {
      await ours[Symbol.asyncDispose]();
      master[Symbol.dispose]();
    },
  };
}

describe("commands between the keys of an image", () => {
  for (const load of ["disabled", "on-empty-db", "swapdb"]) {
    test(`are run where they stand, in the database that the image has selected (repl-diskless-load ${load})`, async () => {
      const image = Buffer.concat([
        HEAD,
        database(0),
        key("first", "1"),
        command("INCRBY", "first", "41"),
        command("MULTI"),
        command("SET", "made", "here"),
        command("PEXPIREAT", "made", "4102444800000"),
        command("EXEC"),
        key("second", "2"),
        database(3),
        command("RPUSH", "list", "a", "b"),
        key("third", "3"),
        command("UNLINK", "third"),
        database(0),
        command("DEL", "second"),
        END,
      ]);
      await using both = await synchronized(image, load);
      const { client } = both.ours;
      await linkUp(client);
      expect(await client.text("GET", "first")).toBe("42");
      expect(await client.text("GET", "made")).toBe("here");
      expect(await client.text("PEXPIRETIME", "made")).toBe("4102444800000");
      expect(await client.text("DBSIZE")).toBe("2");
      await client.text("SELECT", 3);
      expect((await client.command("LRANGE", "list", 0, -1)).toString()).toBe("*2\r\n$1\r\na\r\n$1\r\nb\r\n");
      expect(await client.text("DBSIZE")).toBe("1");
      // They are part of the image, not of the stream.
      expect(await infoField(client, "replication", "slave_repl_offset")).toBe("100");
    });
  }

  test("end a synchronization where one is not known, or is none", async () => {
    for (const [bad, message] of [
      [command("NOSUCHCOMMAND", "key"), 'it has the command "NOSUCHCOMMAND", which is not known here'],
      [Buffer.from("\xf2*1\r\n$4\r\nPINGxx", "latin1"), "bad command in the image: it is no request"],
      [Buffer.from("\xf2*0\r\n", "latin1"), "a command of the image has no words"],
      [Buffer.from("\xf2PING\r\n", "latin1"), "bad command in the image: it is no request"],
      [Buffer.from("\xf2*99999999\r\n", "latin1"), "bad command in the image: it is no request"],
    ] as const) {
      await using both = await synchronized(Buffer.concat([HEAD, database(0), key("first", "1"), bad, END]), "on-empty-db");
      await until("the image to be refused", () => both.ours.log.includes(message));
      expect(await both.ours.client.text("DBSIZE")).toBe("0");
    }
  });

  test("end one that is read beside the data which is there where they would change that (repl-diskless-load swapdb)", async () => {
    for (const words of [
      ["SWAPDB", "0", "1"],
      ["FLUSHALL"],
      ["MOVE", "first", "1"],
      ["COPY", "first", "other", "DB", "1"],
      ["SELECT", "1"],
    ]) {
      await using both = await synchronized(Buffer.concat([HEAD, database(0), key("first", "1"), command(...words), END]), "swapdb");
      await until("the image to be refused", () => both.ours.log.includes(`it has the command "${words[0]}", which cannot be run beside`));
      expect(await both.ours.client.text("DBSIZE")).toBe("0");
    }
  });

  test("are not run from files", async () => {
    await using both = await synchronized(Buffer.concat([HEAD, database(0), key("first", "1"), END]), "disabled");
    const { server } = both.ours;
    await linkUp(both.ours.client);
    const load = server.persistence.imageLoad({ totalBytes: 0, dropExpired: false }, 0);
    const image = Buffer.concat([HEAD, command("SET", "a", "b"), END]);
    expect(() => load.push(image, 0, image.length)).toThrow(
      "it has a command between its keys, which only the image of a full synchronization may",
    );
  });
});
