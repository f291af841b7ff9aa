import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../src/protocol/protocol-error.ts";
import { type Decoded, ReplyDecoder } from "./decoder.ts";

function decode(pieces: readonly Buffer[]): Decoded[] {
  const decoder = new ReplyDecoder();
  const values: Decoded[] = [];
  for (const piece of pieces) {
    decoder.feed(Buffer.from(piece));
    for (let value = decoder.next(); value !== null; value = decoder.next()) values.push(value);
  }
  return values;
}

const bulk = (text: string): Decoded => ({ kind: "bulk", bytes: Buffer.from(text, "latin1") });
const integer = (value: number | bigint): Decoded => ({ kind: "integer", value });
const simple = (text: string): Decoded => ({ kind: "simple", text });

const REPLIES: [input: string, value: Decoded][] = [
  ["+OK\r\n", simple("OK")],
  ["+\r\n", simple("")],
  ["+a\rb\nc\xff\r\n", simple("a\rb\nc\xff")],
  ["-ERR no\r\n", { kind: "error", text: "ERR no", blob: false }],
  [":0\r\n", integer(0)],
  [":-12\r\n", integer(-12)],
  [":+7\r\n", integer(7)],
  [":9223372036854775807\r\n", integer(9223372036854775807n)],
  ["$0\r\n\r\n", bulk("")],
  ["$8\r\na\r\nb\xff\0\r\n\r\n", bulk("a\r\nb\xff\0\r\n")],
  ["$-1\r\n", { kind: "null", form: "bulk" }],
  ["*-1\r\n", { kind: "null", form: "array" }],
  ["_\r\n", { kind: "null", form: "null" }],
  ["*0\r\n", { kind: "array", items: [] }],
  [
    "*3\r\n*1\r\n+x\r\n*0\r\n:1\r\n",
    { kind: "array", items: [{ kind: "array", items: [simple("x")] }, { kind: "array", items: [] }, integer(1)] },
  ],
  ["#t\r\n", { kind: "boolean", value: true }],
  ["#f\r\n", { kind: "boolean", value: false }],
  [",1.5\r\n", { kind: "double", value: 1.5, text: "1.5" }],
  [",-1e-7\r\n", { kind: "double", value: -1e-7, text: "-1e-7" }],
  [",10\r\n", { kind: "double", value: 10, text: "10" }],
  [",inf\r\n", { kind: "double", value: Number.POSITIVE_INFINITY, text: "inf" }],
  [",-inf\r\n", { kind: "double", value: Number.NEGATIVE_INFINITY, text: "-inf" }],
  [",nan\r\n", { kind: "double", value: Number.NaN, text: "nan" }],
  ["(-123456789012345678901234567890\r\n", { kind: "big", value: -123456789012345678901234567890n }],
  ["!8\r\nERR a\r\nb\r\n", { kind: "error", text: "ERR a\r\nb", blob: true }],
  ["=7\r\ntxt:a\r\n\r\n", { kind: "verbatim", format: "txt", bytes: Buffer.from("a\r\n") }],
  ["=4\r\nmkd:\r\n", { kind: "verbatim", format: "mkd", bytes: Buffer.alloc(0) }],
  ["~2\r\n+a\r\n:1\r\n", { kind: "set", items: [simple("a"), integer(1)] }],
  [">2\r\n+message\r\n$1\r\nx\r\n", { kind: "push", items: [simple("message"), bulk("x")] }],
  ["%0\r\n", { kind: "map", entries: [] }],
  [
    "%2\r\n+a\r\n*1\r\n:1\r\n:2\r\n%1\r\n+k\r\n_\r\n",
    {
      kind: "map",
      entries: [
        [simple("a"), { kind: "array", items: [integer(1)] }],
        [integer(2), { kind: "map", entries: [[simple("k"), { kind: "null", form: "null" }]] }],
      ],
    },
  ],
  ["|1\r\n+ttl\r\n:9\r\n$1\r\nx\r\n", { kind: "bulk", bytes: Buffer.from("x"), attributes: [[simple("ttl"), integer(9)]] }],
  ["|0\r\n+x\r\n", { kind: "simple", text: "x", attributes: [] }],
  [
    "|1\r\n+a\r\n:1\r\n|1\r\n+b\r\n:2\r\n*0\r\n",
    {
      kind: "array",
      items: [],
      attributes: [
        [simple("a"), integer(1)],
        [simple("b"), integer(2)],
      ],
    },
  ],
  [
    "*2\r\n|1\r\n+a\r\n*1\r\n:1\r\n*1\r\n:5\r\n:6\r\n",
    {
      kind: "array",
      items: [{ kind: "array", items: [integer(5)], attributes: [[simple("a"), { kind: "array", items: [integer(1)] }]] }, integer(6)],
    },
  ],
  [
    "|1\r\n|1\r\n+inner\r\n:1\r\n+key\r\n+v\r\n+x\r\n",
    { kind: "simple", text: "x", attributes: [[{ ...simple("key"), attributes: [[simple("inner"), integer(1)]] }, simple("v")]] },
  ],
];

const ALL = Buffer.from(REPLIES.map(([input]) => input).join(""), "latin1");
const VALUES = REPLIES.map(([, value]) => value);

