/** How long a PING has to wait while a key of a million elements goes, grows, shrinks or is saved. */
import type { RawClient } from "../support/client.ts";
import type { ServerProcess } from "../support/process.ts";
import { BIG, type BigKey, bigKey, sendPacket } from "./big-key.ts";
import { COUNTING, type CollectionType } from "./datasets.ts";
import { untilSaved } from "./persistence.ts";
import { Pinger, type Pings } from "./pinger.ts";
import { selectNamed } from "./select.ts";
import { alternate, attach, type Contender, type Contenders, withServer } from "./servers.ts";
import { settled, until } from "./settled.ts";
import { figure, markdownTable, median, ratioCell } from "./table.ts";

export type StallsOptions = {
  readonly rounds: number;
  /** Names of events or types. */
  readonly only: readonly string[] | null;
  /** The size is divided by it, for a trial of the suite. */
  readonly scale: number;
  readonly log: (line: string) => void;
};

/** What an event works with: `client` is for its commands, `writer` for writes that go on meanwhile. */
type Stage = { readonly client: RawClient; readonly writer: RawClient; readonly key: BigKey };

type StallEvent = {
  readonly name: string;
  readonly title: string;
  /** What must be there before it. */
  readonly needs: "nothing" | "the big key";
  /** Whether the big key is there, as it was, after it. */
  readonly keeps: boolean;
  /** Keys in the server afterwards. */
  readonly keysAfter: number;
  readonly act: (stage: Stage) => Promise<void>;
};

const ELEMENTS = 1_000_000;
const TYPES: readonly CollectionType[] = ["hash", "zset", "set", "list", "stream"];
/** What a load leaves to collect is collected by then, here and there. */
const PAUSE_MS = 300;
/** What goes on after the answer (freeing in the background) shows at least this long. */
const AFTERMATH_MS = 150;
const IDLE_MS = 1_000;
const EXPIRE_MS = 50;
/** Between two packets of writes during a BGSAVE: a writer without pauses would take a processor that the server and the pings need. */
const WRITE_PAUSE_MS = 1;

const removal = { needs: "the big key", keeps: false, keysAfter: 0 } as const;

/** In an order in which a fill serves several. */
const EVENTS: readonly StallEvent[] = [
  { name: "growth-cold", title: "growth as the first writes of the process", needs: "nothing", keeps: true, keysAfter: 1, act: grow },
  { name: "growth", title: "growth from nothing, 100 elements a command", needs: "nothing", keeps: true, keysAfter: 1, act: grow },
  { name: "idle", title: "nothing, for comparison", needs: "the big key", keeps: true, keysAfter: 1, act: () => Bun.sleep(IDLE_MS) },
  { name: "writes", title: "the writes of the next row alone", needs: "the big key", keeps: true, keysAfter: 1, act: writeAlone },
  { name: "bgsave", title: "BGSAVE under writes to the key", needs: "the big key", keeps: true, keysAfter: 1, act: saveUnderWrites },
  { name: "unlink", title: "UNLINK", ...removal, act: ({ client }) => done(client.text("UNLINK", BIG)) },
  { name: "del", title: "DEL", ...removal, act: ({ client }) => done(client.text("DEL", BIG)) },
  { name: "expiry", title: "expiry", ...removal, act: expire },
  { name: "overwrite", title: "SET over it", ...removal, keysAfter: 1, act: ({ client }) => done(client.text("SET", BIG, "small")) },
  { name: "rename", title: "RENAME over it", ...removal, keysAfter: 1, act: ({ client }) => done(client.text("RENAME", "small", BIG)) },
  { name: "flushall", title: "FLUSHALL ASYNC", ...removal, act: ({ client }) => done(client.text("FLUSHALL", "ASYNC")) },
  { name: "shrinking", title: "shrinking to nothing, 100 elements a command", ...removal, act: shrink },
];

/** -> Markdown tables of the longest and the 99th percentile of PING, one column for each type. Throws when `only` names nothing. */
export async function benchStalls(contenders: Contenders, options: StallsOptions): Promise<string> {
  const { types, events } = select(options.only);
  const cells = new Map<string, Outcome>();
  for (const type of types) {
    const key = bigKey(type, Math.max(1000, Math.round(ELEMENTS / options.scale)));
    const samples = await alternate(contenders, options.rounds, (contender) => measureKey(contender, key, events));
    for (const { name } of events) {
      const outcome = { ours: pingsOf(samples.ours, name), redis: pingsOf(samples.redis, name) };
      cells.set(`${type} ${name}`, outcome);
      options.log(`${type} ${name}: ${cell(outcome, (pings) => median(pings.map((ping) => ping.worst)))}`);
    }
  }
  const table = (of: (pings: readonly Pings[]) => number): string =>
    markdownTable(
      ["while", ...types],
      events.map(({ name, title }) => [title, ...types.map((type) => cell(cells.get(`${type} ${name}`), of))]),
    );
  const size = Math.round(ELEMENTS / options.scale).toLocaleString("en-US");
  return [
    `## Stalls\n\nPINGs every half millisecond, from a process of their own, while something happens to a key of ${size} elements. ` +
      `Longest PING, median of ${options.rounds} alternating rounds, ours/Redis (ours / Redis) in ms; below 1 is less than Redis.`,
    table((pings) => median(pings.map((ping) => ping.worst))),
    "Longest of all rounds:",
    table((pings) => Math.max(...pings.map((ping) => ping.worst))),
    "99th percentile, median of the rounds:",
    table((pings) => median(pings.map((ping) => ping.p99))),
  ].join("\n\n");
}

