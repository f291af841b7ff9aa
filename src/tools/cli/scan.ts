/** Walks over all keys of a database: `--scan`, and what samples them (`--bigkeys`, `--memkeys`, `--hotkeys`). */

import { quoteWord } from "../../base/words.ts";
import { itemsOf, type Reply, textOf } from "../../protocol/reply-decoder.ts";
import { ConnectionError } from "./connection.ts";
import { ToolFailure } from "./console.ts";
import { fixed, percent } from "./numbers.ts";
import type { Session } from "./session.ts";

/** Requests in one go, in their order. Errors: ToolFailure when the connection is lost. */
async function askAll(session: Session, requests: readonly (readonly string[])[], purpose: string): Promise<Reply[]> {
  const connection = await session.connected();
  try {
    connection.sendAll(requests);
    const replies: Reply[] = [];
    while (replies.length < requests.length) replies.push(await connection.read());
    return replies;
  } catch (error) {
    if (error instanceof ConnectionError) throw new ToolFailure(purpose === "" ? "\nI/O error" : `Error ${purpose} (${error.message})`);
    throw error;
  }
}

/** Whether an interrupt has asked for an end. */
class Interruption {
  wanted = false;
  private readonly forget: () => void;

  constructor(session: Session) {
    this.forget = session.console.onInterrupt(() => {
      this.wanted = true;
    });
  }

  [Symbol.dispose](): void {
    this.forget();
  }
}

/** The keys of one SCAN after the other, until there are no more or an interrupt comes. */
async function* batches(session: Session, interruption: Interruption): AsyncGenerator<readonly string[]> {
  const { pattern, count } = session.options;
  let cursor = "0";
  do {
    const match = pattern === null ? [] : ["MATCH", pattern];
    const [reply] = await askAll(session, [["SCAN", cursor, ...match, "COUNT", String(count)]], "");
    if (reply.kind === "error") throw new ToolFailure(`SCAN error: ${reply.text}`);
    const [next, keys] = itemsOf(reply);
    const following = textOf(next);
    if (reply.kind !== "array" || following === null || keys?.kind !== "array") throw new ToolFailure("Non ARRAY response from SCAN!");
    cursor = following;
    yield keys.items.map((key) => textOf(key) ?? "");
  } while (!interruption.wanted && cursor !== "0");
}

export async function scanMode(session: Session): Promise<number> {
  const { options, console } = session;
  using interruption = new Interruption(session);
  for await (const keys of batches(session, interruption)) {
    const lines = options.output === "standard" ? keys.map(quoteWord) : keys;
    if (lines.length > 0) console.print(`${lines.join("\n")}\n`);
    if (options.intervalMs > 0) await Bun.sleep(options.intervalMs);
  }
  return 0;
}

/** How far a walk has come: the share of the keys that there were at its beginning. */
class Progress {
  sampled = 0;
  share = "00.00";
  private batchCount = 0;
  private readonly total: number;
  private readonly session: Session;

  private constructor(session: Session, total: number) {
    this.session = session;
    this.total = total;
  }

  static async begin(session: Session): Promise<Progress> {
    const [size] = await askAll(session, [["DBSIZE"]], "");
    if (size.kind === "error") throw new ToolFailure(`Couldn't determine DBSIZE: ${size.text}`);
    if (size.kind !== "integer") throw new ToolFailure("Non INTEGER response from DBSIZE!");
    return new Progress(session, Number(size.text));
  }

  /** Fixes the share that is printed for the keys to come. */
  beginBatch(): void {
    this.share = percent(this.total === 0 ? 0 : (100 * this.sampled) / this.total);
  }

  count(): void {
    this.sampled++;
    if (this.sampled % 1_000_000 === 0) this.session.console.print(`[${this.share}%] Sampled ${this.sampled} keys so far\n`);
  }

  async endBatch(): Promise<void> {
    const { intervalMs } = this.session.options;
    this.batchCount++;
    if (intervalMs > 0 && this.batchCount % 100 === 0) await Bun.sleep(intervalMs);
  }

  summary(interrupted: boolean): string {
    return `\n-------- summary -------\n\n${interrupted ? `[${this.share}%] ` : ""}Sampled ${this.sampled} keys in the keyspace!\n`;
  }
}

function introduction(sought: string): string {
  return (
    `\n# Scanning the entire keyspace to find ${sought} keys as well as\n` +
    "# average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec\n" +
    "# per 100 SCAN commands (not usually needed).\n\n"
  );
}

interface TypeSums {
  readonly name: string;
  /** What tells the size; null for types that we do not know. */
  readonly command: string | null;
  readonly unit: string;
  biggest: number;
  biggestKey: string;
  count: number;
  total: number;
}

const TYPES = [
  ["string", "STRLEN", "bytes"],
  ["list", "LLEN", "items"],
  ["set", "SCARD", "members"],
  ["hash", "HLEN", "fields"],
  ["zset", "ZCARD", "members"],
  ["stream", "XLEN", "entries"],
] as const;

