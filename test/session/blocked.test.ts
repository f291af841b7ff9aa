import { describe, expect, test } from "bun:test";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { NO_EXPIRY } from "../../src/keyspace/lookup.ts";
import { EMPTY_PACKED_BYTES } from "../../src/memory/packed.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { Reply } from "../../src/protocol/reply.ts";
import { BlockedClients } from "../../src/session/blocked.ts";
import { ReplyMode, Session, type SessionLink } from "../../src/session/session.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";
import { answeringWith } from "../support/link.ts";
import { LOOK } from "../support/lookup.ts";

class Link implements SessionLink {
  readonly taker = null;
  readonly remoteAddress = "127.0.0.1:1";
  readonly localAddress = "127.0.0.1:2";
  readonly fileDescriptor = -1;
  readonly inputBytes = 0;
  readonly inputUnread = 0;
  readonly inputArguments = 0;
  readonly inputAwaited = 0;
  readonly outputBytes = 0;
  readonly outputFree = 0;
  readonly outputPieces = 0;
  readonly outputMemory = 0;
  readonly serving = false;
  readonly bytesIn = 0;
  readonly bytesOut = 0;
  onDrained: (() => void) | null = null;
  received = "";
  resting = false;
  closed = false;

  send(bytes: Buffer, from: number, to: number): void {
    this.received += bytes.latin1Slice(from, to);
  }

  offer(): number {
    return 0;
  }

  closeAfterReply(): void {
    this.closed = true;
  }

  destroy(): void {
    this.closed = true;
  }

  checkOutputLimit(): void {}

  setNoDelay(): void {}

  pause(): void {
    this.resting = true;
  }

  resume(): void {
    this.resting = false;
  }
}

/** Clients that wait for the list `x`, and an executor that answers with how often a request was executed, or as `answer` says. */
class Scene {
  readonly keyspace = new Keyspace({ databases: 1, now: 1_700_000_000_000 });
  readonly reply = new Reply();
  readonly ended: (string | null)[] = [];
  loading = false;
  batches = 0;
  executed = 0;
  /** Instead of an answer, or before one. -> whether that was all. */
  answer: (session: Session) => boolean = () => false;
  readonly blocked: BlockedClients;

  constructor() {
    const scene = this;
    this.blocked = new BlockedClients(
      {
        ...answeringWith(this.reply),
        busy: false,
        whenIdle: () => {},
        get loading() {
          return scene.loading;
        },
        beginBatch: () => this.batches++,
        lookAhead: () => {},
        protocolError: () => {},
        knows: () => true,
        changesNoData: () => false,
        endBatch: () => {
          this.batches--;
        },
        endCalls: () => {},
        execute: (session) => {
          this.executed++;
          if (!this.answer(session)) this.reply.integer(this.executed);
        },
        finish: () => this.reply.ok(),
        countEnded: (_, __, error) => this.ended.push(error),
      },
      this.keyspace.blocked,
      this.keyspace.latency,
    );
  }

  client(deadline = 0): { session: Session; link: Link } {
    const link = new Link();
    const session = new Session({ id: 1, link, database: this.keyspace.databases[0], now: 0, authenticated: true });
    this.block(session, deadline);
    return { session, link };
  }

  block(session: Session, deadline = 0): void {
    const keys = [Buffer.from("x")];
    const frame = () => new Frame().encode(["BLPOP", "x", "0"]);
    this.blocked.blockOnKeys({ session, keys, type: Type.LIST, wakesWhenGone: false, deadline, frame });
  }

  create(): void {
    const [database] = this.keyspace.databases;
    const key = Buffer.from("x");
    const meta = database.metaFor(0, Type.LIST, Encoding.LISTPACK);
    const address = database.find(LOOK, key, 0, 1);
    if (address !== 0) database.delete(address);
    database.create(database.table.hash(key, 0, 1), key, 0, 1, meta, EMPTY_PACKED_BYTES, null, NO_EXPIRY);
  }
}

