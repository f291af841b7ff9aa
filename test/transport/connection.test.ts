import { describe, expect, test } from "bun:test";
import { Frame } from "../../src/protocol/frame.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { countingBytes, FakeHost } from "./fake.ts";

const PING = Buffer.from("*1\r\n$4\r\nPING\r\n");
const MIB = 1024 * 1024;

function encode(...words: (string | Buffer)[]): Buffer {
  return new Frame().encode(words).buffer;
}

/** Answers each request with its arguments but the first, or with PONG. */
function echoing(options: { maxQueryBuffer?: number } = {}): FakeHost {
  const host: FakeHost = new FakeHost({
    ...options,
    execute(_session, frame) {
      if (frame.count === 1) return host.reply.simple("PONG");
      host.reply.array(frame.count - 1);
      for (let index = 1; index < frame.count; index++) host.reply.bulk(frame.text(index));
    },
  });
  return host;
}

/** Lets what was put off until the tick's end happen. */
const tickEnd = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a connection's input", () => {
  test("a pipeline is answered in one write", () => {
    const host = echoing();
    const { connection, socket } = host.connect();
    connection.receive(Buffer.concat(Array.from({ length: 1000 }, () => PING)));
    host.deferred.flush();
    expect(socket.text).toBe("+PONG\r\n".repeat(1000));
    expect(socket.writes).toBe(1);
    expect(host.stats.writeEvents).toBe(1);
    expect(host.stats.readEvents).toBe(1);
    expect(host.stats.bytesIn).toBe(1000 * PING.length);
    expect(host.stats.bytesOut).toBe(7000);
  });

  test("a long pipeline is served in turns: others are answered in between, nothing more is read, and no answer is lost", async () => {
    const host = echoing();
    const [busy, other] = [host.connect(), host.connect()];
    const words = Array.from({ length: 2000 }, (_, index) => `word ${index}`);
    const answer = (word: string) => `*1\r\n$${word.length}\r\n${word}\r\n`;
    host.turnMs = -1; // over before it begins: a turn is one request
    busy.connection.receive(Buffer.concat(words.map((word) => encode("ECHO", word))));
    host.deferred.flush();
    expect(busy.socket.text).toBe(answer(words[0]));
    expect(busy.socket.paused).toBe(true);
    other.connection.receive(PING);
    expect(other.socket.text).toBe("+PONG\r\n");
    busy.connection.receive(PING); // what was on its way already
    await tickEnd();
    host.deferred.flush();
    expect(busy.socket.text).toBe(answer(words[0]) + answer(words[1]));
    host.turnMs = Number.POSITIVE_INFINITY;
    await tickEnd();
    host.deferred.flush();
    expect(busy.socket.text).toBe(`${words.map(answer).join("")}+PONG\r\n`);
    expect(busy.socket.paused).toBe(false);
  });

  test("a client that is gone between two turns is served no more", async () => {
    const host = echoing();
    const { connection, socket } = host.connect();
    host.turnMs = -1;
    connection.receive(Buffer.concat(Array.from({ length: 2000 }, () => PING)));
    connection.destroy();
    await tickEnd();
    expect(socket.text).toBe("+PONG\r\n");
    expect(socket.ended).toBe(true);
  });

  test("a pipeline gives the same answers wherever it is split", () => {
    const input = Buffer.concat([
      PING,
      encode("ECHO", "hello", ""),
      Buffer.from("ECHO inline\r\n\r\n"),
      encode("ECHO", "x".repeat(40)),
      PING,
    ]);
    const answers = (pieces: readonly Buffer[]): string => {
      const host = echoing();
      const { connection, socket } = host.connect();
      for (const piece of pieces) connection.receive(Buffer.from(piece));
      host.deferred.flush();
      return socket.text;
    };
    const expected = answers([input]);
    expect(expected).toStartWith("+PONG\r\n*2\r\n$5\r\nhello");
    for (let a = 1; a < input.length; a++) expect(answers([input.subarray(0, a), input.subarray(a)])).toBe(expected);
    expect(answers(Array.from(input, (byte) => Buffer.from([byte])))).toBe(expected);
  });

  test("clients whose requests arrive in turns do not see each other's parts", () => {
    const host = echoing();
    const clients = Array.from({ length: 5 }, () => host.connect());
    const inputs = clients.map((_, index) => encode("ECHO", `client ${index}`, "y".repeat(index * 7)));
    const longest = Math.max(...inputs.map((input) => input.length));
    for (let at = 0; at < longest; at += 3) {
      for (const [index, { connection }] of clients.entries()) {
        const piece = Buffer.from(inputs[index].subarray(at, at + 3));
        if (piece.length > 0) connection.receive(piece);
      }
    }
    for (const [index, { socket }] of clients.entries()) expect(socket.text).toContain(`client ${index}\r\n`);
  });

  test("a paused client's requests wait, also one that comes in parts, and others do not disturb them", async () => {
    const host = echoing();
    const { connection, socket } = host.connect();
    const other = host.connect();
    connection.pause();
    const input = encode("ECHO", "waits", "z".repeat(30));
    connection.receive(Buffer.from(input.subarray(0, 20)));
    connection.resume();
    await tickEnd();
    other.connection.receive(encode("ECHO", "another", "request"));
    connection.receive(Buffer.from(input.subarray(20)));
    expect(socket.text).toBe(`*2\r\n$5\r\nwaits\r\n$30\r\n${"z".repeat(30)}\r\n`);
  });

  test("a client that pauses in the middle of a pipeline goes on where it stopped", async () => {
    const host: FakeHost = new FakeHost({
      execute(session, frame) {
        host.reply.bulk(frame.text(0));
        if (frame.text(0) === "STOP") session.link.pause();
      },
    });
    const { connection, socket } = host.connect();
    const input = Buffer.concat([encode("A"), encode("STOP"), encode("B"), encode("STOP"), encode("C"), encode("D")]);
    connection.receive(Buffer.from(input.subarray(0, input.length - 4)));
    await tickEnd();
    host.deferred.flush();
    expect(socket.text).toBe("$1\r\nA\r\n$4\r\nSTOP\r\n");
    connection.receive(Buffer.from(input.subarray(input.length - 4)));
    connection.resume();
    await tickEnd();
    host.deferred.flush();
    expect(socket.text).toBe("$1\r\nA\r\n$4\r\nSTOP\r\n$1\r\nB\r\n$4\r\nSTOP\r\n");
    connection.resume();
    await tickEnd();
    host.deferred.flush();
    expect(socket.text).toEndWith("$1\r\nC\r\n$1\r\nD\r\n");
  });

  test("a client resumed by another's command is served after that, not in the middle of it", async () => {
    const clients: ReturnType<FakeHost["connect"]>[] = [];
    const host: FakeHost = new FakeHost({
      execute(_session, frame) {
        host.reply.bulk(`${frame.text(0)} begins`);
        if (frame.text(0) === "WAKE") clients[0].connection.resume();
        host.reply.bulk(`${frame.text(0)} ends`);
      },
    });
    clients.push(host.connect(), host.connect());
    const [sleeper, waker] = clients;
    sleeper.connection.pause();
    sleeper.connection.receive(encode("A"));
    waker.connection.receive(Buffer.concat([encode("WAKE"), encode("B")]));
    await tickEnd();
    expect(waker.socket.text).toBe("$11\r\nWAKE begins\r\n$9\r\nWAKE ends\r\n$8\r\nB begins\r\n$6\r\nB ends\r\n");
    expect(sleeper.socket.text).toBe("$8\r\nA begins\r\n$6\r\nA ends\r\n");
  });

  test("a protocol error is answered behind the good requests, and nothing after it", async () => {
    const { connection, socket } = echoing().connect();
    connection.receive(Buffer.concat([PING, Buffer.from("*1\r\n!\r\n"), PING]));
    connection.receive(PING);
    await tickEnd();
    expect(socket.text).toBe("+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n");
    expect(socket.ended).toBe(true);
  });

  test("a request above client-query-buffer-limit ends the connection", async () => {
    const host = echoing({ maxQueryBuffer: MIB });
    const { connection, socket, session } = host.connect();
    connection.receive(Buffer.from(`*2\r\n$4\r\nECHO\r\n$${2 * MIB}\r\n`));
    for (let sent = 0; sent < MIB; sent += 64 * 1024) connection.receive(Buffer.alloc(64 * 1024, 120));
    expect(session.closing).toBe(false);
    connection.receive(Buffer.from("x"));
    await tickEnd();
    expect(socket.ended).toBe(true);
    expect(socket.text).toBe("");
    expect(host.stats.queryLimitDisconnects).toBe(1);
    expect(host.warnings[0]).toContain("max query buffer length");
    expect(host.gone).toEqual([session.id]);
  });
});

