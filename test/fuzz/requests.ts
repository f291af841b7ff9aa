/** What one connection of the fuzzer sends: requests in batches, in keeping with the part that it plays. */
import { encodeCommand, type Word } from "../support/client.ts";
import type { Random } from "../support/property.ts";
import type { Command } from "./catalogue.ts";
import { damage, type Outcome, outcomeOf } from "./damage.ts";
import { fenced, IRREGULAR, KILLS, weightOf } from "./fences.ts";
import { SCRIPT_CALLS, type Surroundings, Words } from "./words.ts";

/** `proto-max-bulk-len` of the servers: no value becomes larger than this. */
export const LONGEST_BULK = 1024 * 1024;

/** What connections do most of the time; a part in more than one copy is played more often. */
const PARTS = [
  "plain",
  "plain",
  "plain",
  "plain",
  "resp3",
  "resp3",
  "transactions",
  "transactions",
  "blocking",
  "blocking",
  "subscriber",
  "subscriber3",
  "tracking",
  "monitor",
  "silent",
  "inline",
  "restricted",
  "damaged",
  "damaged",
  "damaged",
  "damaged",
  "leaving",
] as const;
type Part = (typeof PARTS)[number];

/** Which of these closes behind what it was sent, and how: see `Outcome`. */
export type Expectation = "answers" | "bytes" | "closes" | Exclude<Outcome, "ready">;

/** What is sent at one go. With everything that is needed to send it by itself, so that a failing run can be made shorter. */
export interface Batch {
  readonly connection: number;
  /** Another life than the former batch's is another connection. */
  readonly life: number;
  /** What a connection begins with. */
  readonly setup: readonly (readonly Word[])[];
  readonly bytes: Buffer;
  /** How many requests these are. */
  readonly requests: number;
  /** Commands that scripts among them call at most. */
  readonly scriptCalls: number;
  readonly expects: Expectation;
  /** The end of it, whose last reply has `marker` in it; none where no reply is expected. */
  readonly tail: readonly (readonly Word[])[];
  readonly marker: string;
  /** Whether each request gets just one reply. */
  readonly regular: boolean;
  readonly kills: boolean;
  /** Where the bytes are cut into packets. */
  readonly cuts: readonly number[];
}

const SUBSCRIBING = ["subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"];
const GARBAGE: readonly Word[] = [
  "",
  "x",
  "-1",
  "nan",
  "9223372036854775807",
  "LIMIT",
  "WITHSCORES",
  "*",
  "ÿ",
  Buffer.from([0, 255, 13, 10]),
];

/** The commands that a run makes use of, and how often each comes up. */
export class Choice {
  readonly commands: readonly Command[];
  private readonly byName: ReadonlyMap<string, Command>;
  private readonly bounds: readonly number[];
  private readonly keyed: readonly Command[];
  private readonly blocks: readonly Command[];

  constructor(commands: readonly Command[]) {
    this.commands = commands;
    this.byName = new Map(commands.map((command) => [command.fullName, command]));
    this.keyed = commands.filter((command) => command.keyed && !IRREGULAR.test(command.fullName));
    this.blocks = commands.filter((command) => command.blocks && !IRREGULAR.test(command.fullName));
    let sum = 0;
    this.bounds = commands.map((command) => {
      sum += IRREGULAR.test(command.fullName) ? 0 : weightOf(command.fullName, command.keyed);
      return sum;
    });
  }

  named(fullName: string): Command {
    const command = this.byName.get(fullName);
    if (command === undefined) throw new Error(`the server has no command ${fullName}`);
    return command;
  }

  any(random: Random): Command {
    const point = random.next() * this.bounds[this.bounds.length - 1];
    return this.commands[this.bounds.findIndex((bound) => point < bound)];
  }

  having(random: Random, trait: "keyed" | "blocks"): Command {
    return random.pick(this[trait]);
  }
}

