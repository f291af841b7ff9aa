/** `replicant follow`: the changes of a server, as lines. */

import { hasCode } from "../base/files.ts";
import type { FeedEvent, ValueType } from "../changes/events.ts";
import { TYPE_WORDS } from "../changes/typed-value.ts";
import { TLS_USAGE, type TlsFiles, takeTlsFile } from "../config/tls-words.ts";
import { FollowError } from "./error.ts";
import { asJson, type JsonText, jsonLine, shortLine } from "./json.ts";
import { openFeed } from "./open.ts";
import type { FollowOptions } from "./options.ts";

const USAGE = `Usage: replicant follow [options] [URL ...]

Shows what a server has, and then each change of it, until it is ended. URL is redis://[USER@]HOST[:PORT][/DB] or, over TLS, rediss://...: a
Redis, a Valkey or a Replicant. Without one it is that of the environment variable REPLICANT_URL. Of several the next is followed when one is gone.

  --json                a JSON object a line, with all that is known; else a short line for people: the offset, the database, the command
  --from POSITION       go on behind this position, which each object has; "now": without what is there already
  --position-file FILE  keep the position in FILE, and go on from there
  --types TYPE,...      only string, list, set, zset, hash, stream keys
  --keys PATTERN        only keys that match, as KEYS takes it
  --db NUMBER           only this database
  --values              what each key held before and after (keeps a copy of all keys in memory)
  --mode scan           compare scans: for a server that cannot be followed; not exact
  --interval MS         the pause between two scans (1000)
  --user NAME           log in as NAME; the password is in the environment variable REDISCLI_AUTH
  --memory BYTES        how much may wait in memory for who reads this (67108864)
  --spill-dir FOLDER    where the rest waits
  --patience SECONDS    end when the server has been out of reach for so long
  --verbose             say on standard error what happens to the connection
${TLS_USAGE}
A password in a URL on the command line can be seen by other users of the machine: give it in REPLICANT_URL or REDISCLI_AUTH.
Ends with 0 when it is told to (SIGINT, SIGTERM, no one reads any more), with 1 when it cannot go on, with 2 when it was asked for what is not.
`;

const FAILED = 1;
const MISUSED = 2;

export interface Surroundings {
  /** Writes, and waits until that is done. Errors: the system's. */
  readonly print: (text: string) => Promise<void>;
  readonly complain: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

interface Request {
  readonly urls: readonly string[];
  readonly options: FollowOptions;
  readonly line: (event: FeedEvent<JsonText>) => string;
}

/** Runs it with the words behind `follow`. Returns the exit code. */
export async function followProgram(argv: readonly string[], { print, complain, environment, signal }: Surroundings): Promise<number> {
  if (argv.some((word) => word === "--help" || word === "-h")) {
    await print(USAGE);
    return 0;
  }
  try {
    const { urls, options, line } = parseWords(argv, environment, complain);
    if (urls.some((url) => argv.includes(url) && /\/\/[^@/]*:[^@/]+@/.test(url))) {
      complain(
        "replicant follow: a password on the command line can be seen by others: REPLICANT_URL or REDISCLI_AUTH can have it instead\n",
      );
    }
    const feed = openFeed(urls, { ...options, signal }, asJson);
    for await (const events of feed.batches()) await print(events.map(line).join(""));
    return 0;
  } catch (error) {
    // Who has read our output has enough.
    if (hasCode(error, "EPIPE")) return 0;
    if (!(error instanceof FollowError)) throw error;
    complain(`replicant follow: ${error.message}\n`);
    if (error.position !== null) complain(`replicant follow: it can be gone on with --from ${error.position}\n`);
    return error.code === "OPTION" || error.code === "ADDRESS" ? MISUSED : FAILED;
  }
}

/** Options with a word behind them, and what that does. */
type WordOptions = Readonly<Record<string, (word: string, option: string) => FollowOptions>>;

const WITH_WORD: WordOptions = {
  "--from": (from) => ({ from }),
  "--position-file": (positionFile) => ({ positionFile }),
  "--types": (types) => ({ types: typesOf(types) }),
  "--keys": (keys) => ({ keys }),
  "--db": (word, option) => ({ db: countOf(option, word) }),
  "--mode": (mode) => ({ mode: modeOf(mode) }),
  "--interval": (word, option) => ({ intervalMs: countOf(option, word) }),
  "--user": (user) => ({ user }),
  "--memory": (word, option) => ({ memoryLimit: countOf(option, word) }),
  "--spill-dir": (spillDirectory) => ({ spillDirectory }),
  "--patience": (word, option) => ({ patienceMs: countOf(option, word) * 1000 }),
};

function parseWords(argv: readonly string[], environment: Surroundings["environment"], complain: Surroundings["complain"]): Request {
  const urls: string[] = [];
  const tls: TlsFiles & { rejectUnauthorized?: boolean } = {};
  let options: FollowOptions = {};
  let line = shortLine;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index];
    const withWord = Object.hasOwn(WITH_WORD, word) ? WITH_WORD[word] : null;
    if (withWord !== null) options = { ...options, ...withWord(wordBehind(argv, index++), word) };
    else if (takeTlsFile(word, argv[index + 1], tls, (reason) => new FollowError("OPTION", reason))) index++;
    else if (word === "--insecure") tls.rejectUnauthorized = false;
    else if (word === "--json") line = jsonLine;
    else if (word === "--values") options = { ...options, values: true };
    else if (word === "--verbose") options = { ...options, log: (text) => complain(`${text}\n`) };
    else if (word.startsWith("-")) throw new FollowError("OPTION", `there is no option ${word} (see replicant follow --help)`);
    else urls.push(word);
  }
  const { REPLICANT_URL: url = "", REDISCLI_AUTH: password = "" } = environment;
  if (urls.length === 0 && url !== "") urls.push(...url.split(/\s+/));
  if (urls.length === 0) throw new FollowError("OPTION", "a URL is needed (see replicant follow --help)");
  if (Object.keys(tls).length > 0) options = { ...options, tls };
  if (password !== "") options = { ...options, password };
  return { urls, options, line };
}

function wordBehind(argv: readonly string[], index: number): string {
  const word = argv[index + 1];
  if (word === undefined) throw new FollowError("OPTION", `${argv[index]} needs a word behind it`);
  return word;
}

function countOf(option: string, word: string): number {
  if (!/^\d{1,15}$/.test(word)) throw new FollowError("OPTION", `${option} needs a number, not ${word}`);
  return Number(word);
}

function typesOf(word: string): ValueType[] {
  const types = word.split(",");
  for (const type of types)
    if (!TYPE_WORDS.includes(type)) throw new FollowError("OPTION", `there is no type ${type}: there are ${TYPE_WORDS.join(", ")}`);
  return types as ValueType[];
}

function modeOf(word: string): "replica" | "scan" {
  if (word !== "scan" && word !== "replica") throw new FollowError("OPTION", `there is no mode ${word}: there are scan and replica`);
  return word;
}
