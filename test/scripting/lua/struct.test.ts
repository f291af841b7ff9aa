import { test } from "bun:test";
import type { Random } from "../../support/property.ts";
import { describeWithRedis } from "../../support/redis.ts";
import { type DataOracle, luaBytes, randomRounds, useDataOracle } from "./data-oracle.ts";

const INTEGERS = [
  "0",
  "1",
  "-1",
  "127",
  "128",
  "255",
  "-128",
  "32768",
  "65535",
  "2^31",
  "2^32-1",
  "-2^31",
  "2^53",
  "2^63",
  "2^64",
  "-2^63",
  "-2^64",
];

const NUMBERS = [...INTEGERS, "0.1", "-1.5", "1e300", "3e9", "-7e12", "1/0", "'15'", "0/zero", "300", "-300", "1e-40"];

describeWithRedis("struct", () => {
  const oracle = useDataOracle();

  test("integers of every size, in both orders of bytes", async () => {
    const formats = [
      "b",
      "B",
      "h",
      "H",
      "l",
      "L",
      "T",
      "i",
      "I",
      "i0",
      "i1",
      "i3",
      "I5",
      "i8",
      "i9",
      "I9",
      "i12",
      "i16",
      "I16",
      "i32",
      "I32",
    ];
    for (const format of formats) {
      const packed = INTEGERS.flatMap((number) => [`struct.pack('<${format}', ${number})`, `struct.pack('>${format}', ${number})`]);
      await oracle().compare(packed);
      await oracle().compare(packed.map((call) => `struct.unpack('${call.slice(13, 14 + format.length)}', ${call})`));
    }
    await oracle().compare(
      ["1e300", "-1e300", "1/0", "-1/0", "0/zero", "1.9", "-1.9", "-0.5", "'12'", "' 0x1F '", "2^64-2048"].map(
        (number) => `struct.pack('>Lil', ${number}, 1, ${number})`,
      ),
    );
  });

  test("the sign of integers of more than eight bytes is where x86-64 looks for it", async () => {
    await oracle().compare([
      "struct.unpack('>i9', '\\0\\0\\0\\0\\0\\0\\0\\0\\128'), struct.unpack('>i9', '\\0\\0\\0\\0\\0\\0\\0\\0\\127')",
      "struct.unpack('<i9', '\\129\\0\\0\\0\\0\\0\\0\\0\\0'), struct.unpack('<i16', '\\129\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0')",
      "struct.unpack('<i32', ('\\129\\9'):rep(16)), struct.unpack('>I32', ('\\129\\9'):rep(16)), struct.unpack('<I9', ('\\129\\9'):rep(5))",
      "struct.unpack('<i10', ('\\255'):rep(10)), struct.unpack('>i13', ('\\128'):rep(13)), struct.unpack('<i11', ('\\1'):rep(11))",
    ]);
  });

  test("floats and doubles", async () => {
    const numbers = ["0", "-0", "1", "-1.5", "0.1", "1e300", "-1e300", "1/0", "-1/0", "2^-149", "2^-150", "5e-324", "16777217", "'2.5'"];
    await oracle().compare(
      numbers.flatMap((number) => [
        `struct.pack('<f', ${number}), struct.pack('>f', ${number}), struct.pack('<d', ${number}), struct.pack('>d', ${number})`,
        `struct.unpack('<fd', struct.pack('<fd', ${number}, ${number}))`,
        `struct.unpack('>fd', struct.pack('>fd', ${number}, ${number}))`,
      ]),
    );
    await oracle().compare(["struct.pack('>d', 0/zero), struct.pack('<f', 0/zero)", "struct.unpack('>f', '\\127\\192\\0\\1')"]);
  });

  test("strings: fixed, whole, ended by a zero, of the length read before", async () => {
    await oracle().compare([
      "struct.pack('c3', 'abcdef'), struct.pack('c0', 'abc'), struct.pack('c', 'abc'), struct.pack('s', 'abc'), struct.pack('sc0s', 'a', 'b', 'c')",
      "struct.pack('s', 'a\\0b'), struct.pack('c3', 12.5), struct.pack('s', 1e15)",
      "struct.unpack('c3', 'abcdef'), struct.unpack('c', 'abc'), struct.unpack('s', 'ab\\0c'), struct.unpack('ss', 'a\\0b\\0c')",
      "struct.unpack('Bc0', '\\3abcd'), struct.unpack('bc0', '\\255abc')",
      "struct.unpack('dc0', struct.pack('d', 1e300) .. 'abc')",
      "struct.unpack('dc0', struct.pack('d', -0.5) .. 'abc')",
      "struct.unpack('dc0', struct.pack('d', 1.9) .. 'abc')",
      "struct.unpack('dc0', struct.pack('d', 0/zero) .. 'abc')",
      "struct.unpack('sc0', '2\\0abc'), struct.unpack('sc0', ' 0x2\\0abc')",
      "struct.unpack('sc0', 'x\\0abc')",
      "struct.unpack('c0', 'abc')",
      "struct.unpack('Bc0', '\\9abc')",
      "struct.unpack('s', 'abc')",
      "struct.unpack('s', 'abc', 4)",
      "struct.unpack('s', 'abc', 5)",
    ]);
  });

  test("alignment and other options", async () => {
    await oracle().compare([
      "struct.pack('!bi', 1, 2), struct.pack('!4bl', 1, 2), struct.pack('!2bd', 1, 2), struct.pack('!bxh', 1, 2), struct.pack('!8bc3i', 1, 'abc', 2)",
      "struct.pack('!8bi3i3', 1, 2, 3), struct.pack('!16bi16i16', 1, 2, 3), struct.pack('!1073741824bl', 1, 2), struct.pack('!bi5i7', 1, 2, 3)",
      "struct.size('!bi'), struct.size('!4bl'), struct.size('!bi3i3'), struct.size('!8bc3i'), struct.size(''), struct.size('> <!  ')",
      "struct.size('bBhHlLTiIfdx'), struct.size('!bBhHlLTiIfdx'), struct.size('c10c'), struct.size('i7I3'), struct.size('c2147483647c2147483647')",
      "struct.unpack('!bi', struct.pack('!bi', 1, 2)), struct.unpack('!bi', struct.pack('!bi', 1, 2), 3)",
      "struct.pack('>h<h h', 1, 1, 1), struct.pack('x'), struct.pack('xx'), struct.pack(''), struct.pack(' ')",
      "struct.size('z'), struct.size('a5'), struct.size('9')",
      "struct.size('i\\0z'), struct.pack('b\\0b', 1)",
    ]);
  });

  test("places in the data", async () => {
    await oracle().compare([
      "struct.unpack('b', 'abc', 2), struct.unpack('b', 'abc', '3'), struct.unpack('b', 'abc', 1.9), struct.unpack('b', 'abc', nil)",
      "struct.unpack('', 'abc', -5), struct.unpack('', 'abc', 100), struct.unpack('', '')",
      "struct.unpack('', 'abc', 0)",
      "struct.unpack('b', 'abc', -5)",
      "struct.unpack('<', 'abc', -5)",
      "struct.unpack('b', 'abc', 4)",
      "struct.unpack('b', 'abc', 1e300)",
      "struct.unpack('<', 'abc', 4), struct.unpack('x', 'abc', 3)",
      "struct.unpack('<', 'abc', 5)",
    ]);
  });

  test("errors", async () => {
    const calls = [
      "pack()", "pack({})", "pack('i')", "pack('ii', 1)", "pack('i', 'x')", "pack('i', {})", "pack('i', nil)", "pack('f')", "pack('d', true)", "pack('s')",
      "pack('s', {})", "pack('c5', 'abc')", "pack('c5c', 'abc')", "pack('i33', 1)", "pack('i99999999999', 1)", "pack('i2147483647', 1)",
      "pack('i2147483648', 1)", "pack('!3', 1)", "pack('!0', 1)", "pack('!2147483648')", "pack('z', 1)", "pack('\\200', 1)", "pack('%', 1)",
      "unpack()", "unpack('i')", "unpack('i', {})", "unpack('i', 'abc')", "unpack('i', 'abcd', {})", "unpack('i33', 'abc')", "unpack('z', 'abc')",
      "unpack('c2147483647', 'abc')", "unpack('c9999999999', 'abc')", "unpack('!5', 'abc')", "unpack('hd', 'ab')",
      "size()", "size({})", "size('s')", "size('c0')", "size('-')", "size('\\255')", "size('i33')", "size('!7')", "size('c2147483648')",
    ]; // biome-ignore format: a table
    await oracle().compare(calls.map((call) => `struct.${call}`));
    await oracle().compare(["pcall(struct.pack, 'ii', 1)", "pcall(struct.unpack, 'c0', 'abc')", "pcall(struct.size, 'i99999999999')"]);
  });

  test("no more results than C's stack has room for", async () => {
    const counts = [7990, 7996, 7997, 7998, 8000];
    await oracle().compare(counts.map((count) => `#{struct.unpack(('b'):rep(${count}), ('x'):rep(${count}))}`));
    await oracle().compare(counts.map((count) => `#{struct.unpack(('b'):rep(${count}), ('x'):rep(${count}), 1, 2, 3)}`));
  });

  test("random formats and data", async () => {
    await randomRounds((random) => compareRandom(oracle(), random));
  });

  test("the library has these entries", async () => {
    await oracle().compare(["struct"]);
  });
});

