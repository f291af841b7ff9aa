import { test } from "bun:test";
import type { Random } from "../../support/property.ts";
import { describeWithRedis } from "../../support/redis.ts";
import { type DataOracle, mutated, randomBytes, randomLuaTable, randomRounds, useDataOracle } from "./data-oracle.ts";

/** The first byte of each kind of number, and how many follow it. */
const NUMBER_CODES = [
  [0xca, 4],
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
] as const;

describeWithRedis("cmsgpack", () => {
  const oracle = useDataOracle();

  test("pack writes numbers in the shortest form that keeps them", async () => {
    const numbers = [
      "0",
      "-0",
      "1",
      "127",
      "128",
      "255",
      "256",
      "65535",
      "65536",
      "2^31",
      "2^32-1",
      "2^32",
      "2^53",
      "2^63-1024",
      "2^63",
      "2^64",
      "-1",
      "-32",
      "-33",
      "-128",
      "-129",
      "-32768",
      "-32769",
      "-2^31",
      "-2^31-1",
      "-2^53",
      "-2^63",
      "-2^63-2048",
      "0.5",
      "-0.5",
      "0.1",
      "1.5",
      "1e300",
      "-1e300",
      "1e-300",
      "1/0",
      "-1/0",
      "0/zero",
      "3.14",
      "2^100",
      "2^128",
      "1e10+0.5",
      "16777217.5",
      "5e-324",
      "2^-149",
      "2^-150",
    ];
    await oracle().compare(numbers.map((number) => `cmsgpack.pack(${number}), cmsgpack.unpack(cmsgpack.pack(${number}))`));
  });

  test("pack writes strings, booleans and nil; what MessagePack does not have is nil", async () => {
    const lengths = [0, 1, 31, 32, 255, 256, 65535, 65536];
    await oracle().compare(
      lengths.map((length) => `cmsgpack.pack(('x'):rep(${length})), #cmsgpack.unpack(cmsgpack.pack(('x'):rep(${length})))`),
    );
    await oracle().compare([
      "cmsgpack.pack(true), cmsgpack.pack(false), cmsgpack.pack(nil), cmsgpack.pack(cjson.null), cmsgpack.pack(cjson.encode)",
      "cmsgpack.pack(coroutine.create(function() end)), cmsgpack.pack('\\0\\255')",
      "cmsgpack.pack(1, 'a', nil, {}), cmsgpack.pack(nil, nil), cmsgpack.pack({cjson.null, 1})",
    ]);
  });

  test("pack writes keys 1 to n as a list, all others as a map", async () => {
    await oracle().compare([
      "cmsgpack.pack({}), cmsgpack.pack({1, 2, 3}), cmsgpack.pack({a = 1}), cmsgpack.pack({1, a = 2}), cmsgpack.pack({[1] = 1, [3] = 2})",
      "cmsgpack.pack({[2] = 1, [1] = 2}), cmsgpack.pack({[1.5] = 2}), cmsgpack.pack({[0] = 1}), cmsgpack.pack({[-1] = 1}), cmsgpack.pack({[2^31] = 1})",
      "cmsgpack.pack({nil, 2}), cmsgpack.pack({1, nil, 3}), cmsgpack.pack({[true] = 1}), cmsgpack.pack({['1'] = 1}), cmsgpack.pack({[{1}] = 1})",
      ...[14, 15, 16, 17, 65535, 65536].map(
        (count) =>
          `(function() local t = {} for i = 1, ${count} do t[i] = 1 end return #cmsgpack.pack(t), cmsgpack.pack(t):sub(1, 8) end)()`,
      ),
      ...[14, 15, 16, 17, 65535, 65536].map(
        (count) =>
          `(function() local t = {} for i = 1, ${count} do t[i + 1] = 1 end return #cmsgpack.pack(t), cmsgpack.pack(t):sub(1, 8) end)()`,
      ),
      "cmsgpack.pack(setmetatable({}, {__index = function() return 1 end, __len = function() return 3 end}))",
    ]);
  });

  test("tables in tables are written to the 16th, also those that hold themselves", async () => {
    await oracle().compare([
      ...[15, 16, 17].map((count) => `(function() local t = 1 for i = 1, ${count} do t = {t} end return cmsgpack.pack(t) end)()`),
      "(function() local t = {} t[1] = t return cmsgpack.pack(t) end)()",
      "(function() local t = {} t.a = t return cmsgpack.pack(t) end)()",
      "(function() local t = {1} for i = 1, 20 do t = {[t] = i} end return cmsgpack.pack(t) end)()",
    ]);
  });

  test("unpack reads every form", async () => {
    const texts = [
      "\\0", "\\127", "\\224", "\\255", "\\192", "\\194", "\\195", "\\204\\200", "\\205\\200\\1", "\\206\\200\\1\\2\\3", "\\207\\200\\1\\2\\3\\4\\5\\6\\7",
      "\\207\\255\\255\\255\\255\\255\\255\\255\\255", "\\207\\0\\32\\0\\0\\0\\0\\0\\1", "\\207\\0\\64\\0\\0\\0\\0\\0\\3", "\\208\\200", "\\209\\200\\1", "\\210\\200\\1\\2\\3",
      "\\211\\200\\1\\2\\3\\4\\5\\6\\7", "\\211\\127\\255\\255\\255\\255\\255\\255\\255", "\\202\\63\\192\\0\\0", "\\202\\127\\128\\0\\0", "\\203\\63\\248\\0\\0\\0\\0\\0\\0", "\\203\\127\\248\\0\\0\\0\\0\\0\\0",
      "\\160", "\\163abc", "\\217\\3abc", "\\218\\0\\3abc", "\\219\\0\\0\\0\\3abc", "\\144", "\\147\\1\\2\\3", "\\147\\1\\192\\3", "\\147\\192\\192\\192", "\\220\\0\\2\\1\\2", "\\221\\0\\0\\0\\2\\1\\2",
      "\\128", "\\129\\161a\\1", "\\130\\161a\\1\\161a\\192", "\\129\\1\\2", "\\129\\145\\1\\2", "\\222\\0\\1\\161a\\1", "\\223\\0\\0\\0\\1\\161a\\1", "\\129\\194\\195",
      "\\1\\2\\3", "\\192\\192", "", "\\129\\192\\1", "\\129\\202\\127\\192\\0\\0\\1",
    ]; // biome-ignore format: a table
    await oracle().compare(texts.map((text) => `cmsgpack.unpack('${text}')`));
    const cut = texts.filter((text) => text !== "").map((text) => `cmsgpack.unpack(('${text}'):sub(1, -2))`);
    await oracle().compare(cut);
    const unknown = [193, 196, 197, 198, 199, 200, 201, 212, 213, 214, 215, 216];
    await oracle().compare(
      unknown.flatMap((code) => [`cmsgpack.unpack('\\${code}')`, `cmsgpack.unpack('\\145\\${code}')`, `cmsgpack.unpack('\\1\\${code}')`]),
    );
  });

  test("unpack_one and unpack_limit say where to go on", async () => {
    const three = "'\\1\\162ab\\3'";
    await oracle().compare([
      `cmsgpack.unpack_one(${three}), cmsgpack.unpack_one(${three}, 1), cmsgpack.unpack_one(${three}, 4)`,
      `cmsgpack.unpack_one(${three}, 5)`,
      `cmsgpack.unpack_one(${three}, 6)`,
      `cmsgpack.unpack_one(${three}, -1)`,
      `cmsgpack.unpack_one(${three}, 3)`,
      `cmsgpack.unpack_one(${three}, '1'), cmsgpack.unpack_one(${three}, 1.9), cmsgpack.unpack_one(${three}, nil)`,
      `cmsgpack.unpack_one(${three}, {})`,
      "cmsgpack.unpack_one()",
      "cmsgpack.unpack_one('')",
      "cmsgpack.unpack_one(12), cmsgpack.unpack(12)",
      `cmsgpack.unpack_limit(${three}, 0, 0)`,
      `cmsgpack.unpack_limit(${three}, 0, 1), cmsgpack.unpack_limit(${three}, 0, 5)`,
      `cmsgpack.unpack_limit(${three}, 2)`,
      `cmsgpack.unpack_limit(${three}, 2, 1)`,
      `cmsgpack.unpack_limit(${three}, 3)`,
      `cmsgpack.unpack_limit(${three}, 100, 1)`,
      `cmsgpack.unpack_limit(${three}, 1e300)`,
      `cmsgpack.unpack_limit(${three}, -1, 4)`,
      `cmsgpack.unpack_limit(${three}, 1, 2^40)`,
      `cmsgpack.unpack_limit(${three}, 1, 6)`,
      `cmsgpack.unpack_limit(${three})`,
      "cmsgpack.unpack_limit({}, 'x')",
      "cmsgpack.unpack_limit({}, 1, 'x')",
      "cmsgpack.unpack_limit({}, 1, 1)",
      "cmsgpack.unpack()",
      "cmsgpack.unpack({})",
      "cmsgpack.pack()",
      "pcall(cmsgpack.pack)",
      "pcall(cmsgpack.unpack, '\\129\\192\\1')",
    ]);
  });

  test("C's stack limits results, depth and arguments", async () => {
    const results = [7997, 7998, 7999, 8000];
    const depths = [3998, 3999, 4000, 4001, 7998, 7999, 8000];
    await oracle().compare([
      ...results.flatMap((count) => [
        `#{cmsgpack.unpack(('b'):rep(${count}))}`,
        `#{cmsgpack.unpack(('b'):rep(${count}), 1, 2)}`,
        `#{cmsgpack.unpack_limit(('b'):rep(${count} + 1), ${count})}`,
      ]),
      ...depths.flatMap((count) => [
        `type(cmsgpack.unpack(('\\145'):rep(${count}) .. '\\1'))`,
        `type(cmsgpack.unpack(('\\129\\1'):rep(${count}) .. '\\1'))`,
        `type(cmsgpack.unpack(('\\129'):rep(${count}) .. '\\1'))`,
      ]),
      ...[3998, 3999, 4000, 4001].flatMap((count) => [
        `(function() local t = {} for i = 1, ${count} do t[i] = 1 end return #cmsgpack.pack(unpack(t)) end)()`,
        `(function() local t = {} for i = 1, ${count} do t[i] = {} end return #cmsgpack.pack(unpack(t)) end)()`,
        `(function() local t = {} for i = 1, ${count} do t[i] = {{a = 1}} end return #cmsgpack.pack(unpack(t)) end)()`,
      ]),
    ]);
  });

  test("random values are packed alike", async () => {
    await randomRounds((random) => oracle().compareInput(PACK, randomLuaTable(random, random.between(0, 3))));
  });

  test("random MessagePack, whole and damaged, is unpacked alike", async () => {
    await randomRounds((random) => unpackRandom(oracle(), random));
  });

  test("the library has these entries", async () => {
    await oracle().compare(["cmsgpack"]);
  });
});

