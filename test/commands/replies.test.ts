/**
 * What the specs say of replies, proved for every command: a request for each of the cases that it knows, to a real Redis and to ours, in both
 * protocols. All other tests hold the replies that they get against the specs, too (test/support/reply-check.ts).
 */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMANDS } from "../../src/commands/command-list.ts";
import type { Replies, ReplyCase, Shape } from "../../src/execution/reply-shape.ts";
import { until } from "../replication/support.ts";
import { connect, type RawClient, replyText, type Word } from "../support/client.ts";
import { useComparison } from "../support/compare.ts";
import { pathOfPeer, startPeer, wantOfPeers } from "../support/peers.ts";
import { describeWithRedis, startRedis } from "../support/redis.ts";
import { ReplyCheck } from "../support/reply-check.ts";
import { ADMINISTRATION, CLUSTER, CONVERSATIONS, NEWER } from "./reply-samples.ts";
import type { Asked } from "./reply-samples-values.ts";

const ENDLESS = "#!lua name=endless\nredis.register_function('endless', function() while true do end end)";

/** Cases that no real server shows here, by the reason. */
const UNSEEN: Readonly<Record<string, readonly string[]>> = {
  "a module, or another node of a cluster, is needed": [
    ...["module|load", "module|loadex", "module|unload"],
    ...["cluster|failover", "cluster|forget", "cluster|replicate", "cluster|links direction: from", "cluster|links direction: to"],
    ...["role: replica", "health: loading", "health: fail"].map((state) => `cluster|shards nodes ${state}`),
    "cluster|slots ClusterNode endpoint: null",
  ],
  "no reply is the answer": ["client|reply if OFF | SKIP", "shutdown", "sync"],
  "a replica is needed that does not follow": ["failover", "shutdown if ABORT"],
  "it passes at once": [
    ...["none", "connecting", "handshake", "sync", "connected", "unknown"].map((state) => `role LinkState: ${state}`),
    "client|trackinginfo flags: broken_redirect",
  ],
  "only newer servers than those at hand know it": ["delex", "digest", "xackdel", "xdelex", "cluster|myshardid"],
  "only ours knows it": [
    ...["replicant.changes|subscribe", "replicant.changes|unsubscribe", "replicant.compare"],
    ...["replicant.directives", "replicant.progress"],
    ...["replicant.tree", "replicant.search", "replicant.bigkeys", "replicant.stats"],
    ...["stage", "confirm", "cancel", "list", "help"].map((name) => `replicant.purge|${name}`),
    ...["start", "stop", "reset", "get", "help"].map((name) => `replicant.hotkeys|${name}`),
  ],
};

/** What was seen: names of cases, and of members of unions. */
const seen = { redis: new Set<string>(), newer: new Set<string>(), ours: new Set<string>() };

/** Every case that the specs know, and every member of a union in it, each with a name. */
const NAMES = new Map<ReplyCase | Shape, string>();
for (const { spec, subcommands } of COMMANDS) {
  addNames(spec.name, spec.replies);
  for (const one of subcommands) addNames(`${spec.name}|${one.spec.name}`, one.spec.replies);
}

function addNames(name: string, replies: Replies | null): void {
  for (const found of replies?.cases ?? []) {
    const caseName = found.when.length === 0 ? name : `${name} if ${found.when.join(" | ")}`;
    NAMES.set(found, caseName);
    addMembers(caseName, found.shape);
  }
  for (const [defined, shape] of replies?.definitions ?? []) addMembers(`${name} ${defined}`, shape);
}

function addMembers(name: string, shape: Shape): void {
  if (shape.kind === "union") for (const one of shape.of) NAMES.set(one, `${name}: ${memberName(one)}`);
  if (shape.kind === "union") for (const one of shape.of) addMembers(name, one);
  else if (shape.kind === "array" || shape.kind === "set") addMembers(name, shape.of);
  else if ("key" in shape) for (const one of [shape.key, shape.value]) addMembers(name, one);
  else if ("parts" in shape) for (const part of shape.parts) addMembers(`${name} ${part.name}`.trimEnd(), part.shape);
  else if (shape.kind === "versions") for (const one of [shape.resp2, shape.resp3]) addMembers(name, one);
}

function memberName(shape: Shape): string {
  if (shape.kind === "constant") return String(shape.value);
  if (shape.kind === "scalar") return shape.type;
  return shape.kind === "tuple" ? `[${shape.parts.map((part) => memberName(part.shape)).join(", ")}]` : shape.kind;
}

