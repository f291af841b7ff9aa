/** How long a PING has to wait while much goes at once (databases, keys that expire together) or a long transaction comes. */
import type { RawClient, Word } from "../support/client.ts";
import { encodeCommand } from "../support/client.ts";
import type { ServerProcess } from "../support/process.ts";
import { cpuSeconds } from "./cpu.ts";
import { Pinger } from "./pinger.ts";
import { selectNamed } from "./select.ts";
import {
  alternate,
  attach,
  type Contender,
  type Contenders,
  infoField,
  keyName,
  load,
  plainKeys,
  residentBytes,
  start,
  value32,
  withServer,
} from "./servers.ts";
import { settled, until } from "./settled.ts";
import { median, ratioCell, section } from "./table.ts";

export type MassesOptions = {
  readonly rounds: number;
  /** Names of cases. */
  readonly only: readonly string[] | null;
  /** Sizes are divided by it, for a trial of the suite. */
  readonly scale: number;
  readonly log: (line: string) => void;
};

/** What one round of a case came to. */
type Outcome = {
  /** Longest PING, in ms, and how long the client that acted waited for its answer. */
  readonly worst: number;
  readonly answered: number;
  /** Processor time in s, until nothing was left to do. */
  readonly seconds: number;
  /** Most resident memory above that before, in MB, looked at now and then. */
  readonly peak: number;
};

/** What a case works with: `client` acts, `mass` says how much there is; `packets` is made ready before anything is timed. */
type Stage = { readonly client: RawClient; readonly mass: number; packets: readonly Buffer[] };

type Mass = {
  readonly name: string;
  readonly title: string;
  readonly mass: number;
  /** Only when named: it takes long, or much memory. */
  readonly named?: boolean;
  readonly args?: readonly string[];
  /** Whether a replica follows. */
  readonly replica?: boolean;
  /** Words of a command that the server must know. */
  readonly needs?: string;
  readonly fill: (stage: Stage) => Promise<void>;
  /** -> when its answer was there; what goes on in the background is waited for by us. */
  readonly act: (stage: Stage) => Promise<void>;
};

const WEIGH_MS = 20;
const PAUSE_MS = 500;
/** What goes on after all is done (a collection of garbage) shows at least this long. */
const AFTERMATH_MS = 300;
/** Far enough away that all of it is there when they expire. */
const SOON_MS = 6000;
const FIELDS = 10;
/** Transactions before the one that is measured: by then the code is compiled. */
const WARM_UPS = 3;
/** Bytes of requests that are made ready for one write. */
const PACKET_BYTES = 256 * 1024;

const flush = (...words: string[]) => ({ act: async ({ client }: Stage) => void (await client.text(...words)) });
const strings = { fill: ({ client, mass }: Stage) => load(client, plainKeys(mass)) };

const CASES: readonly Mass[] = [
  { name: "flush", title: "FLUSHALL of strings", mass: 3_000_000, ...strings, ...flush("FLUSHALL") },
  { name: "flush-sync", title: "FLUSHALL SYNC of strings", mass: 3_000_000, ...strings, ...flush("FLUSHALL", "SYNC") },
  { name: "flush-async", title: "FLUSHALL ASYNC of strings", mass: 3_000_000, ...strings, ...flush("FLUSHALL", "ASYNC") },
  { name: "flush-most", title: "FLUSHALL of strings", mass: 12_000_000, named: true, ...strings, ...flush("FLUSHALL") },
  { name: "flush-one", title: "FLUSHDB of strings beside another database", mass: 3_000_000, fill: fillTwo, ...flush("FLUSHDB") },
  { name: "flush-expiring", title: "FLUSHDB of strings that expire", mass: 1_000_000, fill: fillExpiring, ...flush("FLUSHDB") },
  { name: "flush-hashes", title: `FLUSHALL of hashes of ${FIELDS} fields`, mass: 100_000, fill: fillHashes, ...flush("FLUSHALL") },
  { name: "flush-large", title: "FLUSHALL of hashes of 600 fields", mass: 10_000, fill: fillLargeHashes, ...flush("FLUSHALL") },
  { name: "expire", title: "keys expire in one ms", mass: 100_000, fill: expireSoon, act: waitEmpty },
  {
    name: "expire-followed",
    title: "the same with a replica and an append-only file",
    mass: 100_000,
    args: ["--appendonly", "yes"],
    replica: true,
    fill: expireSoon,
    act: waitEmpty,
  },
  { name: "expire-fields", title: "fields expire in one ms", mass: 100_000, needs: "HPEXPIREAT", fill: expireFieldsSoon, act: waitEmpty },
  { name: "multi-queue", title: "SETs queued after MULTI", mass: 200_000, fill: warmQueue, act: queue },
  { name: "exec", title: "EXEC of SETs", mass: 200_000, fill: warm(readySets), act: execute },
  { name: "exec-reads", title: "EXEC of GETs", mass: 200_000, fill: warm(readyGets), act: execute },
  { name: "exec-cold", title: "EXEC of SETs as the first of the process", mass: 200_000, fill: cold(readySets), act: execute },
];