const PACK = `local t = loadstring('return ' .. ARGV[1])()
local packed = cmsgpack.pack(t)
return show(packed, pcall(cmsgpack.unpack, packed))`;

const UNPACK = `local results = {pcall(cmsgpack.unpack, ARGV[1])}
if not results[1] then return show(results[2], pcall(cmsgpack.unpack_one, ARGV[1])) end
local shown = show(unpack(results))
if shown:find('in no order', 1, true) or shown:find('nan') then return shown end
return shown .. show(cmsgpack.pack(unpack(results, 1, 50))) .. show(pcall(cmsgpack.unpack_limit, ARGV[1], 2, 1))`;

async function unpackRandom(oracle: DataOracle, random: Random): Promise<void> {
  const text = Array.from({ length: random.between(1, 3) }, () => randomMessage(random, random.between(0, 3))).join("");
  await oracle.compareInput(UNPACK, random.chance(0.5) ? mutated(random, text, "\x00\x81\x91\xa1\xc0\xc1\xca\xcb\xd9\xdc\xde\xff") : text);
}

function randomMessage(random: Random, depth: number): string {
  const byte = (value: number): string => String.fromCharCode(value & 255);
  const count = random.pick([0, 1, 2, 3, 5, random.below(20)]);
  const kind = random.below(depth > 0 ? 8 : 5);
  if (kind >= 6) {
    const pairs = Array.from(
      { length: count },
      (_, at) => (random.chance(0.8) ? `\xa3k${byte(65 + at)}${byte(random.below(20))}` : byte(at)) + randomMessage(random, depth - 1),
    );
    return (count < 16 ? byte(0x80 | count) : `\xde${byte(0)}${byte(count)}`) + pairs.join("");
  }
  if (kind === 5) {
    const items = Array.from({ length: count }, () => randomMessage(random, depth - 1));
    return (count < 16 ? byte(0x90 | count) : `\xdd\0\0${byte(0)}${byte(count)}`) + items.join("");
  }
  if (kind === 4) return random.pick(["\xc0", "\xc2", "\xc3"]);
  if (kind === 3) {
    const text = randomBytes(random, 40);
    return (text.length < 32 ? byte(0xa0 | text.length) : `\xd9${byte(text.length)}`) + text;
  }
  const [code, size] = random.pick(NUMBER_CODES);
  return random.chance(0.3) ? byte(random.below(128)) : byte(code) + random.bytes(size).toString("latin1");
}
