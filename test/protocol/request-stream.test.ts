import { describe, expect, test } from "bun:test";
import { blocksInUse } from "../../src/blocks/block.ts";
import { BLOCKS_FROM } from "../../src/blocks/block-string.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { ProtocolError } from "../../src/protocol/protocol-error.ts";
import { Lines, trusted } from "../../src/protocol/request.ts";
import { RequestBatch, RequestStream } from "../../src/protocol/request-stream.ts";
import { encodeCommand } from "../support/client.ts";

const COMMANDS = [["SET", "a", "1"], ["RPUSH", "list", "", "x".repeat(70), "y\r\nz"], ["PING"]];
const ENCODED = COMMANDS.map((words) => encodeCommand(words));
const NOTE = Buffer.from("#TS:1700000000\r\n");
const STREAM = Buffer.concat([NOTE, ENCODED[0], NOTE, NOTE, ENCODED[1], ENCODED[2]]);
const ENDS = [NOTE.length + ENCODED[0].length, STREAM.length - ENCODED[2].length, STREAM.length].map((end) => end + 1000);

/** A stream as the append-only file has one, that begins at 1000 of it. */
function reading(lines: Lines = Lines.ANNOTATIONS) {
  const seen: string[][] = [];
  const ends: number[] = [];
  const stream = new RequestStream(new RequestBatch(), trusted(lines), { offset: 1000, chunksAreReused: true });
  const push = (chunk: Buffer, from: number, to: number) => {
    if (!stream.take(chunk, from, to)) return;
    const { batch, origin } = stream;
    while (stream.next()) {
      for (const [index, frame] of batch.frames.slice(0, batch.count).entries()) {
        seen.push(Array.from({ length: frame.count }, (_, argument) => frame.text(argument)));
        ends.push(origin + batch.ends[index]);
      }
      if (batch.error !== null) throw batch.error;
    }
    stream.keep();
  };
  return { stream, push, seen, ends };
}

describe("commands in a file", () => {
  test("are read wherever the bytes are cut, and it is known where each ends", () => {
    for (let cut = 0; cut <= STREAM.length; cut++) {
      const { stream, push, seen, ends } = reading();
      // Somewhere in a larger buffer, which is used again for the next piece.
      const chunk = Buffer.alloc(STREAM.length + 7, "!");
      STREAM.copy(chunk, 7, 0, cut);
      push(chunk, 7, 7 + cut);
      chunk.fill("?");
      STREAM.copy(chunk, 3, cut);
      push(chunk, 3, 3 + STREAM.length - cut);
      expect({ cut, seen, ends, held: stream.heldBytes }).toEqual({ cut, seen: COMMANDS, ends: ENDS, held: 0 });
    }
  });

  test("are read byte by byte", () => {
    const { stream, push, seen, ends } = reading();
    for (const byte of STREAM) push(Buffer.of(byte), 0, 1);
    expect([seen, ends, stream.unfinished]).toEqual([COMMANDS, ENDS, STREAM.length + 1000]);
  });

  test("that are large are read out of chunks that are used again", () => {
    const value = Buffer.alloc(300_000, "0123456789").latin1Slice();
    const bytes = Buffer.concat([ENCODED[0], encodeCommand(["SET", "large", value]), ENCODED[2]]);
    const { push, seen } = reading();
    const chunk = Buffer.alloc(40_000);
    for (let at = 0; at < bytes.length; at += chunk.length) push(chunk, 0, bytes.copy(chunk, 0, at));
    expect(seen).toEqual([COMMANDS[0], ["SET", "large", value], COMMANDS[2]]);
  });

  test("that are not all there are known to be incomplete", () => {
    for (let length = 1; length < ENCODED[1].length; length++) {
      const { stream, push, seen } = reading();
      push(ENCODED[1], 0, length);
      expect([stream.heldBytes, seen.length, stream.unfinished]).toEqual([length, 0, 1000]);
    }
  });

  for (const text of ["!!!", "*0\r\n", "*x\r\n", "PING\r\n", "*1\r\n+PING\r\n", "*1\r\n$-1\r\n", "\0\0\0"]) {
    test(`are not ${JSON.stringify(text)}`, () => {
      const { push, seen } = reading();
      const bytes = Buffer.concat([ENCODED[0], Buffer.from(text)]);
      expect(() => push(bytes, 0, bytes.length)).toThrow(ProtocolError);
      expect(seen).toEqual([COMMANDS[0]]);
    });
  }
});

