/** Sequences of random commands of one data type, with some of the others in between. */
import type { Word } from "../support/client.ts";
import type { Request } from "../support/compare.ts";
import type { Random } from "../support/property.ts";
import { Arguments, type Family } from "./arguments.ts";
import { type Template, template, write } from "./template.ts";

/** Commands that stay together when a failing sequence is made shorter: a transaction, or just one. */
export type Step = readonly Request[];

/** What a data type's commands look like; a template in more than one copy comes up more often. */
export interface Commands {
  readonly family: Family;
  readonly templates: readonly Template[];
}

/**
 * The commands of one type: lines of templates (see template.ts), each with how often it comes up beside the others (1 unless told, as in
 * `3x GET key`).
 */
export function commands(family: Family, lines: string): Commands {
  const templates = lines
    .trim()
    .split(/\n+/)
    .flatMap((line) => {
      const [, times, text] = /^\s*(?:(\d+)x )?(.*)$/.exec(line) ?? [];
      return Array<Template>(Number(times ?? 1)).fill(template(text));
    });
  return { family, templates };
}

/** One key of every type, so that commands meet the wrong ones from the start. */
export const PROLOGUE: readonly Step[] = [
  [["SET", "v1", "10"]],
  [["RPUSH", "l1", "a", "2", "c"]],
  [["HSET", "h1", "f", "1", "a", "2"]],
  [["SADD", "s1", "1", "2", "3"]],
  [["ZADD", "z1", "1", "a", "2", "b"]],
  [["XADD", "x1", "1-1", "f", "v"]],
  [["SETBIT", "b1", "7", "1"]],
  [["PFADD", "p1", "a", "b"]],
  [["ZADD", "g1", "3479099956230698", "Palermo"]],
  [["SET", "w1", "x"]],
];

/** Commands between the others of a type: they end keys, and come upon those of other types. */
const COMMON = commands(
  "string",
  `
  4x DEL anykey
  UNLINK anykey anykey
  2x TYPE anykey
  2x OBJECT ENCODING anykey
  2x COPY anykey anykey [REPLACE]
  2x RENAME anykey anykey
  EXPIREAT anykey unixtime
  PEXPIREAT anykey unixtimems
  PEXPIRETIME anykey
  PERSIST anykey
  EXISTS anykey+
  `,
);

/** Commands that wait where there is nothing, but not in a transaction. */
const BLOCKING = commands(
  "list",
  `
  2x BLPOP listkey+ timeout
  2x BRPOP listkey+ timeout
  BRPOPLPUSH listkey listkey timeout
  BLMOVE listkey listkey LEFT|RIGHT LEFT|RIGHT timeout
  BLMPOP timeout listkeys LEFT|RIGHT [COUNT count]
  BZPOPMIN zsetkey+ timeout
  BZPOPMAX zsetkey+ timeout
  BZMPOP timeout zsetkeys MIN|MAX [COUNT count]
  XREAD BLOCK timeout STREAMS streams
  `,
);

const GARBAGE: readonly Word[] = ["", "x", "-1", "nan", "9223372036854775807", "LIMIT", "WITHSCORES", "ÿ"];

/** Makes `count` steps. */
export function sequence(random: Random, of: readonly Commands[], count: number, payloads: readonly Buffer[]): Step[] {
  const groups = of.map((group) => ({ templates: group.templates, a: new Arguments(random, group.family, payloads) }));
  const common = { templates: COMMON.templates, a: new Arguments(random, "string", payloads) };
  const blocking = { templates: BLOCKING.templates, a: new Arguments(random, "list", payloads) };
  const request = (inTransaction = false): Request => {
    const { templates, a } = inTransaction && random.chance(0.1) ? blocking : random.chance(0.05) ? common : random.pick(groups);
    const words = write(random.pick(templates), a);
    return random.chance(0.03) ? spoiled(random, words) : words;
  };
  const steps: Step[] = [...PROLOGUE];
  while (steps.length < count) steps.push((random.chance(0.02) ? transaction(random, request) : [request()]).flatMap(prepared));
  return steps;
}

/**
 * With a command before that puts the server into a known state. SORT in Redis takes an errno of a command before, ERANGE of strtoul or strtod, for
 * one of its own: ZADD sets it to 0. BITFIELD with OVERFLOW FAIL makes a string longer without telling replicas: SETBIT does before.
 */
function prepared(request: Request): Request[] {
  const name = String(request[0]).toUpperCase();
  if (name.startsWith("SORT")) return [["ZADD", "nowhere", "XX", "0", "m"], request];
  if (name === "BITFIELD" && request.length > 1 && request.some((word) => /^fail$/i.test(String(word))))
    return [["SETBIT", request[1], "4100", "0"], request];
  return [request];
}

/**
 * What a wrong word would leave to chance: SPOP and SCAN with another count, ranges by name in a sorted set that has several scores; and
 * what 7.2 does otherwise with ZRANK, XSETID and timeouts out of range.
 */
const UNSPOILT = /^SPOP|^.?SCAN|^Z\w* (y\d|w1)|^Z(REV)?RANK|^XSETID|^B[LRZ]|^XREAD BLOCK/i;

/** With a word too few, too many or out of place. */
function spoiled(random: Random, words: readonly Word[]): Word[] {
  if (UNSPOILT.test(words.slice(0, 2).join(" "))) return [...words];
  const spoilt = [...words];
  const at = random.between(1, Math.min(12, spoilt.length));
  switch (random.below(4)) {
    case 0:
      spoilt.splice(at, 1);
      break;
    case 1:
      spoilt.splice(at, 0, random.pick(GARBAGE));
      break;
    case 2:
      if (at < spoilt.length) spoilt[at] = random.pick(GARBAGE);
      break;
    default:
      spoilt.length = at;
  }
  return spoilt;
}

function transaction(random: Random, request: (inTransaction?: boolean) => Request): Step {
  const body = Array.from({ length: random.between(1, 8) }, () => request(true));
  const watch: Request[] = random.chance(0.2) ? [["WATCH", "v1", "l1", "s1"], ...(random.chance(0.5) ? [request()] : [])] : [];
  return [...watch, ["MULTI"], ...body, [random.chance(0.9) ? "EXEC" : "DISCARD"]];
}
