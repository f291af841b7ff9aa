import { describe, expect, test } from "bun:test";
import { LinkError, ReplyError } from "../../src/client/errors.ts";
import { INCOMPLETE, Push, ReplyDecoder } from "../../src/client/reply-decoder.ts";

const REPLIES: readonly (readonly [bytes: string, value: unknown])[] = [
  ["+OK\r\n", "OK"],
  ["+QUEUED\r\n", "QUEUED"],
  ["+\r\n", ""],
  ["$5\r\nhello\r\n", "hello"],
  ["$0\r\n\r\n", ""],
  ["$4\r\na\r\nb\r\n", "a\r\nb"],
  ["$-1\r\n", null],
  ["*-1\r\n", null],
  ["_\r\n", null],
  [":0\r\n", 0],
  [":-42\r\n", -42],
  [":9007199254740991\r\n", Number.MAX_SAFE_INTEGER],
  [":9007199254740993\r\n", 9007199254740993n],
  [":-9223372036854775808\r\n", -9223372036854775808n],
  ["(3492890328409238509324850943850943825024385\r\n", 3492890328409238509324850943850943825024385n],
  [",3.25\r\n", 3.25],
  [",inf\r\n", Number.POSITIVE_INFINITY],
  [",-inf\r\n", Number.NEGATIVE_INFINITY],
  [",nan\r\n", Number.NaN],
  [",1e300\r\n", 1e300],
  ["#t\r\n", true],
  ["#f\r\n", false],
  ["=8\r\ntxt:text\r\n", "text"],
  ["*0\r\n", []],
  ["*3\r\n:1\r\n*2\r\n+a\r\n*0\r\n$1\r\nz\r\n", [1, ["a", []], "z"]],
  ["~2\r\n:1\r\n$1\r\na\r\n", new Set([1, "a"])],
  ["~0\r\n", new Set()],
  ["%0\r\n", new Map()],
  [
    "%2\r\n$1\r\nk\r\n*1\r\n_\r\n:2\r\n%1\r\n+a\r\n+b\r\n",
    new Map<unknown, unknown>([
      ["k", [null]],
      [2, new Map([["a", "b"]])],
    ]),
  ],
  ["|1\r\n+ttl\r\n:7\r\n$1\r\nv\r\n", "v"],
  ["*2\r\n|1\r\n+ttl\r\n:7\r\n$1\r\nv\r\n|0\r\n:2\r\n", ["v", 2]],
];

const ERRORS: readonly (readonly [bytes: string, text: string])[] = [
  ["-ERR no\r\n", "ERR no"],
  ["!22\r\nSYNTAX invalid\r\nsyntax\r\n", "SYNTAX invalid\r\nsyntax"],
];

function decodeAll(bytes: Buffer, pieceLength: number, inBytes = false): unknown[] {
  const decoder = new ReplyDecoder();
  const values: unknown[] = [];
  for (let at = 0; at < bytes.length; at += pieceLength) {
    decoder.feed(Buffer.from(bytes.subarray(at, at + pieceLength)));
    for (let value = decoder.next(inBytes); value !== INCOMPLETE; value = decoder.next(inBytes)) values.push(value);
  }
  return values;
}