describe("a master's stream", () => {
  test("has empty lines between its requests, and nothing else", () => {
    const { push, seen, ends } = reading(Lines.EMPTY);
    const bytes = Buffer.concat([Buffer.from("\n"), ENCODED[0], Buffer.from("\n\n"), ENCODED[2]]);
    push(bytes, 0, bytes.length);
    expect([seen, ends]).toEqual([
      [COMMANDS[0], COMMANDS[2]],
      [1001 + ENCODED[0].length, 1000 + bytes.length],
    ]);
    expect(() => push(Buffer.from("PING\r\n"), 0, 6)).toThrow("Master using the inline protocol. Desync?");
  });
});

describe("a batch", () => {
  test("gives back what was parsed behind one of its requests, wherever the bytes are cut", () => {
    const bytes = Buffer.concat([...ENCODED, ...ENCODED]);
    for (let cut = 1; cut < bytes.length; cut++) {
      for (const inclusive of [true, false]) {
        const stream = new RequestStream(new RequestBatch(), trusted(Lines.REQUESTS));
        const seen: string[] = [];
        let next = stream.take(bytes, 0, cut);
        for (let round = 0; round < 30; round++) {
          if (next && stream.next()) {
            // One at a time, or first given back whole and then taken.
            if (inclusive && round % 2 === 0) stream.takeBack(0, { inclusive });
            else {
              seen.push(stream.batch.frames[0].text(0));
              stream.takeBack(0, { inclusive: false });
            }
          }
          if (next) stream.keep();
          next = round === 10 ? stream.take(bytes, cut, bytes.length) : stream.takeHeld();
        }
        expect({ cut, seen }).toEqual({ cut, seen: ["SET", "RPUSH", "PING", "SET", "RPUSH", "PING"] });
      }
    }
  });
});

describe("a client's requests", () => {
  const value = Buffer.alloc(5000, "0123456789").latin1Slice();
  const commands = [["SET", "a", value], ["PING"], ["SET", "b", value, value], ...Array.from({ length: 70 }, () => ["GET", "a"]), ["PING"]];
  const encoded = commands.map((words) => encodeCommand(words));
  const bytes = Buffer.concat([Buffer.from("\r\n"), ...encoded, Buffer.from("\r\n"), encodeCommand(["LAST"])]);
  const ends: number[] = [];
  let end = 2;
  for (const { length } of encoded) {
    end += length;
    ends.push(end);
  }
  ends.push(bytes.length);
  const wanted = [...commands, ["LAST"]];

  /** `pauseAt`: in front of this request serving stops once, and what is left is kept. */
  function readingInPlace(pauseAt: number) {
    const stream = new RequestStream(new RequestBatch(), trusted(Lines.REQUESTS), { changesBuffer: true });
    const seen: string[][] = [];
    const seenEnds: number[] = [];
    const buffers = new Set<Buffer>();
    let pause = pauseAt;
    const serve = () => {
      const { batch } = stream;
      while (stream.next()) {
        for (let index = 0; index < batch.count; index++) {
          const frame = batch.frames[index];
          if (seen.length === pause) {
            pause = -1;
            stream.takeBack(index, { inclusive: true });
            stream.keep();
            return;
          }
          seen.push(Array.from({ length: frame.count }, (_, argument) => frame.text(argument)));
          seenEnds.push(stream.origin + batch.ends[index]);
          buffers.add(frame.buffer);
        }
      }
      stream.keep();
    };
    const push = (chunk: Buffer) => {
      if (stream.take(chunk, 0, chunk.length)) serve();
    };
    const goOn = () => {
      if (stream.takeHeld()) serve();
    };
    return { stream, push, goOn, seen, seenEnds, buffers };
  }

  test("are read wherever the bytes are cut, and wherever serving stops", () => {
    for (let cut = 1; cut < bytes.length; cut += cut < 40 || cut > 15_000 ? 1 : 37) {
      for (const pauseAt of [-1, 0, 1, 2, 3, 40, 73]) {
        const { stream, push, goOn, seen, seenEnds } = readingInPlace(pauseAt);
        push(bytes.subarray(0, cut));
        goOn();
        push(bytes.subarray(cut));
        goOn();
        expect({ cut, pauseAt, seenEnds, held: stream.heldBytes }).toEqual({ cut, pauseAt, seenEnds: ends, held: 0 });
        expect(seen).toEqual(wanted);
      }
    }
  });

  test("are read from many pieces, without copying whole chunks", () => {
    for (const size of [1, 2, 3, 700, 3000, 6000, 9000]) {
      const { push, goOn, seen, seenEnds, buffers } = readingInPlace(-1);
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      for (const chunk of chunks) push(chunk);
      goOn();
      expect([size, seenEnds]).toEqual([size, ends]);
      expect(seen).toEqual(wanted);
      if (size < 3000) continue;
      const inPlace = [...buffers].filter((buffer) => chunks.some((chunk) => chunk.buffer === buffer.buffer));
      expect(inPlace.length).toBeGreaterThan(1);
    }
  });
});