test("client-query-buffer-limit is for one argument, and for what waits behind a request that blocks; arguments that were read are none of it", async () => {
  const host = new FakeHost({ execute: () => host.reply.ok(), maxQueryBuffer: MIB });
  const many = host.connect();
  many.connection.receive(Buffer.from("*41\r\n$4\r\nECHO\r\n"));
  for (let argument = 0; argument < 40; argument++) {
    many.connection.receive(Buffer.concat([Buffer.from("$100000\r\n"), Buffer.alloc(100_000, 120), Buffer.from("\r\n")]));
  }
  expect(many.socket.text).toBe("+OK\r\n");
  const full = host.connect();
  full.connection.receive(Buffer.from(`*2\r\n$4\r\nECHO\r\n$${MIB - 2}\r\n`));
  full.connection.receive(Buffer.alloc(MIB - 10, 120));
  // The argument is whole with its end, whatever comes behind it in the same piece.
  full.connection.receive(Buffer.concat([Buffer.alloc(8, 120), Buffer.from("\r\n"), Buffer.alloc(1000, "PING\r\n")]));
  await tickEnd();
  expect(full.socket.text).toStartWith("+OK\r\n+OK\r\n");
  const waiting = host.connect();
  waiting.connection.pause();
  waiting.connection.receive(Buffer.alloc(MIB, "PING\r\n"));
  expect(waiting.session.closing).toBe(false);
  waiting.connection.receive(PING);
  expect(waiting.session.closing).toBe(true);
  expect(host.stats.queryLimitDisconnects).toBe(1);
});

