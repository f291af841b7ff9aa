/** The words behind `replicant move`. */

import { DEFAULT_DIFFERENCES } from "../../compare/comparison.ts";
import { Ends, type Environment } from "../ends.ts";
import { ToolError } from "../error.ts";
import type { ConductorOptions } from "./conductor.ts";
import type { MoveOptions } from "./mover.ts";

const MEMORY_LIMIT = 64 * 1024 * 1024;
const PATIENCE_MS = 60_000;

export interface Words extends MoveOptions, ConductorOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly showsPassword: boolean;
  readonly positionFile: string | null;
  /** Whether scans are copied, for a source that cannot be followed. */
  readonly scans: boolean;
  /** Between two scans, in ms. */
  readonly intervalMs: number;
}

type Settings = Omit<Words, "from" | "to" | "showsPassword">;

const DEFAULTS: Settings = {
  present: null,
  skip: false,
  memoryLimit: MEMORY_LIMIT,
  spillDirectory: null,
  patienceMs: PATIENCE_MS,
  verify: 0,
  differences: DEFAULT_DIFFERENCES,
  pauseSeconds: null,
  unpauses: false,
  untilCaughtUp: false,
  json: false,
  verbose: false,
  positionFile: null,
  scans: false,
  intervalMs: 1000,
};

const FLAGS: Readonly<Record<string, Partial<Settings>>> = {
  "--flush": { present: "flush" },
  "--replace": { present: "replace" },
  "--skip": { skip: true },
  "--unpause": { unpauses: true },
  "--json": { json: true },
  "--verbose": { verbose: true },
};

const WITH_WORD: Readonly<Record<string, (word: string, option: string) => Partial<Settings>>> = {
  "--until": (word) => {
    if (word !== "caught-up") throw new ToolError(`--until needs caught-up, not ${word}`);
    return { untilCaughtUp: true };
  },
  "--mode": (word) => {
    if (word !== "scan" && word !== "replica") throw new ToolError(`there is no mode ${word}: there are scan and replica`);
    return { scans: word === "scan" };
  },
  "--interval": (word, option) => ({ intervalMs: numberOf(word, option) }),
  "--pause-source": (word, option) => ({ pauseSeconds: numberOf(word, option, 1) }),
  "--verify": (word, option) => ({ verify: word === "all" ? 0 : word === "none" ? null : numberOf(word, option, 1) }),
  "--differences": (word, option) => ({ differences: numberOf(word, option) }),
  "--position-file": (positionFile) => ({ positionFile }),
  "--memory": (word, option) => ({ memoryLimit: numberOf(word, option) }),
  "--spill-dir": (spillDirectory) => ({ spillDirectory }),
  "--patience": (word, option) => ({ patienceMs: numberOf(word, option) * 1000 }),
};

/** Errors: ToolError. */
export function parseWords(argv: readonly string[], environment: Environment): Words {
  const ends = new Ends(["from", "to"], (reason) => new ToolError(reason));
  let settings = DEFAULTS;
  for (let index = 0; index < argv.length; ) {
    const word = argv[index];
    const behind = argv.at(index + 1);
    if (Object.hasOwn(FLAGS, word)) {
      if (word === "--flush" || word === "--replace") checkPresent(settings, word);
      settings = { ...settings, ...FLAGS[word] };
      index++;
    } else if (Object.hasOwn(WITH_WORD, word)) {
      if (behind === undefined) throw new ToolError(`${word} needs a word behind it`);
      settings = { ...settings, ...WITH_WORD[word](behind, word) };
      index += 2;
    } else {
      const taken = ends.take(argv, index);
      if (taken === 0) throw new ToolError(`there is no option ${word} (see replicant move --help)`);
      index += taken;
    }
  }
  if (settings.unpauses && settings.pauseSeconds === null) throw new ToolError("--unpause belongs to --pause-source");
  const [from, to] = ends.addresses(environment, "move");
  if (from.db !== null || to.db !== null) throw new ToolError("all databases are moved: a URL names none here");
  return { ...settings, from, to, showsPassword: ends.showsPassword };
}

function checkPresent({ present }: Settings, word: string): void {
  if (present !== null && `--${present}` !== word) throw new ToolError("--flush and --replace exclude each other");
}

function numberOf(word: string, option: string, least = 0): number {
  if (!/^\d{1,12}$/.test(word) || Number(word) < least) throw new ToolError(`${option} needs a number, not ${word}`);
  return Number(word);
}
