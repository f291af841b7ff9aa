/**
 * A run of the fuzzer: batches of requests from many connections to a server, and from time to time a look at what came of it. What fails
 * is played again and made shorter.
 */
import { shrink } from "../differential/shrink.ts";
import { Random } from "../support/property.ts";
import { LONG_RUNS_ONLY } from "./fences.ts";
import { HANGS_MS, Misbehaviour } from "./player.ts";
import { Author, type Batch, Choice } from "./requests.ts";
import { type Follower, Stage } from "./stage.ts";

export interface Plan {
  readonly seed: number;
  readonly requests: number;
  readonly connections: number;
  readonly follower: Follower;
}

/** What a run that found nothing did. */
export interface Figures {
  readonly requests: number;
  /** Requests that reached a handler, at least. */
  readonly handled: number;
  readonly commands: number;
  readonly closedForErrors: number;
  /** How often the replica's data was compared. */
  readonly looks: number;
  /** How often all of it had the same digest: each time, unless a Redis 7.0 follows. */
  readonly equalDigests: number;
  readonly bytesLeft: number;
}

/** Requests between two looks, and between two moments at which the data is deleted. */
const LOOK_AFTER = 5000;
const CLEAR_AFTER = 20_000;
const LONGEST_BATCH = 12;
/** How often a command that was not reached is tried. */
const TOURS = 40;
/** How many connections try the commands in turn, before the others come. */
const GUIDES = 8;
/** A run of so many requests is a long one. */
const LONG_RUN = 100_000;
const SHRINKING = { tries: 40, ms: 150_000 };
const SHOWN_BATCHES = 12;

/** Throws what a server did wrong, with the shortest way to it that was found. */
export async function fuzz(plan: Plan): Promise<Figures> {
  const batches: Batch[] = [];
  await using stage = await Stage.start(plan.follower);
  try {
    return await play(plan, stage, batches);
  } catch (error) {
    const log = await stage.log();
    // What follows takes minutes.
    console.error(`PROPERTY_SEED=${plan.seed}: ${error instanceof Error ? error.message : error}\n${log}`);
    const kind = error instanceof Misbehaviour ? error.kind : null;
    const shorter = await shrink(batches, (fewer) => fails(plan.follower, fewer, kind), SHRINKING);
    const what = error instanceof Error ? error.message : String(error);
    const how = shorter.length === batches.length ? "the last requests" : "found again with these requests alone";
    const shown = shorter.slice(-SHOWN_BATCHES).map(({ connection, life, bytes }) => `  ${connection}.${life}: ${shownBytes(bytes)}`);
    throw new Error(`PROPERTY_SEED=${plan.seed}: ${what}\n${how} (connection.life: bytes):\n${shown.join("\n")}\nthe log:\n${log}`, {
      cause: error,
    });
  }
}

async function play(plan: Plan, stage: Stage, batches: Batch[]): Promise<Figures> {
  const { player, around } = stage;
  const choice = new Choice(around.commands);
  const writer = (connection: number) => new Author(connection, new Random(plan.seed * 1000 + connection), choice, around);
  const authors = Array.from({ length: plan.connections }, (_, index) => writer(index));
  const guides = Array.from({ length: GUIDES }, (_, index) => writer(plan.connections + index));
  const send = async (batch: Batch) => {
    batches.push(batch);
    await player.send(batch);
  };
  const unreached = () => stage.unreached.filter((name) => plan.requests >= LONG_RUN || name !== LONG_RUNS_ONLY);
  for (let tour = 1; tour <= TOURS && unreached().length > 0; tour++) {
    for (const [index, name] of unreached().entries()) {
      const guide = guides[index % GUIDES];
      while (player.isBusy(guide.connection)) await player.settle();
      await send(guide.tour(name, name === LONG_RUNS_ONLY ? 1 : tour + 1));
    }
    await stage.look();
  }
  for (let [nextLook, nextClear] = [0, 0]; player.requests < plan.requests; ) {
    for (const [index, author] of authors.entries()) if (!player.isBusy(index)) await send(author.next(player.newestClient, LONGEST_BATCH));
    await player.settle();
    if (player.requests < nextLook) continue;
    nextLook = player.requests + LOOK_AFTER;
    await stage.look();
    if (player.requests < nextClear) continue;
    nextClear = player.requests + CLEAR_AFTER;
    await stage.clear();
    batches.length = 0;
  }
  const bytesLeft = await stage.end();
  if (unreached().length > 0) throw new Error(`these commands were not reached: ${unreached().join(" ")}`);
  const { requests, closedForErrors } = player;
  return {
    requests,
    handled: stage.handled,
    commands: stage.calls.size,
    closedForErrors,
    looks: stage.looks,
    equalDigests: stage.equalDigests,
    bytesLeft,
  };
}

async function fails(follower: Follower, batches: readonly Batch[], kind: Misbehaviour["kind"] | null): Promise<boolean> {
  await using stage = await Stage.start(follower, HANGS_MS.again);
  try {
    await stage.play(batches);
    return false;
  } catch (error) {
    return kind === (error instanceof Misbehaviour ? error.kind : null);
  }
}

function shownBytes(bytes: Buffer): string {
  const text = JSON.stringify(bytes.toString("latin1"));
  return text.length > 700 ? `${text.slice(0, 350)} ... ${text.slice(-350)}` : text;
}