/** What is to be done between ticks has been done. */
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("blocked clients", () => {
  test("rest until they are served, beside the reply under way", () => {
    const scene = new Scene();
    const { session, link } = scene.client();
    expect([link.resting, session.blocked, scene.blocked.count]).toEqual([true, true, 1]);
    expect(scene.blocked.requestOf(session)?.count).toBe(3);
    const other = new Link();
    scene.reply.sink = other;
    scene.reply.simple("under way");
    scene.create();
    scene.blocked.serveReady();
    scene.reply.flush();
    expect(link.received).toBe(":1\r\n");
    expect(other.received).toBe("+under way\r\n");
    expect([link.resting, session.blocked, scene.blocked.count]).toEqual([false, false, 0]);
    expect(scene.blocked.requestOf(session)).toBeNull();
  });

  test("are served between ticks when no command did it", async () => {
    const scene = new Scene();
    const { link } = scene.client();
    scene.answer = () => {
      expect(scene.batches).toBe(1);
      return false;
    };
    scene.create();
    expect(link.received).toBe("");
    await tick();
    expect(link.received).toBe(":1\r\n");
    expect(scene.batches).toBe(0);
  });

  test("are not served while a data set is being loaded, but afterwards", async () => {
    const scene = new Scene();
    const { link } = scene.client();
    scene.loading = true;
    scene.create();
    scene.blocked.serveReady();
    await tick();
    expect(link.received).toBe("");
    scene.loading = false;
    scene.blocked.serveBetweenTicks();
    expect(link.received).toBe(":1\r\n");
  });

  test("that block again keep their first deadline, and go on resting", async () => {
    const scene = new Scene();
    const { session, link } = scene.client(Date.now() + 30);
    scene.answer = () => {
      scene.block(session, Date.now() + 100_000);
      return true;
    };
    scene.create();
    scene.blocked.serveReady();
    expect([link.received, link.resting, scene.blocked.timedCount]).toEqual(["", true, 1]);
    while (link.received === "") await tick();
    expect(link.received).toBe("*-1\r\n");
    expect([link.resting, scene.blocked.count, scene.executed]).toEqual([false, 0, 1]);
    expect(scene.ended).toEqual([null]);
  });

  test("whose writes must wait are executed when writes go on, wherever keys stand then", async () => {
    const scene = new Scene();
    const { session, link } = scene.client(Date.now() + 5);
    scene.answer = () => {
      session.postponed = true;
      return true;
    };
    scene.create();
    scene.blocked.serveReady();
    expect([link.received, link.resting, scene.blocked.count, scene.blocked.timedCount]).toEqual(["", true, 0, 0]);
    expect(scene.blocked.unblock(session, { error: false })).toBe(false);
    scene.blocked.disconnectAll();
    expect(link.closed).toBe(false);
    scene.answer = () => false;
    session.postponed = false;
    scene.blocked.resume(session);
    expect([link.received, link.resting]).toEqual(["", true]);
    await tick();
    expect([link.received, link.resting, scene.blocked.count]).toEqual([":2\r\n", false, 0]);
  });

  test("that have left are not served, nor those about to", async () => {
    const scene = new Scene();
    const left = scene.client();
    const leaving = scene.client();
    const stays = scene.client();
    scene.blocked.remove(left.session);
    leaving.session.closing = true;
    scene.create();
    scene.blocked.serveReady();
    expect([left.link.received, leaving.link.received, stays.link.received]).toEqual(["", "", ":1\r\n"]);
    expect(scene.blocked.count).toBe(0);
    await tick();
    expect(scene.executed).toBe(1);
  });

  test("are unblocked in vain: with a null, an error, or nothing when they want no answer", () => {
    const scene = new Scene();
    const first = scene.client();
    const second = scene.client();
    const third = scene.client();
    const fourth = scene.client();
    first.session.protocol = 3;
    third.session.replyMode = ReplyMode.SKIP;
    fourth.session.replyMode = ReplyMode.OFF;
    expect(scene.blocked.unblock(first.session, { error: false })).toBe(true);
    expect(scene.blocked.unblock(second.session, { error: true })).toBe(true);
    expect(scene.blocked.unblock(third.session, { error: false })).toBe(true);
    expect(scene.blocked.unblock(fourth.session, { error: true })).toBe(true);
    expect(scene.blocked.unblock(first.session, { error: false })).toBe(false);
    expect(first.link.received).toBe("_\r\n");
    expect(second.link.received).toBe("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    expect([third.link.received, fourth.link.received]).toEqual(["", ""]);
    const modes: readonly number[] = [third.session.replyMode, fourth.session.replyMode];
    expect(modes).toEqual([ReplyMode.ON, ReplyMode.OFF]);
    expect(scene.ended).toEqual([null, scene.ended[1], null, scene.ended[1]]);
    expect(scene.ended[1]).toBe("UNBLOCKED client unblocked via CLIENT UNBLOCK");
  });
});
