import { describe, expect, test } from "bun:test";
import { appendFileSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { encodeCommand, type Word } from "../support/client.ts";
import { AofServer, Directory } from "./support.ts";

const BASE = Buffer.concat([
  encodeCommand(["SELECT", 0]),
  encodeCommand(["SET", "a", "1"]),
  encodeCommand(["MULTI"]),
  encodeCommand(["INCR", "a"]),
  encodeCommand(["EXEC"]),
]);

function unit(...commands: Word[][]): Buffer {
  return Buffer.concat(commands.map((words) => encodeCommand(words)));
}

/** A directory whose only increment, or whose increments, are these. */
function filesOf(...increments: Buffer[]): Directory {
  const directory = new Directory();
  mkdirSync(directory.files);
  let manifest = "";
  for (const [index, bytes] of increments.entries()) {
    const name = `appendonly.aof.${index + 1}.incr.aof`;
    writeFileSync(directory.file(name), bytes);
    manifest += `file ${name} seq ${index + 1} type i\n`;
  }
  writeFileSync(directory.file("appendonly.aof.manifest"), manifest);
  return directory;
}

async function startFailure(directory: Directory, directives: Parameters<typeof AofServer.start>[1] = {}): Promise<string> {
  try {
    await using _ = await AofServer.start(directory, directives);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the server started");
}

describe.each([
  ["command", unit(["SET", "b", "2\r\n3"])],
  ["transaction", unit(["MULTI"], ["SET", "b", "2"], ["RPUSH", "l", "x", "y"], ["EXEC"])],
] as const)("a last %s that is cut off", (_, last) => {
  test("anywhere is passed over, and the file cut so that writing can go on", async () => {
    using directory = filesOf(BASE);
    const path = directory.file("appendonly.aof.1.incr.aof");
    await using server = await AofServer.start(directory);
    for (let length = 0; length <= last.length; length++) {
      writeFileSync(path, Buffer.concat([BASE, last.subarray(0, length)]));
      expect(await server.run("DEBUG", "LOADAOF")).toBe("OK");
      const whole = length === last.length;
      expect({ length, size: statSync(path).size }).toEqual({ length, size: BASE.length + (whole ? last.length : 0) });
      expect([await server.run("GET", "a"), await server.run("EXISTS", "b")]).toEqual(["2", whole ? "1" : "0"]);
      await server.run("SET", "c", 1);
      await server.run("DEBUG", "LOADAOF");
      expect(await server.run("EXISTS", "a", "b", "c")).toBe(whole ? "3" : "2");
    }
  });

  test("at start is passed over with a warning, or refused", async () => {
    using directory = filesOf(Buffer.concat([BASE, last.subarray(0, -1)]));
    expect(await startFailure(directory, { "aof-load-truncated": "no" })).toContain(
      "Unexpected end of file reading the append only file appendonly.aof.1.incr.aof",
    );
    expect(directory.read("appendonly.aof.1.incr.aof").length).toBe(BASE.length + last.length - 1);
    await using server = await AofServer.start(directory);
    expect(await server.run("GET", "a")).toBe("2");
    expect(directory.log).toContain(`!!! Truncating the AOF appendonly.aof.1.incr.aof at offset ${BASE.length} !!!`);
    expect(directory.log).toContain("AOF appendonly.aof.1.incr.aof loaded anyway because aof-load-truncated is enabled");
    await server.run("INCR", "a");
    expect(directory.read("appendonly.aof.1.incr.aof").subarray(BASE.length)).toEqual(unit(["SELECT", "0"], ["INCR", "a"]));
  });
});

describe("a start is refused", () => {
  test("when a file that is not the last ends too early", async () => {
    using directory = filesOf(BASE.subarray(0, -1), BASE);
    expect(await startFailure(directory)).toBe("Fatal error: the truncated file is not the last file");
  });

  test("when a file of the manifest is missing", async () => {
    using directory = filesOf(BASE);
    appendFileSync(directory.file("appendonly.aof.manifest"), "file appendonly.aof.2.incr.aof seq 2 type i\n");
    expect(await startFailure(directory)).toBe(
      "Unable to obtain the AOF file appendonly.aof.2.incr.aof length. stat: No such file or directory",
    );
  });

  for (const [what, bytes, message] of [
    ["bytes that are no commands", Buffer.from("!!!"), "Bad file format reading the append only file appendonly.aof.1.incr.aof"],
    [
      "a command that there is not",
      encodeCommand(["BLA", "foo"]),
      "Unknown command 'BLA' reading the append only file appendonly.aof.1.incr.aof",
    ],
  ] as const) {
    test(`by ${what}, wherever they stand`, async () => {
      using directory = filesOf(Buffer.concat([BASE, bytes, BASE]));
      expect(await startFailure(directory)).toStartWith(message);
      expect(directory.log.trimEnd().split("\n").at(-1)).toContain(message);
      expect(directory.read("appendonly.aof.1.incr.aof").length).toBe(BASE.length * 2 + bytes.length);
    });
  }

  test("by a broken base", async () => {
    using directory = new Directory();
    {
      await using server = await AofServer.start(directory);
      await server.run("SET", "a", 1);
      await server.rewrite();
    }
    const base = directory.read("appendonly.aof.2.base.rdb");
    writeFileSync(directory.file("appendonly.aof.2.base.rdb"), base.subarray(0, -10));
    expect(await startFailure(directory)).toBe("Error reading the RDB base file appendonly.aof.2.base.rdb, AOF loading aborted");
  });
});

test("commands that a client could not call, or that would wait, are run as they stand", async () => {
  using directory = filesOf(
    unit(
      ["SET", "dead", "x", "PXAT", "1000"],
      ["APPEND", "dead", "y"],
      ["PERSIST", "dead"],
      ["BLPOP", "nothing", "0"],
      ["RPUSH", "gone", "a"],
      ["PEXPIREAT", "gone", "1000"],
      ["RPUSH", "gone", "b"],
      ["SADD", "set", "a"],
      ["SPOP", "set"],
      ["PING"],
      ["PUBLISH", "c", "m"],
    ),
  );
  await using server = await AofServer.start(directory, { requirepass: "secret" });
  await server.run("AUTH", "secret");
  expect([await server.run("GET", "dead"), await server.run("LLEN", "gone"), await server.run("EXISTS", "set")]).toEqual(["xy", "0", "0"]);
});
