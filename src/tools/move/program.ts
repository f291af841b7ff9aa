/** `replicant move`: from one server to another while clients go on, of whatever family and version they are. */

import { CompareError } from "../../compare/endpoint.ts";
import { FollowError } from "../../follow/error.ts";
import { PositionFile } from "../../follow/position-file.ts";
import { Losses } from "../convert/losses.ts";
import { type Environment, endsUsage, PASSWORD_SEEN } from "../ends.ts";
import { ToolError } from "../error.ts";
import { FAILED, runTool } from "../run.ts";
import { Conductor } from "./conductor.ts";
import { CannotGo } from "./image-writer.ts";
import { Mover } from "./mover.ts";
import { Reporter } from "./reporter.ts";
import { ScanMover } from "./scan-mover.ts";
import { parseWords, type Words } from "./words.ts";

const DIFFERENT = 1;
const CANNOT_GO = 3;
const GIVEN_UP = 4;

const USAGE = `Usage: replicant move [options] FROM TO

Copies all that FROM has to TO, and then each change as it comes, until clients are switched over: keys of all databases with their times, streams
with groups, functions. FROM and TO are Redis, Valkey or Replicant in any version from Redis 5 on, as redis://[USER@]HOST[:PORT],
rediss://... over TLS, or HOST:PORT. FROM is followed as by a replica, TO is written to as by a client. A move that broke off goes on where it was
when it is begun again: TO has a key that says how far it is (replicant:move:position), written in one transaction with each change.

  --flush               remove all that TO has first; without this TO has to be empty
  --replace             leave what TO has, but for keys in the way
  --skip                leave out what TO cannot hold; without this it is named, and nothing is written
  --until caught-up     end when TO has what FROM has, and both are compared; else go on until SIGINT or SIGTERM
  --pause-source SECONDS    then have FROM take no writes for so long, wait until TO has all, compare, and say when to switch
  --unpause             have FROM take writes again after that; without this only where there is nothing to switch to
  --verify all|COUNT|none   what is compared once TO has caught up: all keys (unless told), so many, none
  --differences COUNT   name so many of the keys that differ (16)
  --mode scan           copy scans, again and again, from a FROM that cannot be followed: see docs/moving.md, it is not exact before a pause
  --interval MS         the pause between two scans (1000)
  --position-file FILE  keep there as well how far it is
  --json                a JSON object a line, for programs
  --verbose             say on standard error what happens to the connections
  --memory BYTES        how much may wait in memory for TO (67108864)
  --spill-dir FOLDER    where the rest waits
  --patience SECONDS    end when a server has been out of reach for so long (60)
${endsUsage("from", "to")}
Ends with 0 when TO has what FROM has, with 1 when they differ, with 2 when it could not be done, with 3 when TO cannot hold something, with 4 when
it was stopped before (it can be gone on with).
`;

export interface Surroundings {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  readonly environment: Environment;
  /** Whether what is complained is seen on a terminal. */
  readonly terminal: boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Runs it with the words behind `move`. Returns the exit code. */
export async function moveProgram(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { print, complain, environment } = surroundings;
  const run = (): Promise<number> => move(parseWords(argv, environment), surroundings);
  const codeOf = (error: ToolError): number => (error instanceof CannotGo ? CANNOT_GO : FAILED);
  return runTool({ name: "move", usage: USAGE, run, codeOf }, argv, print, complain);
}

async function move(words: Words, { print, complain, terminal, signal }: Surroundings): Promise<number> {
  if (words.showsPassword) complain(`replicant move: ${PASSWORD_SEEN}\n`);
  const report = new Reporter({ ...words, print, complain, terminal });
  const losses = new Losses((text) => report.complain(text), words);
  const mover = words.scans ? new ScanMover(words, losses, report) : new Mover(words, losses, report);
  const conductor = new Conductor(mover, report, words);
  const { positionFile } = words;
  const kept = positionFile === null ? null : PositionFile.read(positionFile);
  // Until more is known, what is there stays.
  const place = (): string => (mover.place === "" ? (kept ?? "") : mover.place);
  const failed = (error: Error): void => report.complain(`${error.message}\n`);
  const note = positionFile === null ? null : new PositionFile(positionFile, place, failed);
  const stop = (): void => {
    conductor.stop();
    mover.stop();
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const running = mover.run();
  try {
    const ending = await Promise.race([conductor.run(), running.then(() => null)]);
    stop();
    await running;
    report.wipe();
    if (ending === null) {
      complain("replicant move: stopped; the same words go on with it\n");
      return GIVEN_UP;
    }
    if (ending === "different") return DIFFERENT;
    await mover.finish();
    return 0;
  } catch (error) {
    report.wipe();
    if (error instanceof FollowError || error instanceof CompareError) throw new ToolError(error.message);
    throw error;
  } finally {
    stop();
    running.catch(() => {});
    mover.asker.close();
    await note?.close();
  }
}
