import { describe, expect, test } from "bun:test";
import { Reply } from "../../src/protocol/reply.ts";
import { type Decoded, ReplyDecoder } from "./decoder.ts";

/** What was handed on, one Buffer a piece. */
class Collector {
  readonly pieces: Buffer[] = [];

  send(bytes: Buffer, from: number, to: number): void {
    this.pieces.push(Buffer.from(bytes.subarray(from, to)));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

function write(protocol: 2 | 3, body: (reply: Reply) => void): { collector: Collector; reply: Reply; bytes: Buffer } {
  const reply = new Reply();
  const collector = new Collector();
  reply.sink = collector;
  reply.protocol = protocol;
  body(reply);
  reply.flush();
  return { collector, reply, bytes: collector.bytes };
}

function decodeAll(bytes: Buffer): Decoded[] {
  const decoder = new ReplyDecoder();
  decoder.feed(bytes);
  const values: Decoded[] = [];
  for (let value = decoder.next(); value !== null; value = decoder.next()) values.push(value);
  if (decoder.pendingBytes > 0) throw new Error(`${decoder.pendingBytes} bytes make no reply`);
  return values;
}

const bulk = (text: string): Decoded => ({ kind: "bulk", bytes: Buffer.from(text, "latin1") });
const integer = (value: number | bigint): Decoded => ({ kind: "integer", value });
const simple = (text: string): Decoded => ({ kind: "simple", text });

/** What each method writes in RESP2 and, where that differs, in RESP3. */
const METHODS: [name: string, body: (reply: Reply) => void, resp2: Decoded, resp3?: Decoded][] = [
  ["ok", (reply) => reply.ok(), simple("OK")],
  ["simple", (reply) => reply.simple("QUEUED"), simple("QUEUED")],
  ["error", (reply) => reply.error("ERR a\r\nb"), { kind: "error", text: "ERR a  b", blob: false }],
  ["error with bytes of a client", (reply) => reply.error("ERR '\xff\0'"), { kind: "error", text: "ERR '\xff\0'", blob: false }],
  ["null", (reply) => reply.null(), { kind: "null", form: "bulk" }, { kind: "null", form: "null" }],
  ["nullArray", (reply) => reply.nullArray(), { kind: "null", form: "array" }, { kind: "null", form: "null" }],
  ["boolean true", (reply) => reply.boolean(true), integer(1), { kind: "boolean", value: true }],
  ["boolean false", (reply) => reply.boolean(false), integer(0), { kind: "boolean", value: false }],
  ["doubleText", (reply) => reply.doubleText("-1.5"), bulk("-1.5"), { kind: "double", value: -1.5, text: "-1.5" }],
  ["doubleText inf", (reply) => reply.doubleText("inf"), bulk("inf"), { kind: "double", value: Number.POSITIVE_INFINITY, text: "inf" }],
  [
    "bigNumber",
    (reply) => reply.bigNumber("12345678901234567890"),
    bulk("12345678901234567890"),
    { kind: "big", value: 12345678901234567890n },
  ],
  ["bulk", (reply) => reply.bulk("a\r\n\xff"), bulk("a\r\n\xff")],
  ["bulk, empty", (reply) => reply.bulk(""), bulk("")],
  ["bytes", (reply) => reply.bytes(Buffer.from("--value--"), 2, 7), bulk("value")],
  ["bytesOf", (reply) => reply.bytesOf(Buffer.from("value")), bulk("value")],
  [
    "verbatim",
    (reply) => reply.verbatim("a\r\nü"),
    { kind: "bulk", bytes: Buffer.from("a\r\nü") },
    { kind: "verbatim", format: "txt", bytes: Buffer.from("a\r\nü") },
  ],
  [
    "verbatim markdown",
    (reply) => reply.verbatim("# a", "mkd"),
    bulk("# a"),
    { kind: "verbatim", format: "mkd", bytes: Buffer.from("# a") },
  ],
  [
    "array",
    (reply) => [reply.array(2), reply.integer(1), reply.array(0)],
    { kind: "array", items: [integer(1), { kind: "array", items: [] }] },
  ],
  [
    "map",
    (reply) => [reply.map(1), reply.bulk("k"), reply.integer(1)],
    { kind: "array", items: [bulk("k"), integer(1)] },
    { kind: "map", entries: [[bulk("k"), integer(1)]] },
  ],
  ["set", (reply) => [reply.set(1), reply.bulk("a")], { kind: "array", items: [bulk("a")] }, { kind: "set", items: [bulk("a")] }],
  ["push", (reply) => [reply.push(1), reply.bulk("a")], { kind: "array", items: [bulk("a")] }, { kind: "push", items: [bulk("a")] }],
  ["bulks", (reply) => reply.bulks(["a", "", "b"]), { kind: "array", items: [bulk("a"), bulk(""), bulk("b")] }],
  ["rawBytes", (reply) => reply.rawBytes(Buffer.from("*1\r\n+raw\r\n")), { kind: "array", items: [simple("raw")] }],
];

const INTEGERS = [0, 1, 9, 10, 99, 100, 12345, 99999, 100000, 2147483647, 2147483648, 4294967296, 9007199254740991];

const BUFFER_BYTES = 256 * 1024;

describe("replies", () => {
  for (const [name, body, resp2, resp3 = resp2] of METHODS) {
    test(`${name} in RESP2 and RESP3`, () => {
      expect(decodeAll(write(2, body).bytes)).toEqual([resp2]);
      expect(decodeAll(write(3, body).bytes)).toEqual([resp3]);
    });
  }

  test("attributes go before the reply, and only in RESP3", () => {
    const { bytes } = write(3, (reply) => {
      reply.attribute(1);
      reply.bulk("ttl");
      reply.integer(5);
      reply.ok();
    });
    expect(decodeAll(bytes)).toEqual([{ kind: "simple", text: "OK", attributes: [[bulk("ttl"), integer(5)]] }]);
  });

  test("integers of every length", () => {
    for (const number of INTEGERS.flatMap((value) => [value, -value])) {
      const text = String(number === 0 ? 0 : number);
      expect(write(2, (reply) => reply.integer(number)).bytes.toString()).toBe(`:${text}\r\n`);
      expect(write(2, (reply) => reply.integerBulk(number)).bytes.toString()).toBe(`$${text.length}\r\n${text}\r\n`);
    }
    for (const value of [9223372036854775807n, -9223372036854775808n, 0n, -1n]) {
      expect(write(2, (reply) => reply.bigint(value)).bytes.toString()).toBe(`:${value}\r\n`);
    }
  });

  test("what gathers goes out in one piece, and `written` counts it before and after", () => {
    const { collector, reply } = write(2, (reply) => {
      for (let index = 0; index < 1000; index++) reply.ok();
      expect(reply.written).toBe(5000);
    });
    expect(collector.pieces.length).toBe(1);
    expect(reply.written).toBe(5000);
  });

  test("a reply that fills the buffer to its last byte, or one more, or one less", () => {
    // Parts of every kind around the border, so that each method meets a buffer with exactly enough room, and with one byte too little.
    const tails: ((reply: Reply) => void)[] = [
      (reply) => reply.ok(),
      (reply) => reply.null(),
      (reply) => reply.simple("hello"),
      (reply) => reply.integer(1234567),
      (reply) => reply.integerBulk(-99),
      (reply) => reply.bulk("value"),
      (reply) => reply.bulk("a longer value than a loop would copy"),
      (reply) => reply.bytesOf(Buffer.alloc(32 * 1024, 98)),
      (reply) => reply.rawBytes(Buffer.from("+raw\r\n")),
      (reply) => reply.bulks(["x", "y"]),
    ];
    for (const [index, tail] of tails.entries()) {
      const alone = write(2, tail).bytes;
      for (let short = 0; short <= alone.length + 40; short += short < 80 ? 1 : 997) {
        const filler = Buffer.alloc(BUFFER_BYTES - short, 97);
        const { bytes } = write(2, (reply) => {
          for (let at = 0; at < filler.length; at += 16 * 1024) reply.rawBytes(filler.subarray(at, at + 16 * 1024));
          tail(reply);
          reply.ok();
        });
        const intact = bytes.equals(Buffer.concat([filler, alone, Buffer.from("+OK\r\n")]));
        if (!intact) throw new Error(`part ${index} breaks ${short} bytes before the end of the buffer`);
      }
    }
  });

  test("values of every size around the limit for direct sending", () => {
    for (const size of [32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, BUFFER_BYTES - 2, BUFFER_BYTES, BUFFER_BYTES + 1, 5_000_000]) {
      const value = Buffer.alloc(size, "0123456789");
      const { bytes, reply } = write(2, (reply) => {
        reply.array(3);
        reply.bytesOf(value);
        reply.bytes(value, 1, size);
        reply.ok();
      });
      expect(decodeAll(bytes)).toEqual([
        { kind: "array", items: [{ kind: "bulk", bytes: value }, { kind: "bulk", bytes: value.subarray(1) }, simple("OK")] },
      ]);
      expect(reply.written).toBe(bytes.length);
    }
  });

  test("a large value goes out from where it lies", () => {
    const value = Buffer.alloc(1_000_000, 97);
    const reply = new Reply();
    const sent: Buffer[] = [];
    reply.sink = { send: (bytes) => void sent.push(bytes) };
    reply.bytesOf(value);
    reply.flush();
    expect(sent.filter((bytes) => bytes === value).length).toBe(1);
  });

  test("discard forgets what was not handed on", () => {
    const { bytes } = write(2, (reply) => {
      reply.simple("kept");
      reply.flush();
      reply.simple("forgotten");
      reply.discard();
      reply.ok();
    });
    expect(bytes.toString()).toBe("+kept\r\n+OK\r\n");
  });

  test("a reply put aside is gone on with, whatever was sent to others meanwhile, and can still be taken back", () => {
    const other = new Collector();
    const third = new Collector();
    const { bytes, collector } = write(2, (reply) => {
      reply.simple("first");
      const mark = reply.written;
      reply.simple("taken back");
      const diverted = reply.divert(other, 3);
      reply.null();
      const again = reply.divert(third, 2);
      reply.null();
      reply.bulk("x".repeat(300_000));
      reply.rejoin(again);
      reply.null();
      expect(reply.takeBack(mark)).toBe(false);
      reply.rejoin(diverted);
      expect(reply.takeBack(mark)).toBe(true);
      reply.null();
    });
    expect(bytes.toString()).toBe("+first\r\n$-1\r\n");
    expect(collector.pieces.length).toBe(1);
    expect(other.bytes.toString()).toBe("_\r\n_\r\n");
    expect(third.bytes.toString()).toBe(`$-1\r\n$300000\r\n${"x".repeat(300_000)}\r\n`);
  });

  test("an error line is cut, not overrun, when a message is longer than the buffer", () => {
    const { bytes } = write(2, (reply) => reply.error(`ERR ${"x".repeat(1_000_000)}`));
    expect(bytes.toString()).toBe(`-ERR ${"x".repeat(64 * 1024 - 4)}\r\n`);
  });
});
