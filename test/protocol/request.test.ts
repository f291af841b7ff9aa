import { describe, expect, test } from "bun:test";
import { Frame } from "../../src/protocol/frame.ts";
import { ProtocolError } from "../../src/protocol/protocol-error.ts";
import { INLINE_LIMIT, Lines, Parsed, type RequestLimits, RequestParser } from "../../src/protocol/request.ts";

const LIMITS: RequestLimits = { maxBulk: 512 * 1024 * 1024, authenticated: true, lines: Lines.REQUESTS };

/** Feeds a parser as a connection does: what was not used up comes again with more behind it, at a place of its own in a larger buffer. */
class Feeder {
  readonly parser = new RequestParser();
  readonly frame = new Frame();
  readonly requests: string[][] = [];
  /** The requests in the protocol's array form. */
  readonly encoded: string[] = [];
  error: string | null = null;
  private held = Buffer.alloc(0);
  private readonly limits: RequestLimits;

  constructor(limits: RequestLimits = LIMITS) {
    this.limits = limits;
  }

  feed(piece: Buffer): void {
    if (this.error !== null) return;
    const end = this.held.length + piece.length;
    // Behind `end` lies what would complete anything: reading it changes the result.
    const buffer = Buffer.concat([this.held, piece, Buffer.from("\r\n$1\r\nX\r\n*1\r\n$4\r\nPING\r\n")]);
    this.held = buffer.subarray(0, end);
    try {
      while (this.parser.position < end) {
        const before = this.parser.position;
        const result = this.parser.parse(this.frame, buffer, end, this.limits);
        if (this.parser.position > end) throw new Error(`read to ${this.parser.position} of ${end}`);
        if (result === Parsed.INCOMPLETE) {
          if (this.parser.needed <= end) throw new Error(`needs ${this.parser.needed} of ${end} and is not content`);
          break;
        }
        if (this.parser.position === before) throw new Error("used nothing up");
        if (result === Parsed.REQUEST) this.take();
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.error = error.message;
    }
  }

  private take(): void {
    const { frame } = this;
    this.requests.push(Array.from({ length: frame.count }, (_, index) => frame.text(index)));
    this.encoded.push(frame.buffer.latin1Slice(frame.start, frame.end));
  }

  outcome() {
    return { requests: this.requests, encoded: this.encoded, error: this.error };
  }
}

function parseAll(pieces: readonly Buffer[], limits = LIMITS) {
  const feeder = new Feeder(limits);
  for (const piece of pieces) feeder.feed(piece);
  return feeder.outcome();
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

const MANY = Array.from({ length: 40 }, (_, index) => `argument-${index}`);

/** What each input makes: requests, and the error that ends it, if any. */
const CORPUS: [name: string, input: string, requests: string[][], error?: string][] = [
  ["an array", "*1\r\n$4\r\nPING\r\n", [["PING"]]],
  [
    "arrays one after another",
    encode(["SET", "k", "v"]) + encode(["GET", "k"]),
    [
      ["SET", "k", "v"],
      ["GET", "k"],
    ],
  ],
  ["empty arguments", encode(["ECHO", "", "x", ""]), [["ECHO", "", "x", ""]]],
  ["binary arguments", encode(["SET", "\r\n\0*$\xff", "\x80\r"]), [["SET", "\r\n\0*$\xff", "\x80\r"]]],
  ["more arguments than a frame has room for at first", encode(MANY), [MANY]],
  ["empty and missing arrays", `*0\r\n*-1\r\n*-2147483647\r\n*-2\r\n${encode(["A"])}`, [["A"]]],
  ["an argument that looks like protocol", encode(["ECHO", "*1\r\n$4\r\nPING\r\n"]), [["ECHO", "*1\r\n$4\r\nPING\r\n"]]],
  ["ends of other bytes than CRLF", "*2\rX$4\rYECHOab$1\r\nxcd", [["ECHO", "x"]]],
  ["inline requests", "PING\r\n  ECHO   hello \t \nGET k\n", [["PING"], ["ECHO", "hello"], ["GET", "k"]]],
  ["empty lines", "\r\n\n   \r\n\t\nPING\r\n\r\n", [["PING"]]],
  ["inline and arrays mixed", `PING\r\n${encode(["A", "b"])}\r\nPING\n${encode(["C"])}`, [["PING"], ["A", "b"], ["PING"], ["C"]]],
  ["quotes", `SET "a b" 'c d' "\\x41\\n\\"" 'it\\'s' ""\r\n`, [["SET", "a b", "c d", 'A\n"', "it's", ""]]],
  ["a line with carriage returns and tabs in it", "ECHO a\rb \r c\td\r\r\nPING\n", [["ECHO", "a", "b", "c", "d"], ["PING"]]],
  ["a long line", `ECHO ${"x ".repeat(200)}\r\nPING\r\n`, [["ECHO", ..."x".repeat(200)], ["PING"]]],
  ["inline bytes beyond ASCII", "ECHO \xe9\xff\r\n", [["ECHO", "\xe9\xff"]]],
  ["a quote in the middle of a word", 'ECHO a"b c"\r\n', [["ECHO", "ab c"]]],
  ["unbalanced quotes", 'PING\r\nECHO "abc\r\nPING\r\n', [["PING"]], "unbalanced quotes in request"],
  ["a closing quote in front of a word", "ECHO 'a'b\r\n", [], "unbalanced quotes in request"],
  ["a length that is none", "*x\r\n", [], "invalid multibulk length"],
  ["no length", "*\r\n", [], "invalid multibulk length"],
  ["a length with a leading zero", "*01\r\n", [], "invalid multibulk length"],
  ["a length with a sign", "*+1\r\n", [], "invalid multibulk length"],
  ["a length of minus zero", "*-0\r\n", [], "invalid multibulk length"],
  ["a length beyond 32 bits", "*2147483648\r\n", [], "invalid multibulk length"],
  ["a length beyond 64 bits", "*99999999999999999999\r\n", [], "invalid multibulk length"],
  ["a bulk length that is none", "*1\r\n$x\r\n", [], "invalid bulk length"],
  ["a missing bulk", "*1\r\n$-1\r\n", [], "invalid bulk length"],
  ["a bulk beyond proto-max-bulk-len", "*1\r\n$536870913\r\n", [], "invalid bulk length"],
  ["no bulk where one is due", "*2\r\n$1\r\na\r\n:5\r\n", [], "expected '$', got ':'"],
  ["an error behind good requests", `${encode(["A"])}${encode(["B"])}*1\r\nb\r\n`, [["A"], ["B"]], "expected '$', got 'b'"],
];

describe("requests", () => {
  for (const [name, input, requests, error = null] of CORPUS) {
    const bytes = Buffer.from(input, "latin1");

    test(`${name}: whole, and split at every byte`, () => {
      const whole = parseAll([bytes]);
      expect(whole.requests).toEqual(requests);
      expect(whole.error).toBe(error);
      // What journal and replicas get is canonical, whatever came in.
      expect(whole.encoded).toEqual(requests.map(encode));
      for (let at = 1; at < bytes.length; at++) expect(parseAll([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
      expect(parseAll(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).toEqual(whole);
    });

    if (bytes.length > 64) continue;
    test(`${name}: split into every three parts`, () => {
      const whole = parseAll([bytes]);
      for (let a = 1; a < bytes.length; a++) {
        for (let b = a + 1; b < bytes.length; b++)
          expect(parseAll([bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)])).toEqual(whole);
      }
    });
  }

  test("a line may wait for its end with 64 KiB and no byte more", () => {
    const cases: [string, string][] = [
      ["", "too big inline request"],
      ["*", "too big mbulk count string"],
      ["*1\r\n$", "too big bulk count string"],
      ["*1\r\nx", "too big bulk count string"],
    ];
    for (const [start, message] of cases) {
      const line = start.slice(start.indexOf("\n") + 1);
      const full = Buffer.from(start + "1".repeat(INLINE_LIMIT - line.length));
      expect(parseAll([full]).error).toBeNull();
      expect(parseAll([full, Buffer.from("1")]).error).toBe(message);
    }
  });

  test("a line with a NUL byte has no end, as for strchr", () => {
    for (const start of ["PING\0", "*1\0", "*1\r\n$4\0"]) {
      const result = parseAll([Buffer.from(`${start}\r\n`, "latin1"), Buffer.from("PING\r\n")]);
      expect(result).toEqual({ requests: [], encoded: [], error: null });
      expect(parseAll([Buffer.from(`${start}\r\n${"A".repeat(INLINE_LIMIT)}`, "latin1")]).error).toStartWith("too big");
    }
  });

  test("before the login, ten arguments of 16 KiB", () => {
    const limits = { ...LIMITS, authenticated: false };
    expect(parseAll([Buffer.from(encode(MANY.slice(0, 10)))], limits).requests).toEqual([MANY.slice(0, 10)]);
    expect(parseAll([Buffer.from("*11\r\n")], limits).error).toBe("unauthenticated multibulk length");
    expect(parseAll([Buffer.from(encode(["AUTH", "x".repeat(16384)]))], limits).error).toBeNull();
    expect(parseAll([Buffer.from("*2\r\n$4\r\nAUTH\r\n$16385\r\n")], limits).error).toBe("unauthenticated bulk length");
    expect(parseAll([Buffer.from("*2\r\n$4\r\nAUTH\r\n$536870913\r\n")], limits).error).toBe("invalid bulk length");
  });

  test("no request reaches beyond 32-bit offsets, whatever the limit says", () => {
    const limits = { ...LIMITS, maxBulk: Number.MAX_SAFE_INTEGER };
    expect(parseAll([Buffer.from("*1\r\n$2147483000\r\n")], limits).error).toBeNull();
    expect(parseAll([Buffer.from("*1\r\n$2147483640\r\n")], limits).error).toBe("invalid bulk length");
  });

  test("whatever the lengths of several arguments together, with those that others take", () => {
    const limits = { maxBulk: 1024 * 1024 * 1024, authenticated: true, lines: Lines.REQUESTS };
    const parser = new RequestParser();
    const frame = new Frame();
    const header = "*4\r\n$3\r\nSET\r\n";
    const bytes = Buffer.from(`${header}$1073741824\r\n\r\n$1073741700\r\n\r\n$1000000\r\n`);
    for (const end of [bytes.indexOf("\r\n\r\n") + 2, bytes.lastIndexOf("\r\n\r\n") + 2]) {
      expect(parser.parse(frame, bytes, end, limits)).toBe(Parsed.INCOMPLETE);
      frame.push(parser.position, parser.bulk);
      parser.bulkTaken();
    }
    expect(() => parser.parse(frame, bytes, bytes.length, limits)).toThrow("invalid bulk length");
    parser.restartAt(0);
    expect(parser.parse(frame, bytes, bytes.indexOf("\r\n\r\n") + 2, limits)).toBe(Parsed.INCOMPLETE);
  });

  test("random bytes make requests or a ProtocolError, and no difference where they are split", () => {
    const random = xorshift(0x5eed);
    const alphabet = Buffer.from("*$\r\n0123456789-\"'\\x ab\0\xff", "latin1");
    for (let round = 0; round < 4000; round++) {
      const bytes = Buffer.from(
        Array.from({ length: 1 + (random() % 40) }, () => (random() % 8 === 0 ? random() & 255 : alphabet[random() % alphabet.length])),
      );
      if (round % 2 === 0) bytes[0] = 0x2a;
      const whole = parseAll([bytes]);
      const at = 1 + (random() % bytes.length);
      expect(parseAll([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
  });

  test("damaged requests make requests or a ProtocolError", () => {
    const random = xorshift(0xbad);
    const good = Buffer.from(encode(["SET", "key", "value"]).repeat(3));
    for (let round = 0; round < 4000; round++) {
      const bytes = Buffer.from(good);
      for (let hits = 1 + (random() % 3); hits > 0; hits--) bytes[random() % bytes.length] = random() & 255;
      const whole = parseAll([bytes]);
      const at = 1 + (random() % (bytes.length - 1));
      expect(parseAll([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
  });
});

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
