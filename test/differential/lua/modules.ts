/** Statements around cjson, cmsgpack, struct, bit and math.random. */

import { list, record } from "./expressions.ts";
import type { Template } from "./statements.ts";
import { numberText, smallText } from "./text.ts";
import { e, type Node, raw, s } from "./tree.ts";
import type { Writer } from "./writer.ts";

function encoding(w: Writer): Node[] {
  const table = () => (w.chance(0.5) ? list(w) : record(w));
  const special = [
    "{}",
    "{[3] = 1}",
    "{[1] = 1, [20] = 2}",
    "{cjson.null}",
    "{1, 2, nil, 4}",
    "{[1.5] = 1}",
    "{[true] = 1}",
    "0/0",
    "1/0",
    "-1/0",
    "function() end",
  ];
  const value = w.chance(0.3)
    ? raw(w.pick([...special, "{{{{}}}}", "{[-1] = 1}", "{a = {b = {c = {}}}}", "{[2^31] = 1}", "'\\0\\1\\31\\127\\255\"/'"]))
    : w.mode === "ordered"
      ? table()
      : list(w);
  const text = w.newName;
  return [s`local ok, ${text} = pcall(cjson.encode, ${value}) see(ok, ${text}) if ok then see(pcall(cjson.decode, ${text})) end`];
}

const JSON_TEXTS = [
  ...[
    '{"a":1,"b":[1,2,{"c":null}],"d":true}',
    "[]",
    "{}",
    "[1,2.5,-3e2,1E+2]",
    '"\\u00e9\\ud83d\\ude00\\n\\/"',
    "null",
    "true",
    "1",
    '""',
    "[[[]]]",
  ],
  ...[
    '{"":1}',
    "[1,]",
    "{,}",
    '{"a"}',
    '{"a":}',
    "[1 2]",
    "nul",
    "tru",
    "01",
    "1.",
    ".5",
    "-",
    "+1",
    "0x10",
    "nan",
    "NaN",
    "Infinity",
    "-inf",
    "1e400",
  ],
  ...[
    '"\\x"',
    '"\\ud800"',
    '"\\u12"',
    '"a',
    "'a'",
    "[",
    "]",
    "{",
    "}",
    "",
    " ",
    "[1]x",
    '{"a":1,"a":2}',
    "9007199254740993",
    "123456789012345678901234567890",
  ],
  ...[
    "\xef\xbb\xbf[]",
    "[1]\0",
    '"\0"',
    '"\xff"',
    "[1,2,3] ",
    "\t[\n1\r]",
    "-0",
    "1e-400",
    "[null,null,1]",
    '{"1":"a","2":"b"}',
    "false",
    "[true,false]",
  ],
];

function decoding(w: Writer): Node[] {
  let text = w.pick(JSON_TEXTS);
  if (w.chance(0.3)) {
    const at = w.below(text.length + 1);
    text = text.slice(0, at) + w.pick(["", ",", "1", '"', "]", "\\", "{", "e", "\0"]) + text.slice(at + w.below(2));
  }
  const decoded = w.newName;
  const again = w.mode === "ordered" ? ` if ok then see(pcall(cjson.encode, ${decoded})) end` : "";
  return [s`local ok, ${decoded} = pcall(cjson.decode, ${w.string(text)}) see(ok, ${decoded})${again}`];
}

/** The directives of cjson, on an instance of its own, so that no program changes what the next one sees. */
function configured(w: Writer): Node[] {
  const json = w.newName;
  const settings = w.times(1, 3, () =>
    w.pick([
      () =>
        e`pcall(${json}.encode_sparse_array, ${w.pick(["true", "false", "true, 2", "true, 2, 3", "false, 1, 1", "nil, 0", "'on'", "true, -1"])})`,
      () => e`pcall(${json}.encode_max_depth, ${w.pick(["1", "2", "3", "0", "1000", "'5'"])})`,
      () => e`pcall(${json}.decode_max_depth, ${w.pick(["1", "2", "3", "0"])})`,
      () => e`pcall(${json}.encode_number_precision, ${w.pick(["1", "3", "14", "16", "0", "17", "2"])})`,
      () => e`pcall(${json}.encode_invalid_numbers, ${w.pick(["true", "false", "'null'", "'on'", "'x'", ""])})`,
      () => e`pcall(${json}.decode_invalid_numbers, ${w.pick(["true", "false", "", "'off'"])})`,
      () => e`pcall(${json}.encode_keep_buffer, ${w.pick(["true", "false", ""])})`,
    ])(),
  );
  const values = [
    "{[3] = 1}",
    "{[10] = 1, [20] = 2}",
    "{{{1}}}",
    "1/3",
    "0/0",
    "1/0",
    "{1/3, 2e20, 123456.789}",
    "100",
    "{[1] = 1, [2] = 2, [30] = 3}",
  ];
  return [
    s`local ${json} = cjson.new() see(${settings})`,
    s`see(${w.times(1, 3, () => e`select(2, pcall(${json}.encode, ${w.pick(values)}))`)})`,
    s`see(${w.times(1, 2, () => e`select(2, pcall(${json}.decode, ${w.string(w.pick(["[[[1]]]", "NaN", "[Infinity]", '{"a":{"b":1}}', "0x1F", "nan"]))}))`)})`,
  ];
}