/** `--bigkeys`, and `--memkeys` when `byMemory`. */
export async function bigKeysMode(session: Session, byMemory: boolean): Promise<number> {
  const { console } = session;
  const types = new Map<string, TypeSums>(TYPES.map(([name, command, unit]) => [name, sumsOf(name, command, unit)]));
  using interruption = new Interruption(session);
  const progress = await Progress.begin(session);
  console.print(introduction("biggest"));
  let keyBytes = 0;
  for await (const keys of batches(session, interruption)) {
    progress.beginBatch();
    const typesOfKeys = await typesOf(session, keys, types);
    const sizes = await sizesOf(session, keys, typesOfKeys, byMemory);
    for (const [index, key] of keys.entries()) {
      const type = typesOfKeys[index];
      if (type === null) continue;
      type.total += sizes[index];
      type.count++;
      keyBytes += key.length;
      progress.count();
      if (type.biggest >= sizes[index]) continue;
      type.biggest = sizes[index];
      type.biggestKey = quoteWord(key);
      const unit = byMemory ? "bytes" : type.unit;
      console.print(`[${progress.share}%] Biggest ${type.name.padEnd(6)} found so far '${type.biggestKey}' with ${type.biggest} ${unit}\n`);
    }
    await progress.endBatch();
  }
  const { sampled } = progress;
  let text = progress.summary(interruption.wanted);
  text += `Total key length in bytes is ${keyBytes} (avg len ${fixed(keyBytes === 0 ? 0 : keyBytes / sampled, 2)})\n\n`;
  for (const type of types.values()) {
    if (type.biggestKey === "") continue;
    text += `Biggest ${type.name.padStart(6)} found '${type.biggestKey}' has ${type.biggest} ${byMemory ? "bytes" : type.unit}\n`;
  }
  text += "\n";
  for (const type of types.values()) {
    const share = percent(sampled === 0 ? 0 : (100 * type.count) / sampled);
    const average = fixed(type.count === 0 ? 0 : type.total / type.count, 2);
    text += `${type.count} ${type.name}s with ${type.total} ${byMemory ? "bytes" : type.unit} (${share}% of keys, avg size ${average})\n`;
  }
  console.print(text);
  return 0;
}

function sumsOf(name: string, command: string | null, unit: string): TypeSums {
  return { name, command, unit, biggest: 0, biggestKey: "", count: 0, total: 0 };
}

/** The types of keys, null for those that are gone; one not met before is added to `types`. */
async function typesOf(session: Session, keys: readonly string[], types: Map<string, TypeSums>): Promise<(TypeSums | null)[]> {
  const requests = keys.map((key) => ["TYPE", key]);
  const replies = await askAll(session, requests, "getting types");
  return replies.map((reply, index) => {
    if (reply.kind === "error") throw new ToolFailure(`TYPE returned an error: ${reply.text}`);
    if (reply.kind !== "status") throw new ToolFailure(`Invalid reply type for TYPE on key '${keys[index]}'!`);
    if (reply.text === "none") return null;
    let type = types.get(reply.text);
    if (type === undefined) {
      type = sumsOf(reply.text, null, "?");
      types.set(reply.text, type);
    }
    return type;
  });
}

async function sizesOf(
  session: Session,
  keys: readonly string[],
  types: readonly (TypeSums | null)[],
  byMemory: boolean,
): Promise<number[]> {
  const { memkeysSamples } = session.options;
  const samples = memkeysSamples === 0 ? [] : ["SAMPLES", String(memkeysSamples)];
  const asked: number[] = [];
  const requests: string[][] = [];
  for (const [index, key] of keys.entries()) {
    const type = types[index];
    if (type === null || (type.command === null && !byMemory)) continue;
    asked.push(index);
    requests.push(byMemory || type.command === null ? ["MEMORY", "USAGE", key, ...samples] : [type.command, key]);
  }
  const sizes = keys.map(() => 0);
  for (const [place, reply] of (await askAll(session, requests, "getting sizes")).entries()) {
    const index = asked[place];
    if (reply.kind === "integer") sizes[index] = Number(reply.text);
    else {
      // It may have gone, or become another type meanwhile.
      const command = byMemory ? "MEMORY USAGE" : requests[place][0];
      session.console.complain(`Warning:  ${command} on '${keys[index]}' failed (may have changed type)\n`);
    }
  }
  return sizes;
}

const MOST_HOT_KEYS = 16;

/** `--hotkeys` */
export async function hotKeysMode(session: Session): Promise<number> {
  const { console } = session;
  /** The hottest, coldest first. */
  const hottest: { readonly key: string; readonly frequency: number }[] = [];
  using interruption = new Interruption(session);
  const progress = await Progress.begin(session);
  console.print(introduction("hot"));
  for await (const keys of batches(session, interruption)) {
    progress.beginBatch();
    const replies = await askAll(
      session,
      keys.map((key) => ["OBJECT", "FREQ", key]),
      "getting frequencies",
    );
    for (const [index, reply] of replies.entries()) {
      if (reply.kind === "error") throw new ToolFailure(`Error: ${reply.text}`);
      const key = quoteWord(keys[index]);
      if (reply.kind !== "integer") console.complain(`Warning: OBJECT freq on '${key}' failed (may have been deleted)\n`);
      const frequency = Number(textOf(reply) ?? 0);
      progress.count();
      const isFull = hottest.length === MOST_HOT_KEYS;
      if (frequency <= (isFull ? hottest[0].frequency : 0)) continue;
      if (isFull) hottest.shift();
      const place = hottest.findIndex((other) => other.frequency >= frequency);
      hottest.splice(place < 0 ? hottest.length : place, 0, { key, frequency });
      console.print(`[${progress.share}%] Hot key '${key}' found so far with counter ${frequency}\n`);
    }
    await progress.endBatch();
  }
  const lines = hottest.toReversed().map(({ key, frequency }) => `hot key found with counter: ${frequency}\tkeyname: ${key}\n`);
  console.print(progress.summary(interruption.wanted) + lines.join(""));
  return 0;
}