describe("requests without words", () => {
  /** What comes of the text: requests, and "-" for each without words, in their order. */
  function partsOf(text: string, cut: number): string[] {
    const stream = new RequestStream(new RequestBatch(), trusted(Lines.REQUESTS), { changesBuffer: true });
    const parts: string[] = [];
    for (const piece of [text.slice(0, cut), text.slice(cut)]) {
      if (!stream.take(Buffer.from(piece), 0, piece.length)) continue;
      while (stream.next()) {
        parts.push(...stream.batch.frames.slice(0, stream.batch.count).map((frame) => frame.text(0)));
        if (stream.batch.blank) parts.push("-");
      }
      stream.keep();
    }
    return parts;
  }

  test("are told of where they stand, however the bytes are cut", () => {
    const text = "\r\nA\r\nB\n\n*0\r\nC\r\n*1\r\n$1\r\nD\r\n   \r\n*-1\r\n";
    for (let cut = 1; cut < text.length; cut++) {
      expect({ cut, parts: partsOf(text, cut) }).toEqual({ cut, parts: ["-", "A", "B", "-", "-", "C", "D", "-", "-"] });
    }
  });

  test("behind what is taken back come again with it", () => {
    const stream = new RequestStream(new RequestBatch(), trusted(Lines.REQUESTS), { changesBuffer: true });
    const bytes = Buffer.from("A\r\nB\r\n\r\nC\r\n");
    stream.take(bytes, 0, bytes.length);
    stream.next();
    stream.takeBack(0, { inclusive: false });
    stream.keep();
    expect(stream.batch.blank).toBe(false);
    expect(stream.takeHeld() && stream.next()).toBe(true);
    expect([stream.batch.count, stream.batch.blank, stream.batch.frames[0].text(0)]).toEqual([1, true, "B"]);
  });
});

describe("a request that is not whole", () => {
  const START = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n";

  function held(text: string): RequestStream {
    const stream = new RequestStream(new RequestBatch(), trusted(Lines.REQUESTS), { changesBuffer: true });
    stream.take(Buffer.from(text), 0, text.length);
    stream.next();
    stream.keep();
    return stream;
  }

  test("is known by what has come of it", () => {
    const stream = held(`${START}${"x".repeat(30_000)}`);
    const { heldBytes, unreadHeldBytes, startedArguments, awaitedBytes } = stream;
    expect({ heldBytes, unreadHeldBytes, startedArguments, awaitedBytes }).toEqual({
      heldBytes: START.length + 30_000,
      unreadHeldBytes: 30_000,
      startedArguments: 4,
      awaitedBytes: 70_002,
    });
    expect(stream.unreadHeldStart(5).toString()).toBe("xxxxx");
    expect(held("PING\r\nGET a").unreadHeldStart(100).toString()).toBe("GET a");
  });

  test("gives back what it takes when its source is gone", () => {
    const stream = held(`${START}${"x".repeat(30_000)}`);
    const more = Buffer.from("y".repeat(40_000));
    stream.take(more, 0, more.length);
    let bytes = 0;
    const take = (_: Buffer, from: number, to: number): void => {
      bytes += to - from;
    };
    stream.release({ take });
    expect(bytes).toBe(START.length + 70_000);
    expect([stream.heldBytes, stream.unreadHeldBytes, stream.awaitedBytes]).toEqual([0, 0, 0]);
  });
});