describe("answers to pipelines", () => {
  const TWICE = Buffer.concat([PING, PING]);

  test("go out when the tick ends, in the order of their requests; a lone request is answered at once", async () => {
    const host = echoing();
    const [first, second, lone] = [host.connect(), host.connect(), host.connect()];
    first.connection.receive(TWICE);
    second.connection.receive(TWICE);
    lone.connection.receive(PING);
    expect([first.socket.text, second.socket.text, lone.socket.text]).toEqual(["", "", "+PONG\r\n"]);
    await tickEnd();
    expect([first.socket.text, second.socket.text]).toEqual(["+PONG\r\n+PONG\r\n", "+PONG\r\n+PONG\r\n"]);
    expect(host.stats.bytesOut).toBe(5 * 7);
  });

  test("are not overtaken by what comes after them, be it short, long or sent by another", () => {
    for (const later of [
      (connection: Connection) => connection.receive(PING),
      (connection: Connection) => connection.receive(Buffer.concat([encode("ECHO", "x".repeat(100_000)), PING])),
      (connection: Connection) => connection.send(Buffer.from(">pushed"), 0, 7),
      (connection: Connection) => connection.offer(Buffer.from("$offered"), 0, 8),
    ]) {
      const host = echoing();
      const { connection, socket } = host.connect();
      connection.receive(Buffer.concat([encode("ECHO", "one"), encode("ECHO", "two")]));
      later(connection);
      expect(socket.text).toStartWith("*1\r\n$3\r\none\r\n*1\r\n$3\r\ntwo\r\n");
      expect(socket.writes).toBeGreaterThan(1);
    }
  });

  test("wait behind a closed barrier, in order", async () => {
    const host = echoing();
    const { connection, socket } = host.connect();
    connection.receive(TWICE);
    host.barrier.close();
    connection.receive(encode("ECHO", "journalled"));
    expect(socket.text).toBe("+PONG\r\n+PONG\r\n");
    await tickEnd();
    expect(socket.text).toBe("+PONG\r\n+PONG\r\n");
    host.barrier.open();
    expect(socket.text).toBe("+PONG\r\n+PONG\r\n*1\r\n$10\r\njournalled\r\n");
  });

  test("reach a client that is closed in the same tick", () => {
    const host = echoing();
    for (const close of [(connection: Connection) => connection.closeAfterReply(), (connection: Connection) => connection.destroy()]) {
      const { connection, socket } = host.connect();
      connection.receive(TWICE);
      close(connection);
      expect(socket.text).toBe("+PONG\r\n+PONG\r\n");
    }
  });

  test("do not wait for long when others' requests take their time", () => {
    const host = echoing();
    const [early, late] = [host.connect(), host.connect()];
    early.connection.receive(TWICE);
    host.now += 1;
    late.connection.receive(TWICE);
    expect(early.socket.text).toBe("");
    host.now += 1;
    late.connection.receive(TWICE);
    expect(early.socket.text).toBe("+PONG\r\n+PONG\r\n");
    expect(late.socket.text).toBe("+PONG\r\n+PONG\r\n");
    host.deferred.flush();
    expect(late.socket.text).toBe("+PONG\r\n".repeat(4));
  });

  test("are kept, and the client cut off at its limit, when the kernel takes none of them", async () => {
    const host: FakeHost = new FakeHost({
      outputLimit: { hard: 30_000, soft: 0, softSeconds: 0 },
      execute: () => host.reply.bytesOf(Buffer.alloc(9000)),
    });
    const { connection, socket } = host.connect();
    socket.room = 3;
    connection.receive(TWICE);
    await tickEnd();
    expect(connection.outputBytes).toBe(2 * "$9000\r\n".length + 2 * 9002 - 3);
    expect([connection.outputFree, connection.outputPieces, connection.outputMemory]).toEqual([16 * 1024, 1, 20 * 1024 + 24]);
    connection.receive(TWICE);
    expect(host.stats.outputLimitDisconnects).toBe(0);
    connection.receive(TWICE);
    await tickEnd();
    expect(host.stats.outputLimitDisconnects).toBe(1);
    expect(socket.ended).toBe(true);
  });

  test("of more clients than the buffer has room for are all sent", async () => {
    const host = echoing();
    const clients = Array.from({ length: 30 }, () => host.connect());
    const word = "w".repeat(7000);
    for (const { connection } of clients) connection.receive(Buffer.concat([encode("ECHO", word), PING]));
    await tickEnd();
    for (const { socket } of clients) expect(socket.text).toBe(`*1\r\n$7000\r\n${word}\r\n+PONG\r\n`);
  });
});