describe("the decoder of replies", () => {
  for (const [input, value] of REPLIES) {
    test(`reads ${JSON.stringify(input)} whole and split in two and three`, () => {
      const bytes = Buffer.from(input, "latin1");
      expect(decode([bytes])).toEqual([value]);
      for (let a = 1; a < bytes.length; a++) {
        expect(decode([bytes.subarray(0, a), bytes.subarray(a)])).toEqual([value]);
        for (let b = a + 1; b < bytes.length; b++)
          expect(decode([bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)])).toEqual([value]);
      }
    });
  }

  test("reads all of them one after another, at once, split at every byte and byte by byte", () => {
    expect(decode([ALL])).toEqual(VALUES);
    for (let at = 1; at < ALL.length; at++) expect(decode([ALL.subarray(0, at), ALL.subarray(at)])).toEqual(VALUES);
    expect(decode(Array.from(ALL, (_, at) => ALL.subarray(at, at + 1)))).toEqual(VALUES);
  });

  test("values stay as they are when more is read", () => {
    const decoder = new ReplyDecoder();
    const seen: Decoded[] = [];
    const expected: Decoded[] = [];
    for (let index = 0; index < 20_000; index++) {
      const text = `value ${index} ${"x".repeat(index % 50)}`;
      expected.push(bulk(text));
      const bytes = Buffer.from(`$${text.length}\r\n${text}\r\n`);
      decoder.feed(bytes.subarray(0, index % bytes.length));
      for (let value = decoder.next(); value !== null; value = decoder.next()) seen.push(value);
      decoder.feed(bytes.subarray(index % bytes.length));
      for (let value = decoder.next(); value !== null; value = decoder.next()) seen.push(value);
    }
    expect(seen.length).toBe(expected.length);
    expect(seen).toEqual(expected);
    expect(decoder.pendingBytes).toBe(0);
  });

  test("hands out what follows a reply unread: a snapshot is no reply", () => {
    const decoder = new ReplyDecoder();
    decoder.feed(Buffer.from("+FULLRESYNC abc 1\r\n$5\r\nREDIS"));
    expect(decoder.next()).toEqual(simple("FULLRESYNC abc 1"));
    expect(decoder.takeRest().toString()).toBe("$5\r\nREDIS");
    expect(decoder.next()).toBeNull();
    decoder.feed(Buffer.from("+OK\r\n"));
    expect(decoder.next()).toEqual(simple("OK"));
  });

  const BROKEN = [
    "HTTP/1.1 200 OK\r\n",
    ":1x\r\n",
    ":\r\n",
    "$x\r\n",
    "$\r\n",
    "$-2\r\n",
    "$99999999999999999999999\r\n",
    "$3\r\nabcde",
    "*-2\r\n",
    "%-1\r\n",
    "~-1\r\n",
    "!-1\r\n",
    "=3\r\ntxt\r\n",
    "=5\r\ntxtab\r\n",
    "#x\r\n",
    "_x\r\n",
    ",one\r\n",
    ",\r\n",
    "(1.5\r\n",
    "$?\r\n",
    "*?\r\n",
    "\r\n",
  ];
  for (const input of BROKEN) {
    test(`refuses ${JSON.stringify(input)}`, () => expect(() => decode([Buffer.from(input)])).toThrow(ProtocolError));
  }

  test("keeps to its limits", () => {
    const refuses = (limits: ConstructorParameters<typeof ReplyDecoder>[0], input: string) => {
      const decoder = new ReplyDecoder(limits);
      decoder.feed(Buffer.from(input));
      expect(() => decoder.next()).toThrow(ProtocolError);
    };
    refuses({ maxBulk: 10 }, "$11\r\n");
    refuses({ maxElements: 10 }, "*11\r\n");
    refuses({ maxDepth: 3 }, "*1\r\n*1\r\n*1\r\n*1\r\n");
    refuses({}, `+${"x".repeat(65_536)}`);
    expect(decode([Buffer.from(`+${"x".repeat(65_000)}`), Buffer.from("\r\n")])).toEqual([simple("x".repeat(65_000))]);
    expect(decode([Buffer.from(`${"*1\r\n".repeat(1000)}:1\r\n`)]).length).toBe(1);
  });

  test("damaged replies are replies or a ProtocolError, split or not", () => {
    let state = 0x5eed;
    const random = () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 0;
    };
    const outcome = (pieces: readonly Buffer[]): unknown => {
      const values: Decoded[] = [];
      const decoder = new ReplyDecoder();
      try {
        for (const piece of pieces) {
          decoder.feed(Buffer.from(piece));
          for (let value = decoder.next(); value !== null; value = decoder.next()) values.push(value);
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        return [values, error.message];
      }
      return [values, null];
    };
    for (let round = 0; round < 1000; round++) {
      const bytes = Buffer.from(ALL);
      for (let hits = 1 + (random() % 4); hits > 0; hits--) bytes[random() % bytes.length] = random() & 255;
      const at = 1 + (random() % (bytes.length - 1));
      expect(outcome([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(outcome([bytes]));
    }
  });
});
