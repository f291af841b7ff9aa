/** Random programs that build a table in all ways there are, and tell of its order and length as they go. */

import type { Random } from "../../support/property.ts";
import { luaBytes, randomBytes } from "./data-oracle.ts";

/** What the programs use: `note(t)` notes the length and the keys in their order, and the script returns `told()`. */
export const TABLE_PRELUDE = `collectgarbage("stop")
local notes = {}
local function note(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = tostring(k) end
  notes[#notes + 1] = #t .. ":" .. table.concat(keys, " ")
end
local function stepped(t)
  local keys, key = {}, nil
  repeat
    key = next(t, key)
    keys[#keys + 1] = tostring(key)
  until key == nil
  notes[#notes + 1] = #t .. "/" .. table.concat(keys, " ")
end
local function some(n) local t = {} for i = 1, n do t[i] = i end return unpack(t, 1, n) end
local function told() collectgarbage("restart") return table.concat(notes, "\\n") end
`;

/** One program: a block of statements. */
export function randomTableProgram(random: Random): string {
  const lines = [`local t = ${randomConstructor(random)}`];
  const keys = new KeyPool(random);
  for (let left = random.pick([0, 1, 3, 8, 20, 60]); left > 0; left--) {
    lines.push(random.pick(STATEMENTS)(random, keys));
    if (random.chance(0.1)) lines.push(random.pick(["note(t)", "stepped(t)", "notes[#notes + 1] = #t"]));
  }
  lines.push("note(t)", "stepped(t)");
  return `do\n${lines.join("\n")}\nend\n`;
}

/** Keys of one program: so few that they come again. */
class KeyPool {
  private readonly keys: string[];
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
    const style = random.below(4);
    this.keys = Array.from({ length: random.pick([1, 2, 4, 10, 30]) }, () => {
      switch (style === 0 ? random.below(3) + 1 : style) {
        case 1:
          return String(random.between(1, random.pick([3, 10, 40])));
        case 2:
          return randomName(random);
        default:
          return randomKey(random);
      }
    });
  }

  one(): string {
    return this.random.pick(this.keys);
  }
}

function randomName(random: Random): string {
  const name = random.pick(["id", "name", "a", "b", "value", "x", "count", "__proto__", "constructor"]);
  return luaBytes(random.chance(0.8) ? name + random.below(20) : randomBytes(random, random.pick([1, 8, 40, 100])));
}

function randomKey(random: Random): string {
  return random.pick([
    () => String(random.between(-3, 20)),
    () => String(2 ** random.below(40) + random.between(-1, 1)),
    () => `(${random.between(-1000, 1000)} / ${random.pick([2, 3, 7, 10, 1024])})`,
    () => random.pick(["true", "false", "1e300", "-1e-300", "1e15", "2^53", "math.huge", "-math.huge"]),
    () => randomName(random),
  ])();
}

function randomConstructor(random: Random): string {
  const items: string[] = [];
  const list = random.chance(0.5) ? random.pick([1, 2, 3, 4, 5, 8, 9, 16, 17, 50, 51, random.below(120)]) : 0;
  const pairs = random.chance(0.5) ? random.pick([1, 2, 3, 4, 5, 9, 17, random.below(40)]) : 0;
  const holes = random.pick([0, 0, 0.1, 0.5]);
  for (let index = 0; index < list; index++) items.push(random.chance(holes) ? "nil" : String(index));
  for (let index = 0; index < pairs; index++) {
    // Lua sets the list 50 items at a time, between the pairs.
    const key = list >= 50 || random.chance(0.7) ? randomName(random) : randomKey(random);
    const item = `[${key}] = ${random.chance(0.9) ? index : "nil"}`;
    items.splice(random.chance(0.5) ? items.length : random.below(items.length + 1), 0, item);
  }
  if (random.chance(0.15)) items.push(`some(${random.pick([0, 1, 2, 3, 7, 20, 60])})`);
  return `{${items.join(", ")}}`;
}

const STATEMENTS: readonly ((random: Random, keys: KeyPool) => string)[] = [
  (_, keys) => `t[${keys.one()}] = 1`,
  (_, keys) => `t[${keys.one()}] = 1`,
  (_, keys) => `t[${keys.one()}] = nil`,
  () => "t[#t + 1] = 1",
  () => "t[#t] = nil",
  () => "t[#t + 1] = nil",
  (random) => `t[${random.between(1, 12)}] = ${random.pick(["1", "1", "nil"])}`,
  (random) => `for i = ${random.between(-1, 3)}, ${random.between(0, 40)} do t[i] = i end`,
  (random) => `for i = ${random.between(0, 40)}, ${random.between(-1, 3)}, -1 do t[i] = i end`,
  (random) => `for i = 1, ${random.between(1, 30)} do t["k" .. i] = ${random.pick(["i", "i", "nil"])} end`,
  (random) => `for i = 1, ${random.between(1, 30)} do t[i] = i t["s" .. i] = i end`,
  (random) => `for i = ${random.between(1, 9)}, ${random.between(1, 30)} do t[i] = nil end`,
  (random) => `for i = 1, ${random.pick([3, 20, 120])} do t[#t + 1] = i end`,
  (random) => `local n = #t for i = 1, ${random.pick([5, 50])} do t[n + i] = i t[i] = nil end`,
  (random) => `for i = 1, ${random.between(1, 10)} do table.insert(t, ${random.pick(["", "1, ", "2, ", "#t, "])}i) end`,
  (random) => `for i = 1, ${random.between(1, 10)} do table.remove(t${random.pick(["", ", 1", ", 2"])}) end`,
  (random) => `for k in pairs(t) do if ${random.pick(["true", "type(k) == 'number'", "type(k) == 'string'"])} then t[k] = nil end end`,
  () => "for k in pairs(t) do t[k] = k end",
  (random, keys) => `rawset(t, ${keys.one()}, ${random.below(3)})`,
  () => "note(t)",
  () => "notes[#notes + 1] = tostring(next(t))",
];
