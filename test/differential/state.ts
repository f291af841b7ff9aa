/** A data set as text, one line per key, to compare servers by. */
import type { RawClient } from "../support/client.ts";
import { type Decoded, decode, itemsOf, textOf } from "../support/decode.ts";
import { waiting, withoutConsumers } from "./replies.ts";

/** All that a server has: SWAPDB can take keys anywhere. */
const DATABASES = 16;

export interface StateOptions {
  /**
   * The encodings of these types, as 7.0 names them. A loaded value may be packed again, and a replica gets INCRBYFLOAT as a SET.
   */
  readonly encodings: readonly string[];
  /**
   * How much of consumer groups: everything; not the consumers that wait for nothing, which 7.0 makes later ("main"); nor how many entries
   * were read and how often ("told").
   */
  readonly groups: "told" | "main" | "all";
}

/** What `client`'s server holds. The client speaks RESP2, and ends in database 0. */
export async function stateOf(client: RawClient, options: StateOptions): Promise<string[]> {
  const lines: string[] = [];
  for (let database = 0; database < DATABASES; database++) {
    await client.text("SELECT", database);
    const keys = itemsOf(decode(await client.command("KEYS", "*"))).map(textOf);
    for (const key of keys.sort()) lines.push(`${database} ${await describe(client, Buffer.from(key, "latin1"), options)}`);
  }
  await client.text("SELECT", 0);
  return lines;
}

async function describe(client: RawClient, key: Buffer, options: StateOptions): Promise<string> {
  const [type, encoding, expires] = (
    await client.pipeline([
      ["TYPE", key],
      ["OBJECT", "ENCODING", key],
      ["PTTL", key],
    ])
  ).map((reply) => textOf(decode(reply)));
  const words = [JSON.stringify(key.toString("latin1")), type, Number(expires) > 0 ? "expires" : "stays"];
  if (options.encodings.includes(type)) words.push(encodingOf(type, encoding));
  if (type === "stream") words.push(await describeStream(client, key, options));
  // 7.0 digests scores as "%.17g", 7.2 as the shortest text that reads the same.
  if (type === "zset") words.push(await scoresOf(client, key));
  else words.push(textOf(itemsOf(decode(await client.command("DEBUG", "DIGEST-VALUE", key)))[0]));
  return words.join(" ");
}

async function scoresOf(client: RawClient, key: Buffer): Promise<string> {
  const items = itemsOf(decode(await client.command("ZRANGE", key, 0, -1, "WITHSCORES"))).map(textOf);
  return JSON.stringify(items.map((item, index) => (index % 2 === 0 || item.endsWith("inf") ? item : Number(item))));
}

function encodingOf(type: string, encoding: string): string {
  if (encoding !== "listpack") return encoding;
  return type === "list" ? "quicklist" : type === "set" ? "hashtable" : encoding;
}

/** What DEBUG DIGEST passes over: ids and counters, groups and who waits for what. */
async function describeStream(client: RawClient, key: Buffer, options: StateOptions): Promise<string> {
  const [stream, groups] = (
    await client.pipeline([
      ["XINFO", "STREAM", key],
      ["XINFO", "GROUPS", key],
    ])
  ).map(decode);
  const parts: Decoded[] = [stream, options.groups === "all" ? groups : withoutConsumers(groups, options.groups === "told")];
  for (const group of itemsOf(groups)) {
    const name = Buffer.from(textOf(itemsOf(group)[1]), "latin1");
    const pending = itemsOf(decode(await client.command("XPENDING", key, name, "-", "+", 100_000)));
    parts.push({ mark: "*", items: pending.map((entry) => lasting(entry, options)) });
    const consumers = decode(await client.command("XINFO", "CONSUMERS", key, name));
    parts.push(options.groups === "all" ? everyConsumer(consumers) : waiting(consumers));
  }
  return JSON.stringify(parts);
}

function everyConsumer(consumers: Decoded): Decoded {
  return { mark: "*", items: itemsOf(consumers).map((one) => ({ mark: "*", items: itemsOf(one).slice(0, 4) })) };
}

/** Of a pending entry all but its idle time, and but how often it was delivered if replicas are not told. */
function lasting(entry: Decoded, { groups }: StateOptions): Decoded {
  return { mark: "*", items: itemsOf(entry).filter((_, index) => index !== 2 && (index !== 3 || groups !== "told")) };
}

/** Whether some sorted set has a score of -0. */
export async function hasNegativeZero(client: RawClient): Promise<boolean> {
  let found = false;
  for (let database = 0; database < DATABASES; database++) {
    await client.text("SELECT", database);
    for (const key of itemsOf(decode(await client.command("KEYS", "*"))).map((item) => Buffer.from(textOf(item), "latin1"))) {
      if ((await client.text("TYPE", key)) !== "zset") continue;
      found ||= (await client.command("ZRANGE", key, 0, -1, "WITHSCORES")).includes("\r\n$2\r\n-0\r\n");
    }
  }
  await client.text("SELECT", 0);
  return found;
}

/** The first lines in which two data sets differ, or null when they are equal. */
export function difference(a: readonly string[], b: readonly string[]): string | null {
  const onlyA = a.filter((line) => !b.includes(line));
  const onlyB = b.filter((line) => !a.includes(line));
  if (onlyA.length + onlyB.length === 0) return null;
  const [one, other] = [onlyA[0] ?? "", onlyB[0] ?? ""];
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const show = (line: string) => (at > 100 ? `${line.slice(0, 30)}...${line.slice(at - 60, at + 200)}` : line.slice(0, 300));
  return [...onlyA.slice(0, 4).map((line) => `- ${show(line)}`), ...onlyB.slice(0, 4).map((line) => `+ ${show(line)}`)].join("\n");
}