function select(only: readonly string[] | null): { types: readonly CollectionType[]; events: readonly StallEvent[] } {
  const all = [...TYPES.map((name) => ({ name })), ...EVENTS];
  const names = new Set<string>(selectNamed(all, only, "type or event").map(({ name }) => name));
  const types = TYPES.filter((type) => names.has(type) && only?.includes(type));
  const events = EVENTS.filter(({ name }) => names.has(name));
  return { types: types.length > 0 ? types : TYPES, events: events.length > 0 ? events : EVENTS };
}

type Outcome = { readonly ours: readonly Pings[] | string; readonly redis: readonly Pings[] | string };
/** What became of each event in one round: figures, or why there are none. */
type Round = ReadonlyMap<string, Pings | string>;

function pingsOf(rounds: readonly Round[], event: string): readonly Pings[] | string {
  const pings: Pings[] = [];
  for (const round of rounds) {
    const outcome = round.get(event) ?? "not measured";
    if (typeof outcome === "string") return outcome;
    pings.push(outcome);
  }
  return pings;
}

function cell(outcome: Outcome | undefined, of: (pings: readonly Pings[]) => number): string {
  if (outcome === undefined) return "";
  const { ours, redis } = outcome;
  if (typeof ours !== "string" && typeof redis !== "string") return ratioCell(of(ours), of(redis));
  const side = (pings: readonly Pings[] | string): string => (typeof pings === "string" ? pings : figure(of(pings)));
  return `${side(ours)} / ${side(redis)}`;
}

function measureKey(contender: Contender, key: BigKey, events: readonly StallEvent[]): Promise<Round> {
  return withServer(contender, {}, async (server, client) => {
    const writer = await attach(server);
    const stage: Stage = { client, writer, key };
    const round = new Map<string, Pings | string>();
    let filled = false;
    try {
      for (const event of events) {
        try {
          if (event.needs === "nothing" || !filled) await prepare(stage, event.needs);
          filled = false;
          round.set(event.name, await pingDuring(server, stage, event));
          filled = event.keeps;
        } catch (error) {
          round.set(event.name, `failed: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      return round;
    } finally {
      writer.close();
    }
  });
}

async function prepare(stage: Stage, needs: StallEvent["needs"]): Promise<void> {
  await stage.client.text("FLUSHALL", "SYNC");
  if (needs === "the big key") await grow(stage);
}

async function pingDuring(server: ServerProcess, stage: Stage, event: StallEvent): Promise<Pings> {
  const { client } = stage;
  if (event.name === "rename") await client.text("SET", "small", "value");
  await settled(client);
  await using pinger = await Pinger.start(server.port);
  await Bun.sleep(PAUSE_MS);
  pinger.begin();
  await event.act(stage);
  await Bun.sleep(AFTERMATH_MS);
  await settled(client);
  const pings = await pinger.end();
  const held = Number(await client.text("DBSIZE"));
  if (held !== event.keysAfter) throw new Error(`${event.title} left ${held} keys, not ${event.keysAfter}`);
  return pings;
}

async function done(reply: Promise<unknown>): Promise<void> {
  await reply;
}

async function grow({ writer, key }: Stage): Promise<void> {
  for (const packet of key.growth) await sendPacket(writer, packet);
  const held = Number(await writer.text(COUNTING[key.type], BIG));
  if (held !== key.elements) throw new Error(`the ${key.type} holds ${held} elements, not ${key.elements}`);
}

async function shrink({ writer, key }: Stage): Promise<void> {
  for (const packet of key.shrinking) await sendPacket(writer, packet);
  await writer.text("DEL", BIG); // a stream without entries is still a key
}

async function expire({ client }: Stage): Promise<void> {
  await client.text("PEXPIRE", BIG, EXPIRE_MS);
  await until("the expiry", async () => (await client.text("DBSIZE")) === "0");
}

async function writeAlone(stage: Stage): Promise<void> {
  await writeWhile(stage, Bun.sleep(IDLE_MS));
}

async function saveUnderWrites(stage: Stage): Promise<void> {
  await stage.client.text("BGSAVE");
  await writeWhile(stage, untilSaved(stage.client));
}

/** Sends packets of updates, with pauses, until `over`. */
async function writeWhile({ writer, key }: Stage, over: Promise<unknown>): Promise<void> {
  let running = true;
  const ending = over.finally(() => {
    running = false;
  });
  ending.catch(() => {}); // awaited below, unless a write fails first
  for (let at = 0; running; at = (at + 1) % key.updates.length) {
    await sendPacket(writer, key.updates[at]);
    await Bun.sleep(WRITE_PAUSE_MS);
  }
  await ending;
}
