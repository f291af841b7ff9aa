/** The types of single directives whose values are lists or pairs: save points, buffer limits, addresses and the like. */

import { resolve } from "node:path";
import { fromBytes, toBytes } from "../base/utf8.ts";
import { quoteWord } from "../base/words.ts";
import { InvalidValue } from "./error.ts";
import { type Kind, manyWords, oneWord, quotedLine, type Setting } from "./kinds.ts";
import { formatDecimal, formatMemory, parseFloatingPoint, parseLoose, parseMemory } from "./numbers.ts";

const WRONG_COUNT = "wrong number of arguments";

/** `save`: a snapshot is due once `seconds` have passed since the last one and at least `changes` keys changed. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** `save <seconds> <changes> [...]`; no words, or one empty word, mean no save points. In a file, later lines add to earlier ones. */
export const savePoints = manyWords<readonly SavePoint[]>(
  '<seconds> <changes> [<seconds> <changes> ...]|""',
  (words, context) => {
    if (isEmptyList(words)) return { value: [], text: "" };
    if (words.length % 2 !== 0) throw new InvalidValue("Invalid save parameters");
    const value = context.repeated ? [...context.current.value] : [];
    for (let i = 0; i < words.length; i += 2) {
      const seconds = parseLoose(words[i]);
      const changes = parseLoose(words[i + 1]);
      if (seconds === null || changes === null || seconds < 1n || changes < 0n) throw new InvalidValue("Invalid save parameters");
      value.push({ seconds: Number(seconds), changes: Number(BigInt.asIntN(32, changes)) });
    }
    return { value, text: value.map((point) => `${point.seconds} ${point.changes}`).join(" ") };
  },
  (setting) => {
    if (setting.value.length === 0) return [{ words: '""', force: true }];
    return setting.value.map((point) => ({ words: `${point.seconds} ${point.changes}`, force: true }));
  },
);

/** When a client with unread replies is disconnected: at once above `hard` bytes, or after `softSeconds` above `soft`; 0 is no limit. */
export interface OutputLimit {
  readonly hard: number;
  readonly soft: number;
  readonly softSeconds: number;
}

/** `client-output-buffer-limit`, by class of client. */
export interface OutputLimits {
  readonly normal: OutputLimit;
  readonly replica: OutputLimit;
  readonly pubsub: OutputLimit;
}

const CLIENT_CLASSES: ReadonlyMap<string, keyof OutputLimits> = new Map([
  ["normal", "normal"],
  ["slave", "replica"],
  ["replica", "replica"],
  ["pubsub", "pubsub"],
]);
const CLASS_ORDER = ["normal", "replica", "pubsub"] as const;

/** Quadruples of class, hard limit, soft limit, seconds; classes that are not named keep theirs. */
export const outputLimits = manyWords<OutputLimits>(
  "<normal|replica|pubsub> <hard bytes> <soft bytes> <soft seconds> [...]",
  (words, { current }) => {
    if (words.length % 4 !== 0) throw new InvalidValue("Wrong number of arguments in buffer limit configuration.");
    const value: { -readonly [K in keyof OutputLimits]: OutputLimit } = { ...current.value };
    for (let i = 0; i < words.length; i += 4) {
      const clientClass = CLIENT_CLASSES.get(words[i].toLowerCase());
      if (clientClass === undefined) throw new InvalidValue("Invalid client class specified in buffer limit configuration.");
      value[clientClass] = outputLimit(words[i + 1], words[i + 2], words[i + 3]);
    }
    return { value, text: CLASS_ORDER.map((name) => `${name === "replica" ? "slave" : name} ${limitWords(value[name])}`).join(" ") };
  },
  (setting, initial) =>
    CLASS_ORDER.map((name) => {
      const { hard, soft, softSeconds } = setting.value[name];
      const words = `${name} ${formatMemory(BigInt(hard))} ${formatMemory(BigInt(soft))} ${softSeconds}`;
      return { words, force: limitWords(setting.value[name]) !== limitWords(initial.value[name]) };
    }),
);

