/** What must hold in transport/ and protocol/, broken on purpose. */

import { describe, test } from "bun:test";
import { Lines, trusted } from "../../src/protocol/request.ts";
import { RequestBatch, RequestStream } from "../../src/protocol/request-stream.ts";
import { DeferredReplies } from "../../src/transport/deferred-replies.ts";
import { OutputBuffer } from "../../src/transport/output-buffer.ts";
import { ReplyBarrier } from "../../src/transport/reply-barrier.ts";
import { trips } from "../support/trips.ts";
import { FakeHost } from "./fake.ts";

const PING = Buffer.from("*1\r\n$4\r\nPING\r\n");

/** A stream that has been given `bytes`, and its first batch. */
function reading(bytes: Buffer): RequestStream {
  const stream = new RequestStream(new RequestBatch(), trusted(Lines.REQUESTS));
  stream.take(bytes, 0, bytes.length);
  stream.next();
  return stream;
}

describe("a request stream", () => {
  test("takes back no request that it has not given", () => {
    trips("only requests of this batch", () => reading(PING).takeBack(1, { inclusive: false }));
  });

  test("keeps nothing that has not come in", () => {
    trips("within the bytes that came in", () => reading(PING).keep(PING.length + 1));
  });

  test("keeps no part of a request without its beginning", () => {
    trips("is kept whole", () => reading(PING.subarray(0, 8)).keep(4));
  });
});

const KEPT = { take() {} };

describe("an output buffer", () => {
  test("has no first piece when it is empty", () => {
    trips("has a piece", () => new OutputBuffer().first);
  });

  test("does not send more than it holds", () => {
    const output = new OutputBuffer();
    output.add(PING, 0, 4);
    trips("than one piece holds", () => output.drop(5, KEPT));
  });

  test("keeps no empty piece", () => {
    trips("at least a byte", () => new OutputBuffer().add(PING, 4, 4));
  });

  test("counts what its pieces hold", () => {
    const output = new OutputBuffer();
    output.add(PING, 0, 4);
    output.size = 5;
    trips("sum of the pieces", () => output.drop(4, KEPT));
  });
});

describe("replies that wait", () => {
  test("are held back by a closed barrier only", () => {
    trips("by an open barrier", () => new ReplyBarrier().hold({ drain() {} }));
  });

  test("are not empty", () => {
    trips("each owner has some", () => new DeferredReplies().add({ deliver() {} }, PING, 2, 2, 0));
  });
});

describe("a connection", () => {
  test("is not served while it is being served", () => {
    const host: FakeHost = new FakeHost({ execute: (session) => host.connections.get(session)?.receive(PING) });
    trips("served once at a time", () => host.connect().connection.receive(PING));
  });

  test("believes no transport that takes more than it was given", () => {
    const host: FakeHost = new FakeHost({ execute: () => host.reply.ok() });
    const { connection, socket } = host.connect();
    socket.write = () => 6;
    trips("no more than it is given", () => connection.receive(PING));
  });
});