function packing(w: Writer): Node[] {
  const values = w.times(1, 3, () => {
    if (w.chance(0.25))
      return raw(
        w.pick([
          "nil",
          "true",
          "{}",
          "{1, 2, nil, 4}",
          "{[2] = 1}",
          "{[1.5] = 2}",
          "2^53",
          "-2^63",
          "2^64",
          "1/0",
          "1e300",
          "0.5",
          "-1",
          "-33",
          "string.rep('x', 40)",
          "string.rep('y', 300)",
          "{{{}}}",
        ]),
      );
    if (w.chance(0.5))
      return w.number(
        w.pick([
          "0",
          "127",
          "128",
          "255",
          "256",
          "65535",
          "65536",
          "4294967295",
          "4294967296",
          "-1",
          "-32",
          "-33",
          "-128",
          "-129",
          "-32768",
          "-32769",
          "-2147483648",
          "-2147483649",
          "1.1",
        ]),
      );
    return w.value(w.mode === "ordered" ? "any" : w.pick(["number", "string", "list"]));
  });
  const packed = w.newName;
  return [
    s`local ok, ${packed} = pcall(cmsgpack.pack, ${values}) see(ok, hex(${packed}))`,
    s`if ok then see(pcall(cmsgpack.unpack, ${packed})) see(pcall(cmsgpack.unpack_one, ${packed})) see(pcall(cmsgpack.${w.pick(["unpack_limit", "unpack_one"])}, ${packed}, ${w.pick(["1", "2", "0", "1, 1", "-1", "5"])})) end`,
  ];
}

function unpacking(w: Writer): Node[] {
  const bytes = w.times(0, 8, () =>
    w.chance(0.5)
      ? w.below(256)
      : w.pick([
          0xc0, 0xc2, 0xc3, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd9, 0xda, 0xdc, 0xde, 0x80, 0x81, 0x90, 0x91, 0xa0, 0xa1, 0xc1,
          0xff,
        ]),
  );
  const text = bytes.map((byte) => `\\${String(byte).padStart(3, "0")}`).join("");
  return [
    s`see(pcall(cmsgpack.${w.pick(["unpack", "unpack", "unpack_one", "unpack_limit"])}, "${text}"${w.pick(["", "", ", 0", ", 1", ", 2, 1"])}))`,
  ];
}

function structs(w: Writer): Node[] {
  const items = w.times(1, 4, () =>
    w.pick([
      "b",
      "B",
      "h",
      "H",
      "i",
      "I",
      "i1",
      "i2",
      "i3",
      "i4",
      "i8",
      "I8",
      "l",
      "L",
      "f",
      "d",
      "s",
      "c0",
      "c1",
      "c3",
      "x",
      "<",
      ">",
      "=",
      "!",
      "!4",
      "!8",
      " ",
      "z",
      "i33",
      "T",
      "n",
    ]),
  );
  const format = items.join("");
  const values = items
    .filter((item) => !/[<>=! x]/.test(item[0] as string))
    .map((item) =>
      /[sc]/.test(item[0] as string)
        ? w.string()
        : w.chance(0.9)
          ? w.number(w.chance(0.5) ? smallText(w.random) : numberText(w.random))
          : w.value("any"),
    );
  const packed = w.newName;
  return [
    s`local ok, ${packed} = pcall(struct.pack, ${[w.string(format), ...values]}) see(ok, hex(${packed}))`,
    s`if ok then see(pcall(struct.unpack, ${w.string(format)}, ${packed}${w.pick(["", "", ", 2", ", 0", ", 100"])})) end see(pcall(struct.size, ${w.string(format)}))`,
  ];
}

function bits(w: Writer): Node[] {
  const number = () =>
    w.chance(0.5)
      ? w.number()
      : raw(
          w.pick(["-1", "2^31", "-2^31", "2^32", "2^33 + 5", "-2^53", "0.5", "1.5", "-1.5", "2.5", "1e10", "'0xff'", "2^51", "2^52 + 0.5"]),
        );
  const calls = w.times(1, 4, () => {
    const [name, most] = w.pick([
      ["tobit", 1],
      ["bnot", 1],
      ["bswap", 1],
      ["band", 4],
      ["bor", 4],
      ["bxor", 4],
      ["lshift", 2],
      ["rshift", 2],
      ["arshift", 2],
      ["rol", 2],
      ["ror", 2],
      ["tohex", 2],
    ] as const);
    return e`select(2, pcall(bit.${name}, ${w.times(most === 4 ? 1 : most, most, number)}))`;
  });
  return [s`see(${calls})`];
}

/** Both sides have one generator for all scripts: a program that uses it begins with a seed. */
function randomNumbers(w: Writer): Node[] {
  const seed = w.pick(["0", "1", "42", "-1", "2^31", "2^53", "1.5", "123456789", "'7'"]);
  const call = () =>
    w.pick([
      "math.random()",
      "math.random(10)",
      "math.random(1, 6)",
      "math.random(-5, 5)",
      "select(2, pcall(math.random, 0))",
      "select(2, pcall(math.random, 2, 1))",
      "math.random(1e9)",
      "select(2, pcall(math.random, 1, 2, 3))",
    ]);
  return [s`math.randomseed(${seed}) see(${w.times(1, 5, () => raw(call()))})`];
}

export const MODULES: readonly Template[] = [
  encoding,
  encoding,
  decoding,
  decoding,
  configured,
  packing,
  packing,
  unpacking,
  structs,
  structs,
  bits,
  randomNumbers,
];