describe("replies", () => {
  for (const [bytes, value] of REPLIES) test(JSON.stringify(bytes), () => expect(decodeAll(Buffer.from(bytes), 1000)).toEqual([value]));

  for (const [bytes, text] of ERRORS) {
    test(`${JSON.stringify(bytes)} is an error with its whole text`, () => {
      const [error] = decodeAll(Buffer.from(bytes), 1000);
      expect(error).toBeInstanceOf(ReplyError);
      expect([(error as ReplyError).message, (error as ReplyError).code]).toEqual([text, text.split(" ")[0]]);
    });
  }

  test("come out the same whatever pieces their bytes come in", () => {
    const bytes = Buffer.from(REPLIES.map(([text]) => text).join(""));
    const values = REPLIES.map(([, value]) => value);
    for (let length = 1; length < 40; length++) expect(decodeAll(bytes, length)).toEqual(values);
  });

  test("have UTF-8 for text, and bytes as they are", () => {
    const bytes = Buffer.from("*2\r\n$2\r\né\r\n%1\r\n$1\r\nk\r\n$40\r\n0123456789012345678901234567890123456789\r\n");
    expect(decodeAll(bytes, 7)[0]).toEqual(["é", new Map([["k", "0123456789012345678901234567890123456789"]])]);
    const [[text, map]] = decodeAll(bytes, 7, true) as [[Uint8Array, Map<Uint8Array, Uint8Array>]];
    expect(text).toEqual(new Uint8Array([195, 169]));
    expect([...map].map(([key, value]) => [key.length, value.length])).toEqual([[1, 40]]);
    expect(decodeAll(Buffer.from("$3\r\n\xff\x00\xfe\r\n", "latin1"), 2, true)).toEqual([new Uint8Array([255, 0, 254])]);
  });

  test("of many megabytes in small pieces are copied a few times, not once a piece", () => {
    const decoder = new ReplyDecoder();
    const piece = Buffer.alloc(1 << 14, "x");
    const length = 1024 * piece.length;
    decoder.feed(Buffer.from(`$${length}\r\n`));
    let copied = 0;
    const { copy } = Buffer.prototype;
    Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<typeof copy>): number {
      const count = copy.apply(this, args);
      copied += count;
      return count;
    };
    try {
      for (let left = length; left > 0; left -= piece.length) {
        decoder.feed(piece);
        expect(decoder.next(true)).toBe(INCOMPLETE);
      }
    } finally {
      Buffer.prototype.copy = copy;
    }
    expect(copied).toBeLessThan(3 * length);
    decoder.feed(Buffer.from("\r\n+next\r\n"));
    expect((decoder.next(true) as Uint8Array).length).toBe(length);
    expect(decoder.next(true)).toBe("next");
  });

  test("keep their bytes when the pieces that they came in are reused", () => {
    const decoder = new ReplyDecoder();
    const piece = Buffer.from("$2\r\nab\r\n$2\r\ncd\r\n");
    decoder.feed(piece);
    const first = decoder.next(true);
    decoder.next(true);
    piece.fill(0);
    expect(first).toEqual(new Uint8Array([97, 98]));
  });
});

describe("pushes", () => {
  test("come within replies as well, and are no part of them", () => {
    const bytes = "*2\r\n>2\r\n$1\r\nx\r\n*1\r\n$1\r\ny\r\n$4\r\nreal\r\n%1\r\n$1\r\nk\r\n>0\r\n$1\r\nv\r\n+after\r\n";
    for (const size of [1, 3, 1000]) {
      const [push, empty, reply, after] = decodeAll(Buffer.from(bytes), size);
      expect(push).toEqual(new Push([Uint8Array.of(120), [Uint8Array.of(121)]]));
      expect(empty).toEqual(new Push([]));
      expect([reply, after]).toEqual([["real", new Map([["k", "v"]])], "after"]);
    }
  });

  test("come between replies, with bytes, and do not change what is wanted of the next reply", () => {
    const bytes = Buffer.from(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n$1\r\nv\r\n");
    const [push, reply] = decodeAll(bytes, 3);
    expect(push).toBeInstanceOf(Push);
    expect((push as Push).items.map((item) => Buffer.from(item as Uint8Array).toString())).toEqual(["message", "c", "m"]);
    expect(reply).toBe("v");
  });
});

describe("what is no reply", () => {
  const broken = [
    "hello\r\n",
    "$x\r\n",
    "$\r\n",
    ":1x\r\n",
    ":\r\n",
    ",x\r\n",
    ",\r\n",
    "(1.5\r\n",
    "$1\r\nab\r\n",
    "*1\r\n>1\r\n+a\r\nx\r\n",
    "$99999999999999999999\r\n",
  ];
  for (const bytes of broken) {
    test(JSON.stringify(bytes), () => expect(() => decodeAll(Buffer.from(bytes), 1000)).toThrow(LinkError));
  }
});
