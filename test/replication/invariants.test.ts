/** What must hold in replication, broken on purpose: the asserts see it. */

import { describe, expect, test } from "bun:test";
import { InvariantError } from "../../src/assert.ts";
import { History } from "../../src/replication/history.ts";
import { FileSync, type FullSync, StreamedSync } from "../../src/replication/master/full-sync.ts";
import { Replica } from "../../src/replication/master/replica.ts";
import { Handshake } from "../../src/replication/replica/handshake.ts";
import { EofMarkFinder, Payload } from "../../src/replication/replica/payload.ts";
import type { Session, SessionLink } from "../../src/session/session.ts";
import type { Persistence } from "../../src/snapshot/persistence.ts";
import { connect } from "../support/client.ts";
import { FakeMaster, Ours, until } from "./support.ts";

function trips(work: () => unknown, reason: string): void {
  let thrown: unknown = null;
  try {
    work();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvariantError);
  expect((thrown as InvariantError).message).toContain(reason);
}

/** Calls a private method. */
function privately(target: object, method: string, ...args: readonly unknown[]): unknown {
  return Reflect.apply(Reflect.get(target, method), target, args);
}

/** `target` with another `value` of one property. */
function altered(target: object, property: string, value: unknown): object {
  return Object.create(target, { [property]: { value } });
}

/** A replica whose socket takes what `take` says of what it is offered. */
function replica(take: (length: number) => number = (length) => length): Replica {
  const link = { offer: (_: Buffer, from: number, to: number) => take(to - from), destroy: () => {}, remoteAddress: "127.0.0.1:1" };
  return new Replica({ link: link as unknown as SessionLink } as Session);
}

const EVENTS = { delivered: () => {}, ended: (_: FullSync, __: Error | null) => {} };
const SNAPSHOT = { start: () => {}, wake: () => {}, cancel: () => {} };
const PERSISTENCE = { path: "/nowhere/dump.rdb", snapshot: () => SNAPSHOT } as unknown as Persistence;
const BYTES = Buffer.from("bytes");
const ID = "a".repeat(40);

describe("a history", () => {
  test("has an id of 40 digits", () => {
    trips(() => new History().adopt("short"), "40 digits");
    trips(() => new History().branch(1, "short"), "40 digits");
  });

  test("branches under another id, and its offsets never go back", () => {
    const history = new History();
    history.branch(100, ID);
    trips(() => history.branch(200, ID), "under the same id");
    trips(() => history.branch(50), "never go back");
    trips(() => new History().branch(-1), "never go back");
    history.branch(100);
    expect(history.covers(ID, 101)).toBe(true);
    expect(history.covers(ID, 102)).toBe(false);
  });
});

describe("an image that is streamed", () => {
  test("has one source, one end and nothing behind it", () => {
    const slow = replica(() => 0);
    const sync = new StreamedSync(EVENTS, [slow], PERSISTENCE);
    sync.begin({ data: true });
    trips(() => sync.begin({ data: true }), "one image for all");
    sync.write(BYTES, 0, BYTES.length);
    sync.finished();
    trips(() => sync.write(BYTES, 0, BYTES.length), "follows the EOF mark");
    trips(() => sync.finished(), "one end");
  });

  test("is counted as sent only as far as the kernel took it", () => {
    trips(() => replica((length) => length + 1).offer(BYTES, 0, BYTES.length), "counted as sent");
    trips(() => replica(() => -1).offer(BYTES, 0, BYTES.length), "counted as sent");
  });

  test("ends with an EOF mark of 40 bytes", () => {
    trips(() => new EofMarkFinder(Buffer.alloc(39)), "shorter EOF mark");
  });
});

test("an image in a file is delivered once to each replica", () => {
  const sync = new FileSync(EVENTS, [], PERSISTENCE);
  trips(() => privately(sync, "deliver", replica()), "gets an image once");
});

test("behind an image comes the stream", () => {
  const taken: number[] = [];
  const payload = new Payload(() => ({ push: (_, from, to) => taken.push(to - from) }));
  const bytes = Buffer.from("$5\r\nbytes");
  expect(payload.receive(bytes, 0, bytes.length)).toBe(bytes.length);
  expect({ taken, finished: payload.finished }).toEqual({ taken: [5], finished: true });
  trips(() => payload.receive(bytes, 0, bytes.length), "comes the stream");
});

test("the steps of a handshake follow in order, each once", async () => {
  await using server = await Ours.start();
  const sent: string[][] = [];
  const options = { user: "", password: "", announcedPort: 1, announcedAddress: "", resume: null };
  const handshake = new Handshake(options, server.server.log, (...words) => sent.push(words));
  handshake.start();
  handshake.line("+PONG");
  trips(() => handshake.start(), "begins with PING");
  trips(() => privately(handshake, "announcePort"), "follow in order");
  expect(sent).toEqual([["PING"], ["REPLCONF", "listening-port", "1"]]);
});

test("a link goes from state to state in order, and has one stream", async () => {
  using master = new FakeMaster();
  await using server = await Ours.start();
  await server.client.text("REPLICAOF", "127.0.0.1", master.port);
  const link = await master.accept();
  await link.greet();
  link.send(`+FULLRESYNC ${ID} 1000\r\n`);
  const ours = server.server.replication.link;
  if (ours === null) throw new Error("there is no link");
  await until("the image to be awaited", () => ours.state === "sync");
  trips(() => ours.connect(), "goes through connection, handshake and image");
  trips(() => privately(altered(ours, "transfer", null), "finishLoad", 0), "is the image that the handshake announced");
  const unkept = altered(server.server, "journal", altered(server.server.journal, "following", false));
  trips(() => privately(altered(ours, "server", unkept), "follow", 0), "is kept for replicas");
});

test("a connection asks for data once, and is promised an image once it has", async () => {
  await using server = await Ours.start({ "repl-diskless-sync-delay": "1000" });
  const client = await connect(server.port);
  await client.text("REPLCONF", "capa", "eof");
  client.send(Buffer.from("PSYNC ? -1\r\n"));
  const { replicas } = server.server.replication;
  await until("the request", () => replicas.count === 1);
  const [waiting] = replicas.list;
  trips(() => replicas.request(waiting.session, null), "asks for data once");
  trips(() => privately(replicas, "promise", waiting, server.server.journal.offset + 1), "what follows must be kept");
  waiting.state = "none";
  trips(() => privately(replicas, "promise", waiting, 0), "once it has asked");
  client.close();
});