async function converse(port: number, protocol: 2 | 3, requests: readonly Asked[], server: keyof typeof seen): Promise<void> {
  const client = await connect(port);
  const check = new ReplyCheck((found) => seen[server].add(NAMES.get(found) ?? ""));
  let last: Buffer = Buffer.alloc(0);
  for (const request of [`HELLO ${protocol}`, "FLUSHALL", ...requests]) {
    const words = typeof request === "string" ? request.split(" ") : request;
    last = await ask(
      client,
      check,
      words.map((word) => (word === "<last>" ? Buffer.from(replyText(last), "latin1") : word)),
    );
  }
  client.close();
}

async function ask(client: RawClient, check: ReplyCheck, words: readonly Word[]): Promise<Buffer> {
  check.request(words);
  const reply = await client.command(...words);
  check.reply(reply);
  return reply;
}

describeWithRedis("what the specs say of replies", () => {
  const both = useComparison({ "enable-debug-command": "yes" });

  for (const protocol of [2, 3] as const) {
    test(`is what Redis and our server answer in RESP${protocol}`, async () => {
      const all = async (port: number, server: keyof typeof seen): Promise<void> => {
        for (const requests of [...CONVERSATIONS, NEWER]) await converse(port, protocol, requests, server);
      };
      await Promise.all([all(both().redis.port, "redis"), all(both().ours.port, "ours")]);
    });
  }

  test("is what a node of a cluster answers", async () => {
    for (const protocol of [2, 3] as const) {
      await using node = await startRedis({ args: ["--cluster-enabled", "yes"] });
      await converse(node.port, protocol, CLUSTER, "redis");
    }
  });

  test("is what administrators are answered", async () => {
    const dir = mkdtempSync(join(tmpdir(), "replies-"));
    const acl = join(dir, "users.acl");
    writeFileSync(acl, "");
    await using redis = await startRedis({ dir, config: `aclfile ${acl}\nbusy-reply-threshold 1\n` });
    for (const requests of ADMINISTRATION) await converse(redis.port, 2, requests, "redis");
    const [busy, other] = [await redis.connect(), await redis.connect()];
    const id = await busy.text("CLIENT", "ID");
    await other.text("FUNCTION", "LOAD", ENDLESS);
    for (const [script, kill] of [
      [["EVAL", "while true do end", "0"], ["SCRIPT KILL"]],
      [
        ["FCALL", "endless", "0"],
        ["FUNCTION STATS", "FUNCTION KILL"],
      ],
    ] as const) {
      const killed = busy.command(...script);
      await until("the script to be busy", async () => (await other.command("PING")).toString().startsWith("-BUSY"));
      await converse(redis.port, 2, kill, "redis");
      expect((await killed).toString()).toStartWith("-ERR");
    }
    const blocked = busy.command("BLPOP", "missing", 0);
    await until("a client to be blocked", async () => (await other.text("INFO", "clients")).includes("blocked_clients:1"));
    await converse(redis.port, 2, [`CLIENT UNBLOCK ${id}`], "redis");
    await blocked;
    const [, address] = /addr=(\S+)/.exec(await busy.text("CLIENT", "INFO")) ?? [];
    await converse(redis.port, 2, [`CLIENT KILL ${address}`], "redis");
    busy.close();
    other.close();
    rmSync(dir, { recursive: true });
  });

  test("is what commands answer that ask another server", async () => {
    await converse(both().redis.port, 2, ["SET k v", `MIGRATE 127.0.0.1 ${both().ours.port} k 0 5000 REPLACE`], "redis");
    await converse(both().ours.port, 3, [`REPLICANT.COMPARE 127.0.0.1 ${both().redis.port}`], "ours");
    await converse(both().ours.port, 3, ["REPLICANT.DIRECTIVES", "REPLICANT.DIRECTIVES console-*"], "ours");
  });

  for (const name of ["redis8", "valkey9"] as const) {
    test.skipIf(pathOfPeer(name) === null)(`is what ${name} answers${wantOfPeers(name)}`, async () => {
      await using peer = await startPeer(name);
      for (const protocol of [2, 3] as const) await converse(peer.port, protocol, NEWER, "newer");
    });
  }

  test("was seen, but for what is listed with its reason", () => {
    const all = [...NAMES.values()];
    const listed = Object.values(UNSEEN).flat();
    const hasPeers = wantOfPeers("redis8", "valkey9") === "";
    // Without newer servers what is new since 7.0 is seen of ours only.
    const isSeen = (name: string): boolean => seen.redis.has(name) || (hasPeers ? seen.newer : seen.ours).has(name);
    const isListed = (name: string): boolean => listed.includes(name) || listed.includes(name.replace(/:? .*/, ""));
    expect(all.filter((name) => !isSeen(name) && !isListed(name))).toEqual([]);
    expect(listed.filter((name) => !all.includes(name) || seen.redis.has(name) || seen.newer.has(name))).toEqual([]);
    expect(listed.length - (UNSEEN["only ours knows it"] ?? []).length).toBeLessThanOrEqual(29);
  });
});
