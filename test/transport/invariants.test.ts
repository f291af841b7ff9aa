/** What must hold in transport/ and protocol/, broken on purpose. */

import { describe, expect, test } from "bun:test";
import { InvariantError } from "../../src/assert.ts";
import { Lines, trusted } from "../../src/protocol/request.ts";
import { RequestBatch, RequestStream } from "../../src/protocol/request-stream.ts";
import { DeferredReplies } from "../../src/transport/deferred-replies.ts";
import { OutputBuffer } from "../../src/transport/output-buffer.ts";
import { ReplyBarrier } from "../../src/transport/reply-barrier.ts";
import { FakeHost } from "./fake.ts";

const PING = Buffer.from("*1\r\n$4\r\nPING\r\n");

function trips(work: () => void, why: string): void {
  let error: unknown = null;
  try {
    work();
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(InvariantError);
  expect(String(error)).toContain(why);
}

/** A stream that has been given `bytes`, and its first batch. */
function reading(bytes: Buffer): RequestStream {
  const stream = new RequestStream(new RequestBatch(), trusted(Lines.REQUESTS));
  stream.take(bytes, 0, bytes.length);
  stream.next();
  return stream;
}

describe("a request stream", () => {
  test("takes back no request that it has not given", () => {
    trips(() => reading(PING).takeBack(1, { inclusive: false }), "only requests of this batch");
  });

  test("keeps nothing that has not come in", () => {
    trips(() => reading(PING).keep(PING.length + 1), "within the bytes that came in");
  });

  test("keeps no part of a request without its beginning", () => {
    trips(() => reading(PING.subarray(0, 8)).keep(4), "is kept whole");
  });
});

describe("an output buffer", () => {
  test("has no first piece when it is empty", () => {
    trips(() => new OutputBuffer().first, "has a piece");
  });

  test("does not send more than it holds", () => {
    const output = new OutputBuffer();
    output.add(PING, 0, 4);
    trips(() => output.drop(5), "than one piece holds");
  });

  test("keeps no empty piece", () => {
    trips(() => new OutputBuffer().add(PING, 4, 4), "at least a byte");
  });

  test("counts what its pieces hold", () => {
    const output = new OutputBuffer();
    output.add(PING, 0, 4);
    output.size = 5;
    trips(() => output.drop(4), "sum of the pieces");
  });
});

describe("replies that wait", () => {
  test("are held back by a closed barrier only", () => {
    trips(() => new ReplyBarrier().hold({ drain() {} }), "by an open barrier");
  });

  test("are not empty", () => {
    trips(() => new DeferredReplies().add({ deliver() {} }, PING, 2, 2, 0), "each owner has some");
  });
});

describe("a connection", () => {
  test("is not served while it is being served", () => {
    const host: FakeHost = new FakeHost({ execute: (session) => host.connections.get(session)?.receive(PING) });
    trips(() => host.connect().connection.receive(PING), "served once at a time");
  });

  test("believes no transport that takes more than it was given", () => {
    const host: FakeHost = new FakeHost({ execute: () => host.reply.ok() });
    const { connection, socket } = host.connect();
    socket.write = () => 6;
    trips(() => connection.receive(PING), "no more than it is given");
  });
});