async function compareRandom(oracle: DataOracle, random: Random): Promise<void> {
  const options = Array.from({ length: random.between(1, 6) }, () => randomOption(random));
  const values = options.flatMap((option) => {
    if (/[sc]/.test(option)) return luaBytes("abc\0def".slice(0, random.pick([0, 1, 3, 5, 8])));
    return /[<> !x]/.test(option) ? [] : random.pick(NUMBERS);
  });
  if (random.chance(0.05)) values.pop();
  const call = `struct.pack(${[`'${options.join("")}'`, ...values].join(", ")})`;
  const data = luaBytes(
    Array.from(random.bytes(random.below(40)), (byte) => String.fromCharCode(random.chance(0.3) ? byte & 7 : byte)).join(""),
  );
  const format = luaBytes(options.join(""));
  const script = `local pack, data, format = function() return ${call} end, ${data}, ${format}
return show(pcall(pack)) .. show(pcall(struct.unpack, format, (select(2, pcall(pack))))) .. show(pcall(struct.unpack, format, data, ${random.between(1, 5)}))
  .. show(pcall(struct.size, format))`;
  await oracle.compareInput(script, "");
}

function randomOption(random: Random): string {
  const kind = random.pick(["b", "B", "h", "H", "l", "L", "T", "i", "I", "i", "I", "f", "d", "x", "c", "s", "<", ">", "!", " "]);
  if (kind === "i" || kind === "I") return kind + random.pick(["", "", String(random.between(1, 16)), String(random.between(0, 33))]);
  if (kind === "c") return kind + random.pick(["", "0", "2", "5"]);
  return kind === "!" ? kind + random.pick(["", "1", "2", "4", "8", "16"]) : kind;
}