/** -> a Markdown section. Throws when `only` names nothing. */
export async function benchMasses(contenders: Contenders, { rounds, only, scale, log }: MassesOptions): Promise<string> {
  const cases = only === null ? CASES.filter(({ named }) => !named) : selectNamed(CASES, only, "case");
  const rows: string[][] = [];
  for (const item of cases) {
    const mass = Math.ceil(item.mass / scale);
    const samples = await alternate(contenders, rounds, (contender) => measure(contender, { ...item, mass }));
    const cell = (of: (outcome: Outcome) => number, unit: string): string => {
      const [ours, redis] = [samples.ours, samples.redis].map((side) =>
        median(side.flatMap((outcome) => (outcome === null ? [] : [of(outcome)]))),
      );
      return ratioCell(ours, redis, unit);
    };
    const row = [
      `\`${item.name}\`: ${mass.toLocaleString("en-US")} ${item.title}`,
      cell(({ worst }) => worst, "ms"),
      cell(({ answered }) => answered, "ms"),
      cell(({ seconds }) => seconds * 1000, "ms"),
      cell(({ peak }) => peak, "MB"),
    ];
    rows.push(row);
    log(row.join("  "));
  }
  const about =
    "A small process sends a PING every half millisecond while it happens. Processor time is the server's until all is done; memory is the most " +
    `that it had above what it had before. Medians of ${rounds} alternating rounds, ours/Redis (ours / Redis); below 1 is less than Redis.`;
  return section("Much at once", about, ["what", "longest PING", "answer after", "processor time", "memory"], rows);
}

/** -> null where the server lacks the command. */
function measure(contender: Contender, item: Mass): Promise<Outcome | null> {
  return withServer(contender, { args: [...(item.args ?? [])] }, async (server, client) => {
    if (item.needs !== undefined && (await client.command("COMMAND", "INFO", item.needs)).includes("-1")) return null;
    if (!item.replica) return during(server, client, item);
    await using replica = await start(contender, { args: ["--replicaof", "127.0.0.1", String(server.port)] });
    const follower = await attach(replica);
    await until("the link to be up", async () => (await infoField(follower, "replication", "master_link_status")) === "up");
    follower.close();
    return await during(server, client, item);
  });
}

async function during(server: ServerProcess, client: RawClient, item: Mass): Promise<Outcome> {
  const stage: Stage = { client, mass: item.mass, packets: [] };
  await item.fill(stage);
  await using pinger = await Pinger.start(server.port);
  await Bun.sleep(PAUSE_MS);
  const observer = await attach(server);
  const resident = residentBytes(server.pid);
  let most = resident;
  const weighing = setInterval(() => {
    most = Math.max(most, residentBytes(server.pid));
  }, WEIGH_MS);
  try {
    const seconds = cpuSeconds(server.pid);
    pinger.begin();
    const began = performance.now();
    await item.act(stage);
    const answered = performance.now() - began;
    await settled(observer);
    await Bun.sleep(AFTERMATH_MS);
    const { worst } = await pinger.end();
    return { worst, answered, seconds: cpuSeconds(server.pid) - seconds, peak: (most - resident) / 1e6 };
  } finally {
    clearInterval(weighing);
    observer.close();
  }
}

function* commands(count: number, command: (index: number) => readonly Word[]): Generator<readonly Word[]> {
  for (let index = 0; index < count; index += 1) yield command(index);
}

