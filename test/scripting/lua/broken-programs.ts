/** Lua programs with something wrong in them: tokens of valid ones are dropped, doubled, swapped, replaced, or the text is cut short. */

import type { Random } from "../../support/property.ts";

/** Valid programs that between them have all of Lua's grammar. */
export const PROGRAMS: readonly string[] = [
  `local a, b = 1, "two"
local function add(x, y, ...)
  local n = select("#", ...)
  if n > 0 then return x + y + n elseif x == y then return 2 * x else return x + y end
end
function b.c.d:method(first, ...) return self, arg, first end
return add(a, b), (add(a, b, 3))`,
  `for i = 1, 10, 2 do if i % 2 == 0 then break end end
for key, value in pairs({ 1, 2; x = 3, ["y z"] = 4, [5] = { } }) do t[key] = value; end
while not done do done = next(t) ~= nil or #t >= 3 and t[1] <= 2 end
repeat local last = t[#t] until last == nil or last < 0
do local nothing end`,
  `--[[ a long
comment ]] --[==[ and ]] another ]==]
local text = [[
a long string]] .. [=[ with ]] and
lines]=] .. "escapes \\n\\065\\"\\
end" .. 'single'
return text:upper():rep(2), #text, -text, not text -- end`,
  `local numbers = { 0, 1.5, .5, 3., 1e10, 1E-5, 0xFF, 0x1p4, 123456789012345678, 1e400 }
numbers[1], numbers.x, other = 1, 2
print "one" { two = 2 } [[three]] (4)
return function(...) return ... end, function() end, 2 ^ 3 ^ -2 .. "x" .. 1`,
  `local redis, KEYS, ARGV = redis, KEYS, ARGV
local current = redis.call("get", KEYS[1])
if current and tonumber(current) > tonumber(ARGV[1]) then
  return redis.error_reply("LIMIT reached")
end
current = redis.call('incr', KEYS[1])
if current == 1 then redis.call('pexpire', KEYS[1], ARGV[2] * 1000) end
return { ok = current, cjson.encode({ id = current, list = { 1, 2, 3 } }) }`,
  `local up1, up2 = 1, 2
local function outer(a)
  local function inner(b)
    up1, a = up2, b
    return function() local c = up1; return c, a, b, up2 end
  end
  return inner(a)
end
local t = { f = function(self, x) return self[x] or x end, outer }
t.f, t[outer(1)] = t:f(2), (outer(3)); (t.f)(t)`,
];

const PIECES =
  /--\[(=*)\[.*?\]\1\]|--[^\n]*|\[(=*)\[.*?\]\2\]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|0x[\da-fp]+|[\d.]*\d[\d.]*(?:e[-+]?\d+)?|\w+|\.\.\.?|[=~<>]=|./gis;

/** What gets in where it has no business: tokens of all kinds, and parts of some. */
// biome-ignore format: a table
const INTRUDERS: readonly string[] = [
  ..."and break do else elseif end false for function if in local nil not or repeat return then true until while".split(" "),
  ..."+ - * / % ^ # == ~= <= >= < > = ( ) { } [ ] ; : , . .. ... ~ ! ? @ $ & | \\ `".split(" "),
  ..."name arg 12 .5 3.. 1e 1e+ 1.2.3 0x 0xg 12ab 1_0 08 'text' \"te\\nxt\" \" ' [[long]] [==[long]==] [[ [=[ [= [==x ]] --[[ -- --[==[".split(" "),
  "\"a\\\nb\"", "'\\300'", "'\\25", "'unfinished\n", "[[a\nb]]", "[[a[[b]]", "--[[a[[b]]", "\"nul\0\\0byte\"", "\\\n", "...,",
  "\0", ".\0", "1\0", "\x01", "\x7f", "\x80", "\xff", "\x1b", "\n", "\r", "\r\n", "\n\r", "\t", "\v", "\f", "\n\n",
  "local function ", "function a.b:c() ", "f\n()", "f\n{}", "break end", "return end", "goto x", "a.b.c = ",
];

/** A mutation of one of the programs; it may happen to be valid. */
export function brokenProgram(random: Random, programs: readonly string[] = PROGRAMS): string {
  const pieces = random.pick(programs).match(PIECES) ?? [];
  for (let count = random.pick([1, 1, 1, 2, 3]); count > 0; count--) mutate(random, pieces);
  const text = pieces.join("");
  if (random.chance(0.1)) return text.slice(0, random.below(text.length + 1));
  if (random.chance(0.05)) return text.replaceAll("\n", random.pick(["\r\n", "\r", "\n\r", "\n\n"]));
  return text;
}

function mutate(random: Random, pieces: string[]): void {
  const at = random.below(pieces.length);
  const other = random.below(pieces.length);
  switch (random.below(8)) {
    case 0:
      pieces.splice(at, random.between(1, 3));
      break;
    case 1:
      pieces.splice(at, 0, pieces[at], " ");
      break;
    case 2:
      [pieces[at], pieces[other]] = [pieces[other], pieces[at]];
      break;
    case 3:
      pieces[at] = ` ${random.pick(INTRUDERS)} `;
      break;
    case 4:
      pieces.splice(at, 0, random.pick(INTRUDERS));
      break;
    case 5:
      pieces.splice(at, 0, pieces[other]);
      break;
    case 6:
      pieces[at] = damaged(random, pieces[at]);
      break;
    default:
      pieces.splice(at, 0, " ", random.pick(INTRUDERS), " ");
  }
}

/** One byte of the text is another one, or missing. */
function damaged(random: Random, text: string): string {
  const at = random.below(text.length);
  return text.slice(0, at) + (random.chance(0.5) ? "" : String.fromCharCode(random.below(256))) + text.slice(at + 1);
}
