import { describe, expect, test } from "bun:test";
import { isSensitive } from "../../src/base/sensitive-commands.ts";
import { ReplyError } from "../../src/console/page/resp.ts";
import { dangerOf, type Facts } from "../../src/console/page/views/command-line/dangers.ts";
import { jsonOfReply, quotedBytes, textOfReply } from "../../src/console/page/views/command-line/reply-text.ts";
import { lastWordOf, linesOf, wordsOfLine } from "../../src/console/page/views/command-line/words.ts";

const FACTS: Facts = { keysHere: 12, keysInAll: 1234, database: 3, isDangerous: false };

function bytes(...parts: (string | number)[]): Uint8Array {
  return Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.from([part]) : Buffer.from(part))));
}

describe("the words of a line", () => {
  const cases: readonly [line: string, words: readonly Uint8Array[] | null][] = [
    ["", []],
    ["  SET  a\tb ", [bytes("SET"), bytes("a"), bytes("b")]],
    [String.raw`SET k "\xff\x00 \n\"q\""`, [bytes("SET"), bytes("k"), bytes(0xff, 0, ' \n"q"')]],
    [String.raw`ECHO '\x41 it\'s'`, [bytes("ECHO"), bytes(String.raw`\x41 it's`)]],
    ["GET grüße", [bytes("GET"), bytes("grüße")]],
    ['GET "ü\\xc3"', [bytes("GET"), bytes("ü", 0xc3)]],
    ['SET a ""', [bytes("SET"), bytes("a"), bytes("")]],
    ['SET a "open', null],
    ['SET a "b"c', null],
  ];
  for (const [line, words] of cases) {
    test(JSON.stringify(line), () => {
      expect(wordsOfLine(line)?.map((word) => Buffer.from(word).toString("hex"))).toEqual(
        words?.map((word) => Buffer.from(word).toString("hex")),
      );
    });
  }

  test("what is shown of bytes is read back", () => {
    for (let byte = 0; byte < 256; byte++) {
      const one = bytes("a", byte, '" ', byte);
      expect(Buffer.from(wordsOfLine(quotedBytes(one))?.[0] ?? []).toString("hex")).toBe(Buffer.from(one).toString("hex"));
    }
  });

  test("of pasted text, and the last one", () => {
    expect(linesOf("SET a 1\r\n\n# a remark\n  GET a  \n")).toEqual(["SET a 1", "GET a"]);
    expect([lastWordOf("SET a EX"), lastWordOf("SET "), lastWordOf("")]).toEqual(["EX", "", ""]);
  });
});

test("replies as redis-cli writes them, and as JSON", () => {
  const reply = [bytes("a"), 12, null, new Map<Uint8Array, unknown>([[bytes("k"), [true, bytes(0xff)]]]), new ReplyError("ERR no")];
  expect(textOfReply(reply as never)).toBe(
    ['1) "a"', "2) 12", "3) (nil)", '4) 1# "k" => 1) (true)', '      2) "\\xff"', "5) (error) ERR no"].join("\n"),
  );
  expect(JSON.parse(jsonOfReply(reply as never))).toEqual(["a", 12, null, { k: [true, { base64: "/w==" }] }, { error: "ERR no" }]);
  expect(JSON.parse(jsonOfReply([9007199254740993n, Number.POSITIVE_INFINITY, new Set([1])] as never))).toEqual([
    "9007199254740993",
    "Infinity",
    [1],
  ]);
});

describe("lines that are not kept", () => {
  const secret = [
    "AUTH pw",
    "hello 3 auth u pw",
    "HELLO 3 SETNAME n AUTH u pw",
    "ACL SETUSER u >pw",
    "CONFIG SET maxmemory 1 requirepass pw",
    "config set tls-key-file-pass pw",
    'MIGRATE h 1 "" 0 100 AUTH pw KEYS a',
    "REPLICANT.COMPARE h 1 AUTH u pw",
  ];
  for (const line of secret) test(line, () => expect(isSensitive(line.split(" "))).toBe(true));
  for (const line of ["HELLO 3", "ACL WHOAMI", "CONFIG GET requirepass", "MIGRATE h 1 a 0 100 COPY", "REPLICANT.COMPARE h 1 SAMPLE 10"]) {
    test(`unlike ${line}`, () => expect(isSensitive(line.split(" "))).toBe(false));
  }
});

describe("questions", () => {
  const asked: readonly [line: string, part: string][] = [
    ["flushall", "all keys of all databases (1,234 keys)"],
    ["FLUSHDB ASYNC", "database 3 (12 keys)"],
    ["SHUTDOWN NOSAVE", "without saving"],
    ["CONFIG SET save '' maxmemory 1", "how data is kept on disk (save)"],
    ["CONFIG SET requirepass x", "who can reach the server (requirepass)"],
    ["DEBUG SLEEP 3", "for 3 seconds"],
    ["REPLICAOF other 6379", "replaced by that server's data"],
    ["SCRIPT FLUSH", "EVALSHA"],
    ["ACL DELUSER ann", "Deletes the users ann"],
    ["SLOWLOG RESET", "Forgets what SLOWLOG has collected"],
    ["MONITOR", "every request of every client"],
    ["CLIENT KILL TYPE normal", "Closes connections"],
    ["REPLICANT.PURGE CONFIRM 1", "after ten seconds"],
  ];
  for (const [line, part] of asked) {
    test(`about ${line}`, () => expect(dangerOf(line.split(" "), FACTS)).toContain(part));
  }

  test("about KEYS only where there are many, about others that the server calls dangerous", () => {
    expect(dangerOf(["KEYS", "*"], FACTS)).toBeNull();
    expect(dangerOf(["KEYS", "*"], { ...FACTS, keysHere: 5_000_000 })).toContain("5,000,000 keys");
    expect(dangerOf(["SOMETHING", "NEW"], { ...FACTS, isDangerous: true })).toContain("SOMETHING NEW is of the category @dangerous");
  });

  for (const line of [
    "INFO ALL",
    "CONFIG GET *",
    "CONFIG SET slowlog-max-len 10",
    "CLIENT LIST",
    "SHUTDOWN ABORT",
    "SLOWLOG GET 10",
    "DEBUG OBJECT a",
  ]) {
    test(`none about ${line}`, () => expect(dangerOf(line.split(" "), { ...FACTS, isDangerous: true })).toBeNull());
  }
});
