import { expect, test } from "bun:test";
import { cjsonLibrary } from "../../../src/scripting/lua/library/cjson.ts";
import { cmsgpackLibrary } from "../../../src/scripting/lua/library/cmsgpack.ts";
import { LuaState } from "../../../src/scripting/lua/state.ts";
import { LuaTable } from "../../../src/scripting/lua/table.ts";
import type { LuaFunction, LuaValue } from "../../../src/scripting/lua/value.ts";
import type { Random } from "../../support/property.ts";
import { describeWithRedis } from "../../support/redis.ts";
import { type DataOracle, mutated, randomBytes, randomLuaTable, randomRounds, useDataOracle } from "./data-oracle.ts";

/** A JSON text in quotes of Lua that need no escapes. */
const lua = (text: string): string => `[==[${text}]==]`;
const decoding = (texts: readonly string[]): string[] => texts.map((text) => `cjson.decode(${lua(text)})`);
/** The texts as strings with escapes, for those with bytes that Lua's long strings would change. */
const decodingBytes = (texts: readonly string[]): string[] => texts.map((text) => `cjson.decode('${text}')`);

describeWithRedis("cjson", () => {
  const oracle = useDataOracle();

  test("encode writes numbers with 14 digits", async () => {
    const numbers = [
      "0", "-0", "1", "-1", "0.1", "1/3", "-1/3", "1e14", "99999999999999", "123456789012345", "12345678901234.5", "12345678901235.5", "1e15", "1e100",
      "-1e-5", "1e-4", "0.00012345", "1.5e300", "5e-324", "2^53", "2^63", "1e21", "0.30000000000000004", "1e-300", "123456.789", "3.14159265358979",
    ]; // biome-ignore format: a table
    await oracle().compare(numbers.map((number) => `cjson.encode(${number}), cjson.encode({${number}})`));
    // Not that of -0: our tables do not tell it from 0.
    await oracle().compare(numbers.filter((number) => number !== "-0").map((number) => `cjson.encode({[${number}] = 1})`));
  });

  test("encode_number_precision gives fewer digits, and stays set", async () => {
    const numbers = "{0.15, 0.25, 2.5, 3.5, 1234567, 99999.5, 1e-5, 0.0001, 123, -123456789012, 1/3, 0, 5, 9.5, 95, 1e20}";
    const all = Array.from({ length: 14 }, (_, digits) => [`cjson.encode_number_precision(${digits + 1})`, `cjson.encode(${numbers})`]);
    await oracle().compare([...all.flat(), "cjson.encode_number_precision()"]);
  });

  test("encode escapes quotes, slashes, backslashes and control characters, and passes all other bytes on", async () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => `\\${byte}`.padEnd(2)).join("");
    await oracle().compare([
      `cjson.encode('${bytes.replace(/\\(\d+) ?/g, (_, byte) => `\\${byte.padStart(3, "0")}`)}')`,
      "cjson.encode(''), cjson.encode('plain'), cjson.encode('a/b'), cjson.encode({['a\"b/\\127'] = '\\0'})",
      "cjson.encode(('x'):rep(5000)), cjson.encode(('/'):rep(5000))",
      "cjson.encode('\\195\\169\\255\\192\\128')",
    ]);
  });

  test("encode tells lists from objects", async () => {
    await oracle().compare([
      "cjson.encode({}), cjson.encode({{}}), cjson.encode({1, 2, 3}), cjson.encode({a = 1}), cjson.encode({1, a = 2}), cjson.encode({[1] = 1, [2] = 2})",
      "cjson.encode({nil, 2}), cjson.encode({1, nil, 3}), cjson.encode({[3] = 1}), cjson.encode({[10] = 1}), cjson.encode({[0] = 1})",
      "cjson.encode({[1.5] = 1}), cjson.encode({[-1] = 1}), cjson.encode({['1'] = 1}), cjson.encode({[2] = 1, [1] = 2})",
      "cjson.encode({[11] = 1})",
      "cjson.encode({1, 2, 3, 4, 5, [11] = 1}), cjson.encode({1, 2, 3, 4, 5, [12] = 1})",
      "cjson.encode({1, 2, 3, 4, [12] = 1})",
      "cjson.encode({[2^31] = 1})",
      "cjson.encode({[2^31] = 1, [1] = 2})",
      "cjson.encode({[1] = 2, [2^31] = 1})",
      "cjson.encode({[2^31 - 1] = 1})",
      "cjson.encode({[2^53] = 1}), cjson.encode({[1e300] = 1})",
      "cjson.encode({a = {b = {c = {1, 2, {}}}}, [1] = 'x', [2] = false})",
    ]);
  });

  test("encode_sparse_array sets when a list is too sparse, and what becomes of it", async () => {
    const tables = ["{[3] = 1}", "{[11] = 1}", "{[100] = 1}", "{1, 2, 3, [12] = 1}", "{1, 2, 3, 4, 5, 6, [40] = 1}", "{[2] = 1}"];
    const settings = [
      "true",
      "false, 1, 0",
      "true, 1, 0",
      "false, 0",
      "false, 3, 5",
      "true, 3, 20",
      "false, 2147483647, 0",
      "false, 2, 10",
    ];
    for (const setting of settings) {
      await oracle().compare([`cjson.encode_sparse_array(${setting})`, ...tables.map((table) => `cjson.encode(${table})`)]);
    }
    await oracle().compare([
      "cjson.encode_sparse_array(true, -1)",
      "cjson.encode_sparse_array()",
      "cjson.encode_sparse_array('off', 2, 10)",
    ]);
  });

  test("encode refuses what JSON does not have", async () => {
    await oracle().compare([
      "cjson.encode(cjson.encode)", "cjson.encode(function() end)", "cjson.encode({function() end})", "cjson.encode(coroutine.create(function() end))",
      "cjson.encode({[true] = 1})", "cjson.encode({[cjson.null] = 1})", "cjson.encode({[{}] = 1})", "cjson.encode({[cjson.encode] = 1})",
      "cjson.encode(1/0)", "cjson.encode(0/zero)", "cjson.encode({-1/0})", "cjson.encode({[1/0] = 1})", "cjson.encode()", "cjson.encode(1, 2)",
      "pcall(cjson.encode, 1/0)", "cjson.encode(nil), cjson.encode(cjson.null), cjson.encode({cjson.null, true, false})",
      "cjson.encode(setmetatable({}, {__index = function() return 1 end, __len = function() return 3 end}))",
    ]); // biome-ignore format: a table
  });

  test("encode_invalid_numbers allows infinities and NaN, or writes null", async () => {
    for (const setting of ["'on'", "true", "'null'", "'off'", "false"]) {
      await oracle().compare([
        `cjson.encode_invalid_numbers(${setting})`,
        "cjson.encode({1/0, -1/0, 0/zero})",
        "cjson.encode({[1/0] = 1})",
        "cjson.encode_invalid_numbers()",
      ]);
    }
  });

  test("settings take only what they take", async () => {
    const names = [
      "encode_max_depth",
      "decode_max_depth",
      "encode_number_precision",
      "encode_keep_buffer",
      "encode_invalid_numbers",
      "decode_invalid_numbers",
    ];
    for (const name of names) {
      const settings = ["{}", "'x'", "0", "-1", "1, 2", "nil", "", "'on\\0x'", "1000", "'14'", "14.9", "4294967310", "true", "1e300"];
      await oracle().compare(settings.map((value) => `cjson.new().${name}(${value})`));
    }
    await oracle().compare([
      "cjson.new().encode_sparse_array(1, 2, 3, 4)",
      "cjson.new().encode_sparse_array(nil, 5), cjson.new().encode_sparse_array(nil, nil, '6')",
      "cjson.new().encode_sparse_array(nil, {})",
      "cjson.new().encode_sparse_array('maybe')",
      "cjson.encode_keep_buffer(false), cjson.encode({1}), cjson.encode_keep_buffer(true), cjson.encode({2})",
    ]);
  });

  test("what is set stays set for the scripts that follow; a library made by new() has its own settings", async () => {
    await oracle().compare([
      "cjson.encode_max_depth(3)",
      "cjson.encode({{{1}}})",
      "cjson.encode({{{{1}}}})",
      "cjson.new().encode({{{{1}}}}), cjson.new().encode_max_depth()",
      "cjson.encode_max_depth(1000)",
      "cjson.new().null == cjson.null, cjson.new()",
      "(function() local c = cjson.new() c.x = 1 return c.x, getmetatable(c) end)()",
    ]);
  });

  test("depth is limited, by the setting and by C's stack", async () => {
    const nested = (count: number, wrap: string): string =>
      `(function() local t = 1 for i = 1, ${count} do t = ${wrap} end return #cjson.encode(t) end)()`;
    const texts = (count: number, open: string): string =>
      `(function() local v = cjson.decode(('${open}'):rep(${count})) return type(v) end)()`;
    await oracle().compare([
      nested(1000, "{t}"),
      nested(1001, "{t}"),
      nested(1001, "{a = t}"),
      texts(1000, "["),
      texts(1001, "["),
      texts(1001, '{"a":'),
      texts(2000, '[{"a":'),
    ]);
    await oracle().compare([
      "cjson.encode_max_depth(100000), cjson.decode_max_depth(100000)",
      ...[3999, 4000, 7997, 7998, 7999, 9000].flatMap((count) => [
        nested(count, "{t}"),
        nested(count, "{a = t}"),
        nested(count, "{{a = t}}"),
        texts(count, "["),
        texts(count, '{"a":'),
        texts(count, '[{"a":'),
        `type(cjson.decode(('['):rep(${count}) .. (']'):rep(${count})))`,
      ]),
      "cjson.encode_max_depth(1000), cjson.decode_max_depth(1000)",
    ]);
  });

  test("decode reads values, spaces and nested structures", async () => {
    await oracle().compare(
      decoding([
        "1", " 1 ", "\t\r\n[ 1 , 2 ]\n", "true", "false", "null", '""', '"abc"', "[]", "{}", "[[],{}]", '{"a":1,"b":[1,2,{"c":null}]}', "[null,null]",
        '{"a":1,"a":2}', '{"":1}', '{"1":1,"2":2}', "[1,[2,[3,[4]]]]", '{"__proto__":1,"constructor":2,"toString":3}', '[true,false,"x",-1]',
      ]), // biome-ignore format: a table
    );
    await oracle().compare(["cjson.decode(12)", "cjson.decode('[null]')[1] == cjson.null", "cjson.decode(1e15)"]);
  });

  test("decode reads numbers as strtod does", async () => {
    const numbers = [
      "0", "-0", "00", "01", "-01", "5.", "-.5", ".5", "1.5", "1e5", "1E5", "1e+5", "1e-5", "1e", "1e+", "1.e2", "1.5e3", "0.1", "123456789012345678",
      "9007199254740993", "0.1234567890123456789", "1e308", "1e309", "-1e999", "5e-324", "2e-324", "1e-400", "0x10", "0X1F", "-0x8", "0x", "0xg", "0x.8",
      "0x1p4", "0x1.8P-1", "0x1p", "0x1p+", "0x.p1", "0x1.fffffffffffff8", "0x1.fffffffffffff7", "0x1.00000000000008", "0x1.00000000000018", "0x1p-1074",
      "0x1p-1075", "0x1.8p-1075", "0x3p-1075", "0x1p1024", "0x1.fffffffffffff8p1023", "0x123456789abcdef0123456789", "+1", "+", "-", "--1", "- 1", "-x", "1x",
      "inf", "+inf", "-inf", "Infinity", "-INFINITY", "infinit", "nan", "NaN", "-nan", "nan(12)", "nan(x_1)", "nan(", "nan(1", "nan(-)", "NULL", "nul", "tru",
      "truex", "True", "1 2", "1,2", "0b1", "1_0", "100000000000000000000000", "0.000001", "4.35", "179769313486231580793728971405301e276", "1.7976931348623159e308",
    ]; // biome-ignore format: a table
    await oracle().compare(decoding(numbers));
    await oracle().compare(decoding(numbers.map((number) => `[${number}]`)));
    await oracle().compare(["cjson.decode_invalid_numbers(false)", ...decoding(numbers), "cjson.decode_invalid_numbers('on')"]);
  });

  test("decode reads escapes, and turns code points into UTF-8", async () => {
    const strings = [
      '"\\"\\\\\\/\\b\\t\\n\\f\\r"', '"a\\u0041b\\u00e9\\u20ac\\u0000c"', '"\\ud83d\\ude00"', '"\\uD83D\\uDE00x"', '"\\ud800"', '"\\udc00"', '"\\ud83d\\u0041"',
      '"\\ud83d\\n"', '"\\ud83dx"', '"\\ud83d\\ud83d"', '"\\udbff\\udfff"', '"\\uffff\\u07ff\\u0800\\u007f\\u0080"', '"\\u12"', '"\\u12g4"', '"\\u"', '"\\U0041"',
      '"\\x41"', '"\\a"', '"\\\'"', '"a', '"a\\', '"a\\"', '"\\u123', '"a\\u0041', '{"\\u0061":"\\n"}', '{"a\\x":1}', '{"a', '{"a\\', '"tab\there"', '"line\nend"',
    ]; // biome-ignore format: a table
    await oracle().compare(decoding(strings));
    await oracle().compare(decodingBytes(['"\\255\\254\\192\\128"', '"\\1\\31\\127"', '{"\\200":1}']));
  });

  test("a zero is the end of the text, and one at its start means UTF-16", async () => {
    await oracle().compare(
      decodingBytes([
        "",
        " ",
        "\\0",
        "\\0x",
        "1\\0",
        "12\\0xx",
        '"a\\0b"',
        '["a\\0',
        "[1]\\0]",
        "[1\\0,2]",
        " \\0",
        "  \\0",
        '{"a\\0":1}',
        '"\\\\\\0"',
        "tr\\0ue",
      ]),
    );
  });

  test("errors of decode say what was expected, what was found, and where", async () => {
    await oracle().compare(
      decoding([
        "[1,]", "[,1]", "[1", "[1}", "[1:", "[1 2]", "[1 true]", '[1 "a"]', '[1 "a', "[1 null", "[1 nan", "[1 nope", "[1 [", "[1 {", "{1:", "{a:1}", '{"a"', '{"a"}', '{"a",',
        '{"a" 1', '{"a" "b"}', '{"a" "b', '{"a" x', '{"a":}', '{"a":1]', '{"a":1,}', '{"a":1 "b"', '{"a":1 2', '{"a":1 tru', "{,", "{true:1}", "{null:1}", "{[", "{{", "{nan", "{-",
        "}", "]", ":", ",", "1 x", "1 ]", "1 }", "1 {", "1 [", "1 :", "1 ,", "1 true", "1 false", "1 null", "1 -", "1 0x1", '1 "a"', '1 "a', "/* */ 1", "// x\n1", "'a'", "#", "[1,/**/2]",
        '{"a":nope}', '{"a":[}', '{"a":{]', "[tru]", "[1,,2]", '["a" "b"]', '["a":1]', "\u00e9", "[\u00ff", "\u000b1", "\f1",
      ]), // biome-ignore format: a table
    );
    await oracle().compare([
      "cjson.decode()",
      "cjson.decode({})",
      "cjson.decode(nil)",
      "cjson.decode('1', '2')",
      "cjson.decode(true)",
      "pcall(cjson.decode, '[')",
    ]);
  });

  test("what decode made is encoded in the order of Lua's tables", async () => {
    const object = (count: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i * 7}`, i])));
    await oracle().compare([1, 2, 3, 4, 5, 8, 9, 17, 100].map((count) => `cjson.encode(cjson.decode(${lua(object(count))}))`));
    await oracle().compare([
      "(function() local t = cjson.decode('{\"a\":1,\"b\":2}') t.c = 3 t.d = cjson.decode('[1,2]') t.d[4] = 5 return cjson.encode(t) end)()",
      "(function() local t = cjson.decode('[1,2,3]') t[5] = 1 t.x = 2 return cjson.encode(t), #t end)()",
      "(function() local t = cjson.decode('[1,2,3]') t[4] = 1 t[5] = 2 return cjson.encode(t), #t end)()",
    ]);
  });

  test("random JSON, whole and damaged, is decoded alike", async () => {
    await randomRounds((random) => decodeRandom(oracle(), random));
  });

  test("random tables are encoded alike", async () => {
    await randomRounds((random) => encodeRandom(oracle(), random));
  });

  test("the library has these entries", async () => {
    await oracle().compare(["cjson", "cjson._NAME, cjson._VERSION, tostring(cjson.null), type(cjson.null)"]);
  });
});

test("tables that hold the same table many times over end with the memory, or with the time", () => {
  let table: LuaValue = "text";
  for (let level = 0; level < 16; level++) {
    const outer = new LuaTable();
    for (let key = 1; key <= 8; key++) outer.set(key, table);
    table = outer;
  }
  for (const [limited, message] of [
    [withMemory(1e6), "memory"],
    [withSteps(), "time"],
  ] as const) {
    expect(() => (cjsonLibrary(limited).encode as LuaFunction)(table)).toThrow(message);
    expect(() => (cmsgpackLibrary(limited).pack as LuaFunction)(table)).toThrow(message);
  }
});

test("what decode makes counts as memory", () => {
  expect(() => (cjsonLibrary(withMemory(1e6)).decode as LuaFunction)(`[${"[],".repeat(10_000)}1]`)).toThrow("memory");
  expect(() => (cmsgpackLibrary(withMemory(1e6)).unpack as LuaFunction)(`\xdc\x7f\xff${"\x90".repeat(32767)}`)).toThrow("memory");
  expect((cjsonLibrary(withMemory(1e6)).decode as LuaFunction)(`[${"[],".repeat(1000)}1]`)).toBeInstanceOf(LuaTable);
});

function withMemory(bytes: number): LuaState {
  const L = new LuaState();
  L.memory = bytes;
  L.onMemory = () => {
    throw new Error("memory");
  };
  return L;
}

function withSteps(): LuaState {
  const L = new LuaState();
  L.onTick = () => {
    throw new Error("time");
  };
  return L;
}

const DECODE = `local ok, v = pcall(cjson.decode, ARGV[1])
if not ok then return v end
local again, text = pcall(cjson.encode, v)
return show(v) .. ' ' .. tostring(again) .. ' ' .. text`;

async function decodeRandom(oracle: DataOracle, random: Random): Promise<string> {
  const text = randomJson(random, random.between(0, 4));
  const input = random.chance(0.5) ? mutated(random, text, '{}[]:,"\\0 1e.-x\0\u00ff') : text;
  await oracle.compareInput(DECODE, input);
  return input;
}

const ENCODE = `local t = loadstring('return ' .. ARGV[1])()
return show(pcall(cjson.encode, t))`;

async function encodeRandom(oracle: DataOracle, random: Random): Promise<string> {
  const input = randomLuaTable(random, random.between(0, 3));
  await oracle.compareInput(ENCODE, input);
  return input;
}

function randomJson(random: Random, depth: number): string {
  const space = random.chance(0.1) ? random.pick([" ", "\n", "\t", "\r", "  "]) : "";
  const kind = random.below(depth > 0 ? 8 : 5);
  const many = (): number => random.pick([0, 1, 2, 3, 4, 5, 9, random.below(40)]);
  if (kind >= 6) {
    return `${space}{${Array.from({ length: many() }, () => `${randomJsonString(random)}:${randomJson(random, depth - 1)}`).join(`,${space}`)}}${space}`;
  }
  if (kind === 5) return `${space}[${Array.from({ length: many() }, () => randomJson(random, depth - 1)).join(",")}]${space}`;
  if (kind === 4) return space + random.pick(["true", "false", "null", "nan", "inf", "-Infinity"]);
  if (kind === 3) return space + randomJsonNumber(random);
  return space + randomJsonString(random) + space;
}

function randomJsonNumber(random: Random): string {
  const digits = (count: number): string => Array.from({ length: count }, () => random.below(10)).join("");
  const sign = random.pick(["", "-"]);
  switch (random.below(5)) {
    case 0:
      return sign + digits(random.between(1, 4));
    case 1:
      return `${sign}${digits(random.between(1, 6))}.${digits(random.between(0, 12))}`;
    case 2:
      return `${sign}${digits(random.between(1, 3))}.${digits(random.between(0, 20))}e${random.pick(["", "+", "-"])}${random.below(330)}`;
    case 3:
      return sign + digits(random.between(10, 25));
    default:
      return `${sign}0x${digits(random.between(1, 18))}${random.pick(["", ".8", ".a1p3", "p-7"])}`;
  }
}

function randomJsonString(random: Random): string {
  const parts = Array.from({ length: random.pick([0, 1, 1, 2, 3, 6]) }, () =>
    random.pick([
      () =>
        random.pick([
          "key",
          "id",
          "name",
          "a",
          "b",
          "__proto__",
          "constructor",
          "x1",
          "long-key-that-goes-on-and-on-for-more-than-32-bytes",
        ]),
      () => randomBytes(random, 3).replace(/["\\\0]/g, "z"),
      () => random.pick(['\\"', "\\\\", "\\/", "\\n", "\\b", "\\u0041", "\\u00e9", "\\u20ac", "\\u0000", "\\ud83d\\ude00", "\\ud83d"]),
      () => String(random.below(1000)),
    ])(),
  );
  return `"${parts.join("")}"`;
}