/** Makes the batches of one connection. They depend on the seed alone (and times in them on the clock). */
export class Author {
  readonly connection: number;
  private readonly random: Random;
  private readonly words: Words;
  private readonly choice: Choice;
  private part: Part = "plain";
  private setup: readonly (readonly Word[])[] = [];
  private life = 0;
  private left = 0;
  private scriptCalls = 0;
  private names: string[] = [];
  private sent = 0;

  constructor(connection: number, random: Random, choice: Choice, around: Surroundings) {
    this.connection = connection;
    this.random = random;
    this.choice = choice;
    this.words = new Words(random, around);
  }

  /** Another batch. `newestClient` is about the number of the newest connection. */
  next(newestClient: number, longest: number): Batch {
    this.words.newestClient = newestClient;
    if (this.left === 0) this.begin(this.random.pick(PARTS), this.random.between(2, 30));
    this.left -= 1;
    if (this.part === "leaving") return this.leave();
    return this.batch(Array.from({ length: this.random.between(1, longest) }, () => this.group()).flat());
  }

  /** A batch that tries one command several times. */
  tour(fullName: string, times: number): Batch {
    this.begin(IRREGULAR.test(fullName) ? "silent" : this.random.pick(["plain", "resp3"]), 0);
    if (/^(sync|psync)$/.test(fullName)) return this.finish(encodeCommand(this.request(fullName)), 1, "bytes");
    if (fullName === "quit") return this.finish(encodeCommand(["QUIT"]), 1, "closes");
    const inTransaction = /^(exec|discard)$/.test(fullName);
    return this.batch(Array.from({ length: times }, () => [...(inTransaction ? [["MULTI"]] : []), this.request(fullName)]).flat());
  }

  private begin(part: Part, batches: number): void {
    this.life += 1;
    this.part = part;
    this.left = batches;
    this.setup = this.beginning();
  }

  private beginning(): (readonly Word[])[] {
    switch (this.part) {
      case "resp3":
        return [["HELLO", "3"]];
      case "subscriber":
        return [["SUBSCRIBE", "c1"]];
      case "subscriber3":
        return [
          ["HELLO", "3"],
          ["PSUBSCRIBE", "*"],
        ];
      case "tracking":
        return [
          ["HELLO", "3"],
          ["CLIENT", "TRACKING", "ON"],
        ];
      case "monitor":
        return [["MONITOR"]];
      case "restricted":
        return [["AUTH", `u${this.random.between(1, 3)}`, "pw"]];
      default:
        return this.random.chance(0.3) ? [["SELECT", this.random.below(4)]] : [];
    }
  }

  /** Requests that belong together. */
  private group(): Word[][] {
    const { random, choice } = this;
    switch (this.part) {
      case "transactions":
        return this.transaction();
      case "blocking":
        return [this.request((random.chance(0.3) ? choice.having(random, "blocks") : choice.any(random)).fullName)];
      case "subscriber":
        return [this.request(random.chance(0.8) ? random.pick([...SUBSCRIBING, "ping", "reset"]) : choice.any(random).fullName)];
      case "subscriber3":
        return [this.request(random.chance(0.4) ? random.pick(SUBSCRIBING) : choice.any(random).fullName)];
      case "tracking":
        if (random.chance(0.1)) return [this.request(random.pick(["client|tracking", "client|caching", "client|trackinginfo"]))];
        return [this.request(choice.having(random, "keyed").fullName)];
      case "silent":
        return [this.request(random.chance(0.2) ? "client|reply" : choice.any(random).fullName)];
      case "damaged":
        return [this.request(choice.having(random, "keyed").fullName)];
      default:
        return [this.request(choice.any(random).fullName)];
    }
  }

  private transaction(): Word[][] {
    const { random } = this;
    const queued = Array.from({ length: random.between(0, 6) }, () => this.request(this.choice.any(random).fullName));
    const watched = random.chance(0.4) ? [["WATCH", this.words.key("generic"), this.words.key("generic")]] : [];
    return [...watched, ["MULTI"], ...queued, [random.chance(0.9) ? "EXEC" : "DISCARD"]];
  }

