import { expect, test } from "bun:test";
import { Decoder, encode, Push, type Reply, ReplyError } from "../../src/console/page/resp.ts";

const BYTES = Buffer.from(
  "+OK\r\n:12\r\n:9007199254740993\r\n$12\r\nline\r\nbreaks\r\n$-1\r\n_\r\n#t\r\n,1.5\r\n,-inf\r\n(123456789012345678901\r\n=7\r\ntxt:abc\r\n" +
    "*2\r\n$1\r\na\r\n*1\r\n-ERR x\r\n%1\r\n$1\r\nk\r\n~2\r\n:1\r\n:2\r\n|1\r\n+ttl\r\n:1\r\n$3\r\nval\r\n>2\r\n$7\r\nmessage\r\n$1\r\nm\r\n-NOPERM no\r\n",
);
const REPLIES = [
  ...["OK", 12, 9007199254740993n, "line\r\nbreaks", null, null, true, 1.5, Number.NEGATIVE_INFINITY, 123456789012345678901n, "abc"],
  ["a", [new ReplyError("ERR x")]],
  new Map<Reply, Reply>([["k", new Set([1, 2])]]),
  "val",
  new Push([Buffer.from("message"), Buffer.from("m")].map((bytes) => new Uint8Array(bytes))),
  new ReplyError("NOPERM no"),
];

function replies(decoder: Decoder): unknown[] {
  const found: unknown[] = [];
  for (let reply = decoder.next(false); reply !== undefined; reply = decoder.next(false)) found.push(reply);
  return found;
}

test("replies are whole as soon as their last byte has come, wherever they are cut", () => {
  for (let cut = 0; cut <= BYTES.length; cut++) {
    const decoder = new Decoder();
    decoder.feed(BYTES.subarray(0, cut));
    const first = replies(decoder);
    decoder.feed(BYTES.subarray(cut));
    expect([...first, ...replies(decoder)]).toEqual(REPLIES);
  }
  const decoder = new Decoder();
  const found: unknown[] = [];
  for (const byte of BYTES) {
    decoder.feed(Uint8Array.of(byte));
    found.push(...replies(decoder));
  }
  expect(found).toEqual(REPLIES);
});

test("strings are bytes where that is wanted; what is no reply is refused", () => {
  const decoder = new Decoder();
  decoder.feed(Uint8Array.of(36, 49, 13, 10, 0xff, 13, 10));
  expect(decoder.next(true)).toEqual(Uint8Array.of(0xff));
  decoder.feed(Buffer.from("?what\r\n"));
  expect(() => decoder.next(false)).toThrow('the server sent no reply: "?what"');
});

test("requests are words with their lengths in bytes", () => {
  expect(Buffer.from(encode(["SET", "ü", Uint8Array.of(0xff), 1, 2n])).toString("latin1")).toBe(
    "*5\r\n$3\r\nSET\r\n$2\r\n\xc3\xbc\r\n$1\r\n\xff\r\n$1\r\n1\r\n$1\r\n2\r\n",
  );
});