describe("long arguments", () => {
  const long = Buffer.alloc(BLOCKS_FROM + 12_345, "0123456789abcdefghijklmnopqrstu");
  const longer = Buffer.alloc(3 * BLOCKS_FROM + 1, "zyxwvutsrqponmlkjihgfedcba");

  /** What is read of `bytes`, cut into such pieces: the arguments of each request, and the bytes that the journal would take. */
  function read(bytes: Buffer, pieces: Iterable<number>, options: { takeBack?: "in blocks" | "joined"; hold?: boolean } = {}) {
    const { takeBack, hold = false } = options;
    const seen: Buffer[][] = [];
    const encoded: Buffer[] = [];
    const inBlocks: number[][] = [];
    const stream = new RequestStream(new RequestBatch(), trusted(Lines.REQUESTS), { changesBuffer: true, usesBlocks: true });
    let tookBack = takeBack === undefined;
    let most = 0;
    let at = 0;
    const serve = (): void => {
      const { batch } = stream;
      while (stream.next()) {
        for (let index = 0; index < batch.count; index++) {
          const frame = batch.frames[index];
          if (!tookBack && frame.long !== null) {
            tookBack = true;
            if (takeBack === "joined") frame.join();
            stream.takeBack(index, { inclusive: true });
            break;
          }
          const kept = new Frame();
          kept.assign(frame, { copy: true });
          seen.push(Array.from({ length: kept.count }, (_, argument) => kept.argument(argument)));
          inBlocks.push((kept.long ?? []).map(({ index: place }) => place));
          kept.join();
          encoded.push(kept.buffer.subarray(kept.start, kept.end));
        }
      }
      stream.keep();
    };
    for (const piece of pieces) {
      const end = Math.min(bytes.length, at + piece);
      const chunk = Buffer.from(bytes.subarray(at, end));
      at = end;
      if (hold) stream.hold(chunk);
      else if (stream.take(chunk, 0, chunk.length)) serve();
      most = Math.max(most, stream.heldBytes);
      if (at === bytes.length) break;
    }
    if (hold && stream.takeHeld()) serve();
    expect(stream.heldBytes).toBe(0);
    stream.release({ take() {} });
    return { seen, encoded: Buffer.concat(encoded), inBlocks, most };
  }

  const requests: Buffer[][] = [
    ["SET", "a", long],
    ["PING"],
    ["MSET", "a", long, "b", "short", "c", longer],
    [longer, long],
    ["GET", longer],
    ["SET", "d", long, "KEEPTTL"],
  ].map((words) => words.map((word) => Buffer.from(word as string)));
  const bytes = Buffer.concat(requests.map((words) => encodeCommand(words)));
  const words = requests.map((request) => request.map((word) => word.length));

  function* forever(piece: (count: number) => number): Generator<number> {
    for (let count = 0; ; count++) yield piece(count);
  }

  for (const [name, piece] of Object.entries({
    "pieces of 64 KiB": () => 65_536,
    "large pieces": () => 524_288,
    "odd pieces": (count: number) => [1, 70_001, 3, 262_144, 17, 99_999][count % 6],
    "one piece": () => bytes.length,
  })) {
    test(`are read in ${name}`, () => {
      const { seen, encoded, most } = read(bytes, forever(piece));
      expect(seen.map((request) => request.map((word) => word.length))).toEqual(words);
      expect(seen.flat().every((word, index) => word.equals(requests.flat()[index]))).toBe(true);
      expect(encoded.equals(bytes)).toBe(true);
      if (piece(0) < bytes.length) expect(most).toBeGreaterThan(longer.length - 600_000);
    });
  }

  test("are in blocks, but for the first two", () => {
    const { inBlocks } = read(
      bytes,
      forever(() => 65_536),
    );
    expect(inBlocks).toEqual([[2], [], [2, 6], [], [], [2]]);
  });

  test("that are taken back are read again", () => {
    for (const piece of [65_536, 262_143]) {
      for (const takeBack of ["in blocks", "joined"] as const) {
        const { seen, encoded } = read(
          bytes,
          forever(() => piece),
          { takeBack },
        );
        expect([seen.length, encoded.equals(bytes)]).toEqual([requests.length, true]);
      }
    }
  });

  test("that come while nothing may be read are read later", () => {
    const { seen, encoded } = read(
      bytes,
      forever(() => 65_536),
      { hold: true },
    );
    expect([seen.length, encoded.equals(bytes)]).toEqual([requests.length, true]);
  });

  test("may end in something else than a line end, and are known with one", () => {
    const wrong = Buffer.from(bytes);
    const end = encodeCommand(requests[0]).length - 2;
    wrong.write("xy", end, "latin1");
    const { encoded, seen } = read(
      wrong,
      forever(() => 65_536),
    );
    expect([seen.length, encoded.equals(bytes)]).toEqual([requests.length, true]);
  });

  test("give everything back, whole or half-way, when the client leaves", () => {
    const before = blocksInUse();
    for (const length of [700_000, long.length + 40, bytes.length - 100_000]) {
      const stream = new RequestStream(new RequestBatch(), trusted(Lines.REQUESTS), { changesBuffer: true, usesBlocks: true });
      for (let at = 0; at < length; at += 65_536) {
        if (!stream.take(Buffer.from(bytes.subarray(at, Math.min(length, at + 65_536))), 0, Math.min(65_536, length - at))) continue;
        while (stream.next());
        stream.keep();
      }
      expect(stream.heldBytes).toBeGreaterThan(0);
      stream.release({ take() {} });
      expect(blocksInUse()).toBe(before);
    }
  });
});