describe("the work that input makes", () => {
  test("1,000,000 small arguments in drops are copied a bounded number of times", () => {
    const input = new Frame().encode(["ECHO", ...Array.from({ length: 1_000_000 }, (_, index) => String(index % 10))]).buffer;
    let seen = 0;
    const host = new FakeHost({
      execute(_session, frame) {
        seen = frame.count;
      },
    });
    const { connection } = host.connect();
    const { copied, allocated } = countingBytes(() => {
      for (let at = 0; at < input.length; at += 1400) connection.receive(input.subarray(at, at + 1400));
    });
    expect(seen).toBe(1_000_001);
    // Into the tail, from there to its place, and at most once more each time the room doubles.
    expect(copied).toBeLessThan(4 * input.length + MIB);
    expect(allocated).toBeLessThan(4 * input.length + MIB);
  });

  test("a line that comes byte by byte is not copied again at every byte", () => {
    const host = echoing();
    const { connection, socket } = host.connect();
    const line = Buffer.from(`ECHO ${"a".repeat(60_000)}\r\n`);
    const { copied } = countingBytes(() => {
      for (let at = 0; at < line.length; at++) connection.receive(line.subarray(at, at + 1));
    });
    expect(socket.text.length).toBe("*1\r\n$60000\r\n".length + 60_002);
    expect(copied).toBeLessThan(12 * line.length);
  });

  test("a value announced and never sent takes no memory", () => {
    const { connection } = echoing().connect();
    const { allocated } = countingBytes(() => {
      connection.receive(Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${512 * MIB}\r\n`));
      connection.receive(Buffer.from("abc"));
    });
    expect(allocated).toBeLessThan(256 * 1024);
    expect(connection.inputBytes).toBeLessThan(100);
  });

  for (const [pieceBytes, copies] of [
    [512 * 1024, 1],
    [64 * 1024, 1],
    [1400, 2],
  ]) {
    test(`a value of 100 MB in pieces of ${pieceBytes} bytes is copied ${copies === 1 ? "once" : "twice"}`, async () => {
      const value = Buffer.alloc(100_000_000, "0123456789");
      const input = encode("SET", "k", value);
      let intact = false;
      const host: FakeHost = new FakeHost({
        execute(_session, frame) {
          intact = frame.lengths[2] === value.length && frame.blocksAt(2)?.equals(value, 0, value.length) === true;
          host.reply.ok();
        },
      });
      const { connection, socket } = host.connect();
      const { copied, allocated } = countingBytes(() => {
        for (let at = 0; at < input.length; at += pieceBytes) connection.receive(input.subarray(at, at + pieceBytes));
      });
      // It has rested when much had come.
      await tickEnd();
      expect(intact).toBe(true);
      expect(socket.text).toBe("+OK\r\n");
      expect(copied).toBeLessThan(copies * value.length + MIB);
      expect(allocated).toBeLessThan(copies * (value.length + 8 * MIB));
      // Nothing holds on to it once it has been executed.
      expect(connection.inputBytes).toBe(0);
      expect(host.batch.frames.every((frame) => frame.buffer.length < MIB)).toBe(true);
    });
  }
});

describe("a connection's output", () => {
  const filler = (size: number) => {
    const host: FakeHost = new FakeHost({ execute: () => host.reply.bytesOf(Buffer.alloc(size, 97)) });
    return host;
  };

  test("a slow reader gets every byte, in order, as it makes room", () => {
    let count = 0;
    const host: FakeHost = new FakeHost({ execute: () => host.reply.bulk(`reply ${count++}`) });
    const { connection, socket } = host.connect();
    const input = Buffer.concat(Array.from({ length: 1000 }, () => PING));
    socket.room = 100;
    for (let round = 0; round < 100; round++) connection.receive(input);
    while (connection.outputBytes > 0) {
      socket.room = 3333;
      connection.drain();
    }
    expect(socket.text).toBe(Array.from({ length: 100_000 }, (_, index) => `$${`reply ${index}`.length}\r\nreply ${index}\r\n`).join(""));
    expect(connection.bytesOut).toBe(socket.text.length);
    expect(connection.outputPieces).toBe(0);
  });

  test("the hard limit cuts off at once, and lets go of what waited", async () => {
    const host: FakeHost = new FakeHost({
      execute: () => host.reply.bytesOf(Buffer.alloc(MIB, 97)),
      outputLimit: { hard: 8 * MIB, soft: 0, softSeconds: 0 },
    });
    const { connection, socket, session } = host.connect();
    socket.room = 0;
    for (let round = 0; round < 8; round++) connection.receive(PING);
    expect(session.closing).toBe(true);
    expect(connection.outputBytes).toBe(0);
    expect(host.stats.outputLimitDisconnects).toBe(1);
    expect(host.warnings[0]).toContain("output buffer limits");
    await tickEnd();
    expect(socket.ended).toBe(true);
    expect(host.gone).toEqual([session.id]);
  });

  test("the soft limit cuts off after its seconds, counted from when it was passed", async () => {
    const host: FakeHost = new FakeHost({
      execute: () => host.reply.bytesOf(Buffer.alloc(MIB, 97)),
      outputLimit: { hard: 0, soft: MIB, softSeconds: 10 },
    });
    const { connection, socket, session } = host.connect();
    connection.receive(PING);
    socket.room = 0;
    // Like a subscriber: its own last request is long ago when others fill its buffer.
    host.now += 3_600_000;
    connection.send(Buffer.alloc(2 * MIB), 0, 2 * MIB);
    connection.checkOutputLimit(host.now);
    host.now += 10_000;
    connection.checkOutputLimit(host.now);
    expect(session.closing).toBe(false);
    host.now += 1000;
    connection.checkOutputLimit(host.now);
    expect(session.closing).toBe(true);
    await tickEnd();
    expect(socket.ended).toBe(true);
  });

  test("going below the soft limit starts its seconds again", () => {
    const host: FakeHost = new FakeHost({ execute() {}, outputLimit: { hard: 0, soft: MIB, softSeconds: 10 } });
    const { connection, socket, session } = host.connect();
    socket.room = 0;
    connection.send(Buffer.alloc(2 * MIB), 0, 2 * MIB);
    host.now += 9000;
    socket.room = 2 * MIB;
    connection.drain();
    connection.checkOutputLimit(host.now);
    connection.send(Buffer.alloc(2 * MIB), 0, 2 * MIB);
    host.now += 9000;
    connection.checkOutputLimit(host.now);
    expect(session.closing).toBe(false);
    host.now += 2000;
    connection.checkOutputLimit(host.now);
    expect(session.closing).toBe(true);
  });

  test("closing waits for what was not sent yet", async () => {
    const { connection, socket } = filler(MIB).connect();
    socket.room = 1000;
    connection.receive(PING);
    connection.closeAfterReply();
    connection.receive(PING);
    await tickEnd();
    expect(socket.ended).toBe(false);
    socket.room = Number.POSITIVE_INFINITY;
    connection.drain();
    await tickEnd();
    expect(socket.ended).toBe(true);
    expect(socket.text).toBe(`$${MIB}\r\n${"a".repeat(MIB)}\r\n`);
  });

  test("a client destroyed by its own command is gone only after the command", async () => {
    const seen: number[] = [];
    const host: FakeHost = new FakeHost({
      execute(session) {
        session.link.destroy();
        seen.push(host.gone.length);
      },
    });
    const { connection, session } = host.connect();
    connection.receive(Buffer.concat([PING, PING]));
    await tickEnd();
    expect(seen).toEqual([0]);
    expect(host.gone).toEqual([session.id]);
  });
});
