/** How long a PING has to wait while something happens to a string, or an element of a collection, of 200 MB, and how much memory that takes. */
import type { RawClient, Word } from "../support/client.ts";
import { untilSaved } from "./persistence.ts";
import { Pinger, type Pings } from "./pinger.ts";
import {
  alternate,
  attach,
  type Contender,
  type Contenders,
  forgetMostResident,
  mostResidentBytes,
  residentBytes,
  withServer,
} from "./servers.ts";
import { median, ratioCell, section } from "./table.ts";

const VALUE_BYTES = 200_000_000;
const KEY = "long";
/** After an event: what goes on after its answer shows. */
const AFTERMATH_MS = 150;
const PAUSE_MS = 300;
const FREED_MS = 5000;
const CHANGE = Buffer.alloc(100, "c");

export interface BigValuesOptions {
  readonly rounds: number;
  /** Sizes are divided by it. */
  readonly scale: number;
}

interface Outcome {
  readonly pings: Pings;
  /** The most resident memory meanwhile, and that at its end, above that of the empty server, in bytes. */
  readonly most: number;
  readonly left: number;
}

interface Stage {
  readonly client: RawClient;
  readonly writer: RawClient;
  readonly value: Buffer;
}

interface Event {
  readonly title: string;
  readonly after?: number;
  readonly act: (stage: Stage) => Promise<unknown>;
}

const STRING_EVENTS: readonly Event[] = [
  { title: "SET", act: ({ client, value }) => client.command("SET", KEY, value) },
  { title: "SET over it", act: ({ client, value }) => client.command("SET", KEY, value) },
  { title: "GET", act: ({ client }) => client.command("GET", KEY) },
  { title: "APPEND of 100 bytes", act: ({ client }) => client.command("APPEND", KEY, CHANGE) },
  { title: "SETRANGE of 100 bytes", act: ({ client }) => client.command("SETRANGE", KEY, 1_000_000, CHANGE) },
  { title: "GETRANGE of 100 bytes", act: ({ client }) => client.command("GETRANGE", KEY, 1_000_000, 1_000_099) },
  { title: "COPY", act: ({ client }) => client.command("COPY", KEY, "copy") },
  { title: "BGSAVE under SETRANGE", act: saveUnderWrites },
  { title: "DEL of both", after: FREED_MS, act: ({ client }) => client.command("DEL", KEY, "copy") },
];

const ELEMENT_EVENTS: readonly Event[] = [
  { title: "RPUSH", act: ({ client, value }) => client.command("RPUSH", "l", value) },
  { title: "LRANGE", act: ({ client }) => client.command("LRANGE", "l", 0, -1) },
  { title: "LMOVE to another list", act: ({ client }) => client.command("LMOVE", "l", "m", "LEFT", "LEFT") },
  { title: "BGSAVE of the list", act: ({ client }) => save(client) },
  { title: "LPOP", act: ({ client }) => client.command("LPOP", "m") },
  { title: "HSET", act: ({ client, value }) => client.command("HSET", "h", "f", value) },
  { title: "HSET over it", act: ({ client, value }) => client.command("HSET", "h", "f", value) },
  { title: "HGET", act: ({ client }) => client.command("HGET", "h", "f") },
  { title: "BGSAVE of the hash", act: ({ client }) => save(client) },
  { title: "HDEL", act: ({ client }) => client.command("HDEL", "h", "f") },
  { title: "XADD", act: ({ client, value }) => client.command("XADD", "x", "1-1", "f", value) },
  { title: "XRANGE", act: ({ client }) => client.command("XRANGE", "x", "-", "+") },
  { title: "BGSAVE of the stream", act: ({ client }) => save(client) },
  { title: "MULTI, RPUSH, EXEC", act: ({ client, value }) => client.pipeline([["MULTI"], ["RPUSH", "l", value], ["EXEC"]]) },
  { title: "DEL of both", after: FREED_MS, act: ({ client }) => client.command("DEL", "l", "x") },
];

/** -> two Markdown sections; MB are 10^6 bytes. */
export async function benchBigValues(contenders: Contenders, options: BigValuesOptions): Promise<string> {
  const strings = await bench(contenders, options, { title: "Long strings", what: "A string", events: STRING_EVENTS });
  const elements = await bench(contenders, options, { title: "Long elements", what: "An element", events: ELEMENT_EVENTS });
  return `${strings}\n\n${elements}`;
}

interface Suite {
  readonly title: string;
  readonly what: string;
  readonly events: readonly Event[];
}

async function bench(contenders: Contenders, { rounds, scale }: BigValuesOptions, { title, what, events }: Suite): Promise<string> {
  const value = Buffer.alloc(Math.ceil(VALUE_BYTES / scale), "0123456789abcdefghijklmnopqrstuvwxyz-");
  const samples = await alternate(contenders, rounds, (contender) => measure(contender, value, events));
  const cell = (event: number, of: (outcome: Outcome) => number, unit: string): string =>
    ratioCell(median(samples.ours.map((round) => of(round[event]))), median(samples.redis.map((round) => of(round[event]))), unit);
  const rows = events.map(({ title }, event) => [
    title,
    cell(event, ({ pings }) => pings.worst, "ms"),
    cell(event, ({ most }) => most / value.length, ""),
    cell(event, ({ left }) => left / value.length, ""),
  ]);
  const about =
    `${what} of ${value.length / 1e6} MB: the longest PING of a client that pings every half millisecond, and resident memory above the empty ` +
    `server over the size of the value; median of ${rounds} alternating rounds, ours/Redis (ours / Redis).`;
  return section(title, about, ["while", "longest PING", "most memory", "memory afterwards"], rows);
}

function measure(contender: Contender, value: Buffer, events: readonly Event[]): Promise<Outcome[]> {
  return withServer(contender, {}, async (server, client) => {
    await using pinger = await Pinger.start(server.port);
    const writer = await attach(server);
    const empty = residentBytes(server.pid);
    const outcomes: Outcome[] = [];
    for (const { act, after = AFTERMATH_MS } of events) {
      await Bun.sleep(PAUSE_MS);
      forgetMostResident(server.pid);
      pinger.begin();
      await act({ client, writer, value });
      await Bun.sleep(after);
      const pings = await pinger.end();
      outcomes.push({ pings, most: mostResidentBytes(server.pid) - empty, left: residentBytes(server.pid) - empty });
    }
    writer.close();
    return outcomes;
  });
}

async function save(client: RawClient): Promise<void> {
  await client.command("BGSAVE");
  await untilSaved(client);
}

async function saveUnderWrites({ client, writer, value }: Stage): Promise<void> {
  await client.command("BGSAVE");
  let saved = false;
  const saving = untilSaved(client).then(() => {
    saved = true;
  });
  for (let at = 0; !saved; at = (at + 777_777) % value.length) {
    const words: Word[] = ["SETRANGE", KEY, at, CHANGE];
    await writer.command(...words);
  }
  await saving;
}