function outputLimit(hardWord: string, softWord: string, secondsWord: string): OutputLimit {
  const hard = parseMemory(hardWord);
  const soft = parseMemory(softWord);
  const seconds = parseLoose(secondsWord);
  const softSeconds = seconds === null ? -1 : Number(BigInt.asIntN(32, seconds));
  if (hard === null || soft === null || softSeconds < 0) {
    throw new InvalidValue("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
  }
  return { hard: Number(hard), soft: Number(soft), softSeconds };
}

function limitWords({ hard, soft, softSeconds }: OutputLimit): string {
  return `${BigInt(hard)} ${BigInt(soft)} ${softSeconds}`;
}

/** A set of classes of keyspace events, one bit each: Redis's numbers, as EventClass in keyspace/events.ts names them. */
type EventClasses = number;

type Letters = Readonly<Record<string, EventClasses>>;

/** The classes that the letter A stands for, in the order they are shown: all but new keys and misses. d is for modules. */
const ALL: Letters = { g: 1 << 2, $: 1 << 3, l: 1 << 4, s: 1 << 5, h: 1 << 6, z: 1 << 7, x: 1 << 8, e: 1 << 9, t: 1 << 10, d: 1 << 13 };
const NEW_KEY: Letters = { n: 1 << 14 };
/** Where events are published (keyspace, keyevent), and misses. */
const OTHERS: Letters = { K: 1 << 0, E: 1 << 1, m: 1 << 11 };
const A: Letters = { A: Object.values(ALL).reduce((bits, bit) => bits | bit, 0) };
const BITS: ReadonlyMap<string, EventClasses> = new Map(Object.entries({ ...ALL, ...NEW_KEY, ...OTHERS, ...A }));

/** The letters of `classes` in Redis's order. Beside A, the letter n is not shown: Redis 7.2 does the same. */
function formatEventClasses(classes: EventClasses): string {
  const shown = (classes & A.A) === A.A ? { ...A, ...OTHERS } : { ...ALL, ...NEW_KEY, ...OTHERS };
  return Object.keys(shown)
    .filter((letter) => (classes & shown[letter]) !== 0)
    .join("");
}

/** `notify-keyspace-events`: letters in any order, shown in Redis's order. */
export const eventClasses = oneWord<EventClasses>(
  "<letters of Ag$lshzxeKEtmdn>",
  (word) => {
    let value: EventClasses = 0;
    for (const letter of word) {
      const bit = BITS.get(letter);
      if (bit === undefined) throw new InvalidValue("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
      value |= bit;
    }
    return { value, text: formatEventClasses(value) };
  },
  quotedLine,
);

/** `oom-score-adj-values`: how much more readily the kernel ends this process as a master, as a replica, while it saves. */
export const oomScores = manyWords<readonly number[]>("<master> <replica> <background child>", (words) => {
  if (words.length !== 3) throw new InvalidValue(WRONG_COUNT);
  const value = words.map((word) => Number(parseLoose(word) ?? Number.NaN));
  if (value.some((score) => !(score >= -2000 && score <= 2000))) {
    throw new InvalidValue("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
  }
  return { value, text: value.join(" ") };
});

const MOST_WORDS = 16;

function wordList(syntax: string, tooMany: string): Kind<readonly string[]> {
  return manyWords<readonly string[]>(
    syntax,
    (words) => {
      if (words.length > MOST_WORDS) throw new InvalidValue(tooMany);
      const value = isEmptyList(words) ? [] : [...words];
      return { value, text: value.join(" ") };
    },
    // As in Redis, no line holds the default.
    (setting, initial) => (setting.text === initial.text ? [] : [{ words: setting.text === "" ? '""' : setting.text, force: true }]),
  );
}

/** `bind`: the addresses to listen on; one that starts with `-` may be missing on this machine; none at all means no TCP listener. */
export const addresses = wordList('<address> [<address> ...]|""', "Too many bind addresses specified.");

/** Names of hosts. */
export const hostNames = wordList('<name> [<name> ...]|""', "Too many names specified.");

/** Where a master listens. */
export interface MasterAddress {
  readonly host: string;
  readonly port: number;
}

/** `replicaof <host> <port>`, or `no one` for a master: null. */
export const masterAddress = manyWords<MasterAddress | null>(
  "<host> <port>|no one",
  (words) => {
    if (words.length !== 2) throw new InvalidValue(WRONG_COUNT);
    const [host, portWord] = words;
    if (host.toLowerCase() === "no" && portWord.toLowerCase() === "one") return { value: null, text: "" };
    const port = parseLoose(portWord);
    if (port === null || port < 0n || port > 65535n) throw new InvalidValue("Invalid master port");
    return { value: { host, port: Number(port) }, text: `${host} ${port}` };
  },
  (setting) => (setting.value === null ? [] : [{ words: setting.text, force: true }]),
);

/** `latency-tracking-info-percentiles`: which percentiles INFO latencystats shows; none when empty. */
export const percentiles = manyWords<readonly number[]>(
  '<percentile> [<percentile> ...]|""',
  (words) => {
    const value = isEmptyList(words) ? [] : words.map(percentile);
    return { value, text: value.map(formatDecimal).join(" ") };
  },
  (setting) => [{ words: setting.text === "" ? '""' : setting.text, force: true }],
);

function percentile(word: string): number {
  const value = parseFloatingPoint(word);
  if (value === null) throw new InvalidValue("Invalid latency-tracking-info-percentiles parameters");
  if (value < 0 || value > 100) throw new InvalidValue("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
  return value;
}

/**
 * `dir`: the working directory. Redis enters it; we only remember it, because servers that share a process share its working directory too.
 * Its value is absolute: a relative path is meant from the directory before.
 */
export const directory = oneWord<string>(
  "<path>",
  (word, { current, surroundings }) => {
    const target = resolve(current.value, fromBytes(word));
    const refusal = word === "" ? "No such file or directory" : surroundings.refuseDirectory(target);
    if (refusal !== null) throw new InvalidValue(refusal);
    return directorySetting(target);
  },
  (setting) => [{ words: quoteWord(setting.text), force: true }],
);

/** The setting that says `path`. */
export function directorySetting(path: string): Setting<string> {
  return { value: path, text: toBytes(path) };
}

function isEmptyList(words: readonly string[]): boolean {
  return words.length === 0 || (words.length === 1 && words[0] === "");
}
