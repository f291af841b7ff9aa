/** What must hold in replication, broken on purpose: the asserts see it. */

import { describe, expect, test } from "bun:test";
import { Log } from "../../src/log.ts";
import { UnderWay } from "../../src/progress/under-way.ts";
import { History } from "../../src/replication/history.ts";
import { FileSync, type FullSync, StreamedSync } from "../../src/replication/master/full-sync.ts";
import { Replica } from "../../src/replication/master/replica.ts";
import { Handshake } from "../../src/replication/replica/handshake.ts";
import { EofMarkFinder, Payload } from "../../src/replication/replica/payload.ts";
import type { Session, SessionLink } from "../../src/session/session.ts";
import type { Persistence } from "../../src/snapshot/persistence.ts";
import { connect } from "../support/client.ts";
import { trips } from "../support/trips.ts";
import { FakeMaster, Ours, until } from "./support.ts";

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
const LOG = { notice: () => {}, warning: () => {} };
const PROGRESS = new UnderWay(new Log({ level: "nothing", file: "" }));
const PERSISTENCE = { path: "/nowhere/dump.rdb", snapshot: () => SNAPSHOT, log: LOG, progress: PROGRESS } as unknown as Persistence;
const BYTES = Buffer.from("bytes");
const ID = "a".repeat(40);

describe("a history", () => {
  test("has an id of 40 digits", () => {
    trips("40 digits", () => new History().adopt("short"));
    trips("40 digits", () => new History().branch(1, "short"));
  });

  test("branches under another id, and its offsets never go back", () => {
    const history = new History();
    history.branch(100, ID);
    trips("under the same id", () => history.branch(200, ID));
    trips("never go back", () => history.branch(50));
    trips("never go back", () => new History().branch(-1));
    history.branch(100);
    expect(history.covers(ID, 101)).toBe(true);
    expect(history.covers(ID, 102)).toBe(false);
  });
});

describe("an image that is streamed", () => {
  test("has one source, one end and nothing behind it", () => {
    const slow = replica(() => 0);
    const sync = new StreamedSync(EVENTS, [slow], PERSISTENCE);
    sync.begin({ data: true, functions: true });
    trips("one image for all", () => sync.begin({ data: true, functions: true }));
    sync.write(BYTES, 0, BYTES.length);
    sync.finished();
    trips("follows the EOF mark", () => sync.write(BYTES, 0, BYTES.length));
    trips("one end", () => sync.finished());
  });

  test("is counted as sent only as far as the kernel took it", () => {
    trips("counted as sent", () => replica((length) => length + 1).offer(BYTES, 0, BYTES.length));
    trips("counted as sent", () => replica(() => -1).offer(BYTES, 0, BYTES.length));
  });

  test("ends with an EOF mark of 40 bytes", () => {
    trips("shorter EOF mark", () => new EofMarkFinder(Buffer.alloc(39)));
  });
});

test("an image in a file is delivered once to each replica", () => {
  const sync = new FileSync(EVENTS, [], PERSISTENCE);
  trips("gets an image once", () => privately(sync, "deliver", replica()));
});

test("behind an image comes the stream", () => {
  const taken: number[] = [];
  const payload = new Payload(() => ({ push: (_, from, to) => taken.push(to - from) }));
  const bytes = Buffer.from("$5\r\nbytes");
  expect(payload.receive(bytes, 0, bytes.length)).toBe(bytes.length);
  expect({ taken, finished: payload.finished }).toEqual({ taken: [5], finished: true });
  trips("comes the stream", () => payload.receive(bytes, 0, bytes.length));
});

test("the steps of a handshake follow in order, each once", async () => {
  await using server = await Ours.start();
  const sent: string[][] = [];
  const said = { user: "", password: "", announcedPort: 1, announcedAddress: "" };
  const options = { ...said, wantsFunctions: false, failover: false, twoConnections: false, resume: null };
  const handshake = new Handshake(options, server.server.log, (...words) => sent.push(words));
  handshake.start();
  handshake.line("+PONG");
  trips("begins with PING", () => handshake.start());
  trips("follow in order", () => privately(handshake, "announcePort"));
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
  trips("goes through connection, handshake and image", () => ours.connect());
  trips("is the image that the handshake announced", () => privately(altered(ours, "transfer", null), "imageLoaded", 0));
  const unkept = altered(server.server, "journal", altered(server.server.journal, "following", false));
  trips("is kept for replicas", () => privately(altered(ours, "server", unkept), "follow", 0));
});

test("a connection asks for data once, and is promised an image once it has", async () => {
  await using server = await Ours.start({ "repl-diskless-sync-delay": "1000" });
  const client = await connect(server.port);
  await client.text("REPLCONF", "capa", "eof");
  client.send(Buffer.from("PSYNC ? -1\r\n"));
  const { replicas } = server.server.replication;
  await until("the request", () => replicas.count === 1);
  const [waiting] = replicas.list;
  trips("asks for data once", () => replicas.request(waiting.session, null));
  trips("what follows must be kept", () => privately(replicas, "promise", waiting, server.server.journal.offset + 1));
  waiting.state = "none";
  trips("once it has asked", () => privately(replicas, "promise", waiting, 0));
  client.close();
});
