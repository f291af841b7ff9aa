import { expect, test } from "bun:test";
import { type Reply, ReplyDecoder } from "../../src/protocol/reply-decoder.ts";
import { ReplyFormatError } from "../../src/protocol/reply-reader.ts";

const STREAM = Buffer.from(
  "$40\r\n0123456789012345678901234567890123456789\r\n+OK\r\n-ERR no\r\n:12\r\n$-1\r\n$0\r\n\r\n*2\r\n*1\r\n:1\r\n$3\r\na\r\n\r\n*0\r\n*-1\r\n" +
    "_\r\n#t\r\n,1.5e3\r\n(123456789012345678901\r\n=7\r\ntxt:abc\r\n%1\r\n+k\r\n~1\r\n:1\r\n>1\r\n+push\r\n|1\r\n+about\r\n:1\r\n:9\r\n",
  "latin1",
);
const REPLIES: readonly Reply[] = [
  { kind: "string", text: "0123456789012345678901234567890123456789" },
  { kind: "status", text: "OK" },
  { kind: "error", text: "ERR no" },
  { kind: "integer", text: "12" },
  { kind: "nil" },
  { kind: "string", text: "" },
  {
    kind: "array",
    items: [
      { kind: "array", items: [{ kind: "integer", text: "1" }] },
      { kind: "string", text: "a\r\n" },
    ],
  },
  { kind: "array", items: [] },
  { kind: "nil" },
  { kind: "nil" },
  { kind: "boolean", value: true },
  { kind: "double", text: "1.5e3" },
  { kind: "bignum", text: "123456789012345678901" },
  { kind: "verbatim", text: "abc" },
  {
    kind: "map",
    items: [
      { kind: "status", text: "k" },
      { kind: "set", items: [{ kind: "integer", text: "1" }] },
    ],
  },
  { kind: "push", items: [{ kind: "status", text: "push" }] },
  { kind: "integer", text: "9" },
];

test("replies are the same however their bytes are cut, asked for one by one", () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const decoder = new ReplyDecoder();
    const found: Reply[] = [];
    for (let at = 0; at < STREAM.length; at += size) {
      decoder.push(STREAM.subarray(at, at + size));
      // One at a time, as a client that asks and waits: each must be there as soon as its last byte is.
      for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) found.push(reply);
    }
    expect(found).toEqual([...REPLIES]);
  }
});

test("each reply is there when its last byte is, whatever came before", () => {
  const decoder = new ReplyDecoder();
  const long = "x".repeat(1000);
  decoder.push(Buffer.from(`$1000\r\n${long.slice(0, 10)}`));
  expect(decoder.next()).toBeUndefined();
  decoder.push(Buffer.from(`${long.slice(10)}\r\n`));
  expect(decoder.next()).toEqual({ kind: "string", text: long });
  decoder.push(Buffer.from("$1\r\nx\r\n")); // fewer bytes than the one before had to wait for
  expect(decoder.next()).toEqual({ kind: "string", text: "x" });
});

test("what is left over can be taken as it is", () => {
  const decoder = new ReplyDecoder();
  decoder.push(Buffer.from("+OK\r\n$5\r\nab"));
  expect(decoder.next()).toEqual({ kind: "status", text: "OK" });
  expect(decoder.next()).toBeUndefined();
  decoder.push(Buffer.from("c"));
  expect(decoder.takeRest().toString()).toBe("$5\r\nabc");
});

test("what is no reply is an error in hiredis's words", () => {
  for (const [bytes, message] of [
    ["HTTP/1.1 400\r\n", 'Protocol error, got "H" as reply type byte'],
    ["\x01\r\n", 'Protocol error, got "\\x01" as reply type byte'],
    ["$x\r\n", "Protocol error, a length that is no number"],
  ]) {
    const decoder = new ReplyDecoder();
    decoder.push(Buffer.from(bytes));
    expect(() => decoder.next()).toThrow(new ReplyFormatError(message));
  }
});