  private request(fullName: string): Word[] {
    const { random } = this;
    this.names.push(fullName);
    if (/^(eval|fcall)/.test(fullName)) this.scriptCalls += SCRIPT_CALLS;
    const name = fullName.split("|").map((word) => (random.chance(0.7) ? word.toUpperCase() : word));
    const fixed = fenced(fullName, this.words);
    if (fixed !== null) return [...name, ...fixed];
    const words = this.words.all(this.choice.named(fullName));
    return [...name, ...(random.chance(0.12) ? this.mutate(words) : words)];
  }

  private mutate(words: readonly Word[]): Word[] {
    const { random } = this;
    const changed = [...words];
    const at = random.below(changed.length + 1);
    switch (random.below(7)) {
      case 0:
        changed.splice(at, 1);
        break;
      case 1:
        changed.splice(at, 0, random.pick(GARBAGE));
        break;
      case 2:
        changed.splice(at, 1, random.pick(GARBAGE));
        break;
      case 3:
        changed.splice(at, 0, ...changed.slice(at, at + 2));
        break;
      case 4:
        changed.reverse();
        break;
      case 5:
        changed.splice(at, 1, ...changed.slice(at, at + 1).map((word) => flipped(word, random)));
        break;
      default:
        changed.splice(at, 1, random.bytes(random.chance(0.9) ? random.below(300) : 70_000));
    }
    return changed;
  }

  private batch(requests: readonly (readonly Word[])[]): Batch {
    const { random } = this;
    const inline = this.part === "inline";
    const bytes = Buffer.concat(requests.map((words) => (inline && random.chance(0.8) ? inlined(words) : encodeCommand(words))));
    if (this.part !== "damaged") return this.finish(bytes, requests.length, "answers");
    const damaged = Buffer.concat([bytes, damage(encodeCommand(this.request(this.choice.having(random, "keyed").fullName)), random)]);
    const outcome = outcomeOf(damaged, LONGEST_BULK);
    return this.finish(damaged, requests.length + 1, outcome === "ready" ? "answers" : outcome);
  }

  private leave(): Batch {
    const name = this.random.chance(0.9) ? "quit" : this.random.pick(["sync", "psync"]);
    return this.finish(encodeCommand(this.request(name)), 1, name === "quit" ? "closes" : "bytes");
  }

  private finish(bytes: Buffer, requests: number, expects: Expectation): Batch {
    const { random } = this;
    this.sent += 1;
    const marker = `fuzz-${this.connection}-${this.sent};`;
    const batch: Batch = {
      connection: this.connection,
      life: this.life,
      setup: this.setup,
      bytes,
      requests,
      scriptCalls: this.scriptCalls,
      expects,
      tail: this.tail(marker),
      marker,
      regular: /^(plain|resp3|blocking|transactions)$/.test(this.part),
      kills: this.names.some((name) => KILLS.test(name)),
      cuts: random.chance(0.1) ? Array.from({ length: 3 }, () => random.below(bytes.length)).sort((a, b) => a - b) : [],
    };
    this.names = [];
    this.scriptCalls = 0;
    // A connection that is closed or left is not used again.
    if (expects !== "answers") this.left = 0;
    return batch;
  }

  private tail(marker: string): (readonly Word[])[] {
    // Whom little is allowed may not even PING, but is told that a command does not exist.
    if (this.part === "restricted") return [[marker]];
    return [["DISCARD"], ["CLIENT", "REPLY", "ON"], ["PING", marker]];
  }
}

function flipped(word: Word, random: Random): Word {
  const bytes = Buffer.from(typeof word === "object" ? word : String(word));
  if (bytes.length > 0) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
  return bytes;
}

/** A request on one line; every byte that might part or end it is escaped. */
function inlined(words: readonly Word[]): Buffer {
  const line = words.map((word) => {
    const text = typeof word === "object" ? Buffer.from(word).toString("latin1") : Buffer.from(String(word)).toString("latin1");
    if (/^[\w.*:-]+$/.test(text)) return text;
    return `"${text.replace(/[^ \w]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`;
  });
  const bytes = Buffer.from(`${line.join(" ")}\r\n`, "latin1");
  return bytes.length < 60_000 ? bytes : encodeCommand(words);
}
