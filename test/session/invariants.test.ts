import { describe, test } from "bun:test";
import { NO_LINK } from "../../src/aof/replay.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { Reply } from "../../src/protocol/reply.ts";
import { BlockedClients, type Condition } from "../../src/session/blocked.ts";
import { Clients } from "../../src/session/clients.ts";
import { Deadlines } from "../../src/session/deadlines.ts";
import type { Executor } from "../../src/session/executor.ts";
import { PubSub } from "../../src/session/pubsub.ts";
import { Session, SessionKind } from "../../src/session/session.ts";
import { Topic } from "../../src/session/subscriptions.ts";
import { Transaction } from "../../src/session/transaction.ts";
import { answeringWith } from "../support/link.ts";
import { trips } from "../support/trips.ts";

const keyspace = new Keyspace({ databases: 1, now: Date.now() });

function session(id = 1): Session {
  return new Session({ id, link: NO_LINK, database: keyspace.databases[0], now: 0, authenticated: true });
}

const EXECUTOR: Executor = {
  ...answeringWith(new Reply()),
  loading: false,
  busy: false,
  whenIdle: () => {},
  beginBatch: () => 0,
  endBatch: () => {},
  endCalls: () => {},
  lookAhead: () => {},
  execute: () => {},
  finish: () => {},
  knows: () => true,
  changesNoData: () => false,
  protocolError: () => {},
  countEnded: () => {},
};

const NEVER: Condition = { met: () => false, answer: (reply) => reply.integer(0), refusal: () => null };

describe("what must hold of clients", () => {
  test("an id was given out, and to one client", () => {
    const clients = new Clients();
    trips("one that was given out", () => clients.add(session(7)));
    const id = clients.newId();
    clients.add(session(id));
    trips("one client only", () => clients.add(session(id)));
  });

  test("a queued request has a transaction that is open", () => {
    trips("between MULTI and EXEC", () => new Transaction(keyspace).enqueue(new Frame().encode(["PING"]), 0));
  });

  test("a subscription is known on both sides", () => {
    const pubsub = new PubSub();
    const listener = session();
    pubsub.subscribe(listener, Topic.CHANNEL, "news");
    listener.subscriptions?.names[Topic.CHANNEL].add("weather");
    trips("lists that client", () => pubsub.unsubscribe(listener, Topic.CHANNEL, "weather"));
    listener.kind = SessionKind.NORMAL;
    trips("known as one that listens", () => pubsub.unsubscribe(listener, Topic.CHANNEL, "news"));
  });
});

describe("what must hold of clients that wait", () => {
  test("each has one deadline, and knows its place", () => {
    const deadlines = new Deadlines<{ deadline: number; place: number }>(() => {});
    const [first, second] = [1, 2].map((hour) => ({ deadline: Date.now() + hour * 3_600_000, place: -1 }));
    deadlines.add(first);
    deadlines.add(second);
    trips("waits for one only", () => deadlines.add(first));
    second.place = 0;
    trips("knows its place", () => deadlines.remove(second));
    deadlines.stop();
  });

  test("each waits once, and leaves with the wait it came with", () => {
    const blocked = new BlockedClients(EXECUTOR, keyspace.blocked, keyspace.latency);
    const client = session();
    const frame = new Frame().encode(["WAIT", "1", "0"]);
    blocked.blockOn(NEVER, client, frame, 0);
    trips("could block it again", () => blocked.blockOn(NEVER, client, frame, 0));
    client.blocked = false;
    trips("leaves the list once", () => blocked.remove(client));
    blocked.stop();
  });
});
