/** What the tests of feeds share: sources of every kind, feeds that are collected, and data that is made again from what a feed tells. */

import type { Feed, TextEvent } from "../../src/follow/index.ts";
import { Ours } from "../replication/support.ts";
import type { RawClient } from "../support/client.ts";
import { type PeerName, startPeer, wantOfPeers } from "../support/peers.ts";
import { startRedis } from "../support/redis.ts";

/** A server that can be followed. */
export interface Source extends AsyncDisposable {
  readonly port: number;
  readonly client: RawClient;
}

export type SourceName = "ours" | "redis" | PeerName;

export const SOURCES: readonly SourceName[] = ["ours", "redis", "redis8", "valkey9"];

/** Why a test with this source cannot run here, as part of its name; "" when it can. */
export function wantOf(name: SourceName): string {
  if (name === "ours") return "";
  if (name === "redis") return Bun.which("redis-server") === null ? " (skipped: there is no redis-server on the PATH)" : "";
  return wantOfPeers(name);
}

/** `args`: directives by name. */
export async function startSource(name: SourceName, directives: Readonly<Record<string, string>> = {}, port?: number): Promise<Source> {
  if (name === "ours") return Ours.start({ "repl-ping-replica-period": "1", ...directives });
  const args = Object.entries({ "repl-ping-replica-period": "1", ...directives }).flatMap(([key, value]) => [`--${key}`, value]);
  const options = { args, ...(port === undefined ? {} : { port }) };
  const server = name === "redis" ? await startRedis(options) : await startPeer(name, options);
  const client = await server.connect();
  return {
    port: server.port,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await server.stop();
    },
  };
}

export function urlOf({ port }: { readonly port: number }): string {
  return `redis://127.0.0.1:${port}`;
}

/** Takes events until one is the last that is wanted, which is among them. */
export async function take(feed: Feed<string>, isLast: (event: TextEvent) => boolean): Promise<TextEvent[]> {
  const events: TextEvent[] = [];
  for (;;) {
    const { done, value } = await feed.next();
    if (done === true) throw new Error(`the feed ended after ${events.length} events`);
    events.push(value);
    if (isLast(value)) return events;
  }
}

export const isImageEnd = (event: TextEvent): boolean => event.kind === "image-end";

/** Whether it is the SET of this key. */
export const isSetOf =
  (key: string) =>
  (event: TextEvent): boolean =>
    event.kind === "change" && event.key === key;

/** What an event says, but for places and values. */
export function briefly(event: TextEvent): string {
  switch (event.kind) {
    case "change":
      return `${event.db} ${event.key} ${event.type ?? "?"}: ${[event.command, ...event.args].join(" ")}`;
    case "flush":
    case "command":
      return `${event.kind} ${event.db ?? "*"}: ${[event.command, ...event.args].join(" ")}`;
    case "swap":
      return `swap ${event.db} ${event.other}`;
    case "image":
      return `image ${event.db} ${event.key} ${event.type}`;
    default:
      return event.kind;
  }
}

/** Data made from what a feed tells of INCR, APPEND, RPUSH and XADD: what is missing, comes twice or out of order makes it other data. */
export class Mirror {
  readonly data = new Map<string, string | number | string[]>();
  images = 0;
  gaps = 0;
  changes = 0;

  add(event: TextEvent): void {
    if (event.kind === "image-start") {
      this.data.clear();
      this.images++;
    } else if (event.kind === "gap") this.gaps++;
    else if (event.kind === "image") this.data.set(event.key, imageOf(event));
    else if (event.kind === "change") this.change(event.key, event.command, event.args);
  }

  private change(key: string, command: string, args: readonly string[]): void {
    const { data } = this;
    this.changes++;
    const held = data.get(key);
    const words = args.slice(1);
    if (command === "incr") data.set(key, Number(held ?? 0) + 1);
    else if (command === "append") data.set(key, `${held ?? ""}${words[0]}`);
    else if (command === "rpush") this.push(key, words[0]);
    else if (command === "xadd") this.push(key, words[words.length - 1]);
    else if (command === "set") data.set(key, Number(words[0]));
  }

  private push(key: string, element: string): void {
    const list = this.data.get(key);
    if (Array.isArray(list)) list.push(element);
    else this.data.set(key, [element]);
  }

  /** The same of what a server holds. */
  static async of(client: RawClient, keys: readonly string[]): Promise<Map<string, string | number | string[]>> {
    const held = new Map<string, string | number | string[]>();
    for (const key of keys) held.set(key, await heldAt(client, key));
    return held;
  }
}

function imageOf(event: Extract<TextEvent, { kind: "image" }>): string | number | string[] {
  if (event.type === "string") return /^\d+$/.test(event.value) ? Number(event.value) : event.value;
  if (event.type === "list") return [...event.value];
  if (event.type === "stream") return event.value.map(({ fields }) => fields[0][1]);
  throw new Error(`no mirror has a ${event.type}`);
}

async function heldAt(client: RawClient, key: string): Promise<string | number | string[]> {
  const type = await client.text("TYPE", key);
  if (type === "string") {
    const text = await client.text("GET", key);
    return /^\d+$/.test(text) ? Number(text) : text;
  }
  const reply = (await client.command(...(type === "list" ? ["LRANGE", key, "0", "-1"] : ["XRANGE", key, "-", "+"]))).toString("latin1");
  const strings = [...reply.matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(([, text]) => text);
  return type === "list" ? strings : strings.filter((_, index) => index % 3 === 2);
}
