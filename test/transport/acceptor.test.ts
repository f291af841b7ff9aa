import { describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { Config } from "../../src/config/config.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { Clients } from "../../src/session/clients.ts";
import { SessionKind } from "../../src/session/session.ts";
import { ServerStats } from "../../src/session/stats.ts";
import { ClientAcceptor } from "../../src/transport/acceptor.ts";
import { Conversations } from "../../src/transport/conversations.ts";
import type { Conversation } from "../../src/transport/transport.ts";
import { openAccess } from "../session/open-access.ts";
import { fakeExecutor } from "./fake.ts";

/** A socket that a client at `remoteAddress` has opened. */
class Caller {
  readonly remoteAddress: string;
  readonly remotePort = 50_000;
  readonly localAddress = "192.0.2.1";
  readonly localPort = 6379;
  heard: string | null = null;
  keepAliveMs: number | null = null;

  constructor(remoteAddress: string) {
    this.remoteAddress = remoteAddress;
  }

  end(text: string): void {
    this.heard = text;
  }

  write(): number {
    return 0;
  }

  setNoDelay(): void {}

  setKeepAlive(_on: boolean, ms: number): void {
    this.keepAliveMs = ms;
  }
}

function setUp(directives: Parameters<typeof Config.of>[0] = {}) {
  const clients = new Clients();
  const counters = new ServerStats();
  const warnings: string[] = [];
  const config = Config.of(directives);
  const keyspace = new Keyspace({ databases: 1, now: 1 });
  const shared = new Conversations({
    config,
    log: { verbose() {}, warning: (message) => void warnings.push(message) },
    clients,
    keyspace,
    stats: counters,
    executor: fakeExecutor(keyspace),
    access: openAccess(clients, config.values.requirepass),
    departed() {},
    broken(error) {
      throw error;
    },
  });
  const acceptor = new ClientAcceptor(shared);
  const call = (remoteAddress: string, unixSocket = false) => {
    const caller = new Caller(remoteAddress);
    const connection = acceptor.accept(caller as unknown as Socket<Conversation>, unixSocket ? "unix" : "tcp");
    return { caller, connection };
  };
  return { acceptor, call, clients, config, counters, shared, warnings };
}

const LOCAL = ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"];
const REMOTE = ["192.0.2.7", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.7", "fe80::1%eth0"];

describe("protected mode", () => {
  test("lets in who is on this machine", () => {
    const { call, clients } = setUp();
    for (const address of LOCAL) expect(call(address).connection).not.toBeNull();
    expect(call("", true).connection).not.toBeNull();
    expect(clients.count).toBe(LOCAL.length + 1);
  });

  test("refuses everybody else, and says what to do", () => {
    const { call, clients, counters } = setUp();
    for (const address of REMOTE) {
      const { caller, connection } = call(address);
      expect(connection).toBeNull();
      expect(caller.heard).toStartWith(
        "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. ",
      );
      expect(caller.heard).toEndWith("\r\n");
      expect(caller.heard?.match(/\r\n/g)?.length).toBe(1);
    }
    expect(clients.count).toBe(0);
    expect(counters.rejectedConnections).toBe(REMOTE.length);
    expect(counters.connections).toBe(0);
  });

  test("refuses no one once there is a password, or when it is off", () => {
    for (const directives of [{ requirepass: "secret" }, { "protected-mode": "no" }]) {
      const { call } = setUp(directives);
      for (const address of REMOTE) expect(call(address).connection).not.toBeNull();
    }
  });

  test("can be switched off while it runs", () => {
    const { call, config } = setUp();
    expect(call(REMOTE[0]).connection).toBeNull();
    expect(config.set([["protected-mode", "no"]])).toBeNull();
    expect(call(REMOTE[0]).connection).not.toBeNull();
  });
});

describe("the acceptor", () => {
  test("refuses clients above maxclients before anything else", () => {
    const { call, counters } = setUp({ maxclients: "1" });
    expect(call("127.0.0.1").connection).not.toBeNull();
    for (const address of ["127.0.0.1", "192.0.2.7"]) expect(call(address).caller.heard).toBe("-ERR max number of clients reached\r\n");
    expect(counters).toMatchObject({ connections: 1, rejectedConnections: 2 });
  });

  test("writes addresses as Redis does", () => {
    const { call } = setUp({ "protected-mode": "no", unixsocket: "/run/replicant.sock" });
    expect(call("192.0.2.7").connection).toMatchObject({ remoteAddress: "192.0.2.7:50000", localAddress: "192.0.2.1:6379" });
    expect(call("2001:db8::1").connection?.remoteAddress).toBe("[2001:db8::1]:50000");
    expect(call("", true).connection).toMatchObject({ remoteAddress: "/run/replicant.sock:0", localAddress: "/run/replicant.sock:0" });
  });

  test("asks for keep-alive probes as tcp-keepalive says", () => {
    expect(setUp().call("127.0.0.1").caller.keepAliveMs).toBe(300_000);
    expect(setUp({ "tcp-keepalive": "60" }).call("127.0.0.1").caller.keepAliveMs).toBe(60_000);
    expect(setUp({ "tcp-keepalive": "0" }).call("127.0.0.1").caller.keepAliveMs).toBeNull();
  });

  test("knows the output limit of each kind of client", () => {
    const { shared } = setUp({ "client-output-buffer-limit": "normal 1mb 2mb 3 replica 4mb 5mb 6 pubsub 7mb 8mb 9" });
    const MIB = 1024 * 1024;
    const LIMITS = [
      [SessionKind.NORMAL, { hard: MIB, soft: 2 * MIB, softSeconds: 3 }],
      [SessionKind.REPLICA, { hard: 4 * MIB, soft: 5 * MIB, softSeconds: 6 }],
      [SessionKind.PUBSUB, { hard: 7 * MIB, soft: 8 * MIB, softSeconds: 9 }],
    ] as const;
    for (const [kind, limit] of LIMITS) expect(shared.outputLimits[kind]).toMatchObject(limit);
  });

  test("warns of an exception of ours, not of a socket that broke", () => {
    const { acceptor, warnings } = setUp();
    acceptor.failed(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" }));
    expect(warnings).toEqual([]);
    acceptor.failed(new TypeError("undefined is not an object"));
    expect(warnings[0]).toContain("undefined is not an object");
  });
});