async function fillTwo({ client, mass }: Stage): Promise<void> {
  for (const words of [
    ["SELECT", 1],
    ["SET", "other", "value"],
    ["SELECT", 0],
  ])
    await client.command(...words);
  await load(client, plainKeys(mass));
}

function fillExpiring({ client, mass }: Stage): Promise<void> {
  return load(
    client,
    commands(mass, (index) => ["SET", keyName(index), value32(index), "PX", 3_600_000 + index]),
  );
}

function hashOf(index: number, fields: number): Word[] {
  const words: Word[] = ["HSET", `hash:${index}`];
  for (let field = 0; field < fields; field += 1) words.push(`field:${field}`, value32(index + field));
  return words;
}

function fillHashes({ client, mass }: Stage): Promise<void> {
  return load(
    client,
    commands(mass, (index) => hashOf(index, FIELDS)),
  );
}

function fillLargeHashes({ client, mass }: Stage): Promise<void> {
  return load(
    client,
    commands(mass, (index) => hashOf(index, 600)),
  );
}

async function expireSoon({ client, mass }: Stage): Promise<void> {
  const at = Date.now() + SOON_MS;
  await load(
    client,
    commands(mass, (index) => ["SET", keyName(index), value32(index), "PXAT", at]),
  );
}

async function expireFieldsSoon({ client, mass }: Stage): Promise<void> {
  const hashes = Math.ceil(mass / FIELDS);
  const at = Date.now() + SOON_MS;
  const names = Array.from({ length: FIELDS }, (_, field) => `field:${field}`);
  await load(
    client,
    commands(hashes, (index) => hashOf(index, FIELDS)),
  );
  await load(
    client,
    commands(hashes, (index) => ["HPEXPIREAT", `hash:${index}`, at, "FIELDS", FIELDS, ...names]),
  );
}

async function waitEmpty({ client }: Stage): Promise<void> {
  await until("the expiry", async () => (await client.text("DBSIZE")) === "0");
}

/** MULTI and the commands of a transaction, ready to be sent. */
function packetsOf(mass: number, command: (index: number) => readonly Word[]): Buffer[] {
  const packets: Buffer[] = [];
  let packet: Buffer[] = [encodeCommand(["MULTI"])];
  let size = 0;
  for (let index = 0; index < mass; index += 1) {
    const bytes = encodeCommand(command(index));
    packet.push(bytes);
    size += bytes.length;
    if (size < PACKET_BYTES) continue;
    packets.push(Buffer.concat(packet));
    packet = [];
    size = 0;
  }
  packets.push(Buffer.concat(packet));
  return packets;
}

async function queue({ client, mass, packets }: Stage): Promise<void> {
  for (const packet of packets) client.send(packet);
  const error = await client.skipReplies(mass + 1);
  if (error !== null) throw new Error(error);
}

async function readySets(stage: Stage): Promise<void> {
  stage.packets = packetsOf(stage.mass, (index) => ["SET", keyName(index), value32(index)]);
}

/** What has been queued, and given up, before. */
async function warmQueue(stage: Stage): Promise<void> {
  await readySets(stage);
  for (let before = 0; before < WARM_UPS; before += 1) {
    await queue(stage);
    await stage.client.text("DISCARD");
  }
}

async function readyGets(stage: Stage): Promise<void> {
  await load(stage.client, plainKeys(stage.mass));
  stage.packets = packetsOf(stage.mass, (index) => ["GET", keyName(index)]);
}

/** A transaction that waits for its EXEC. */
function cold(ready: (stage: Stage) => Promise<void>): (stage: Stage) => Promise<void> {
  return async (stage) => {
    await ready(stage);
    await queue(stage);
  };
}

/** Likewise in a server that has run several like it. */
function warm(ready: (stage: Stage) => Promise<void>): (stage: Stage) => Promise<void> {
  return async (stage) => {
    await ready(stage);
    for (let before = 0; before < WARM_UPS; before += 1) {
      await queue(stage);
      await execute(stage);
    }
    await queue(stage);
  };
}

async function execute({ client }: Stage): Promise<void> {
  client.send(encodeCommand(["EXEC"]));
  const error = await client.skipReplies(1);
  if (error !== null) throw new Error(error);
}
