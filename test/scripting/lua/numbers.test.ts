/** Numbers as text and back. */

import { expect, test } from "bun:test";
import { numberText } from "../../../src/scripting/lua/numbers.ts";
import { describeCalls, type Group, MINUS_NAN } from "./library-calls.ts";

const GROUPS: readonly Group[] = [
  {
    title: "A number is shown with up to 14 digits, rounded as it is, ties to even",
    calls: [
      [["tostring", 0], 'true "0"'],
      [["tostring", -0], 'true "-0"'],
      [["tostring", 1], 'true "1"'],
      [["tostring", -1], 'true "-1"'],
      [["tostring", 0.1], 'true "0.1"'],
      [["tostring", 1.5], 'true "1.5"'],
      [["tostring", -2.25], 'true "-2.25"'],
      [["tostring", 100000], 'true "100000"'],
      [["tostring", 99999999999999], 'true "99999999999999"'],
      [["tostring", 1e14], 'true "1e+14"'],
      [["tostring", -1e14], 'true "-1e+14"'],
      [["tostring", 1e15], 'true "1e+15"'],
      [["tostring", 99999999999999.5], 'true "1e+14"'],
      [["tostring", 12345678901234.5], 'true "12345678901234"'],
      [["tostring", 12345678901235.5], 'true "12345678901236"'],
      [["tostring", 0.30000000000000004], 'true "0.3"'],
      [["tostring", 1 / 3], 'true "0.33333333333333"'],
      [["tostring", 2.345678901234567], 'true "2.3456789012346"'],
      [["tostring", 1e-4], 'true "0.0001"'],
      [["tostring", 1e-5], 'true "1e-05"'],
      [["tostring", 0.00012345678901234567], 'true "0.00012345678901235"'],
      [["tostring", 2 ** 53], 'true "9.007199254741e+15"'],
      [["tostring", 2 ** 63], 'true "9.2233720368548e+18"'],
      [["tostring", 1e100], 'true "1e+100"'],
      [["tostring", 1e300], 'true "1e+300"'],
      [["tostring", Number.MIN_VALUE], 'true "4.9406564584125e-324"'],
      [["tostring", 2.2250738585072014e-308], 'true "2.2250738585072e-308"'],
      [["tostring", Number.MAX_VALUE], 'true "1.7976931348623e+308"'],
      [["tostring", Number.POSITIVE_INFINITY], 'true "inf"'],
      [["tostring", Number.NEGATIVE_INFINITY], 'true "-inf"'],
      [["tostring", Number.NaN], 'true "nan"'],
      [["tostring", MINUS_NAN], 'true "-nan"'],
    ],
  },
  {
    title: "A string is a number if the whole of it, up to a zero byte, is what strtod reads",
    calls: [
      [["tonumber", "1"], "true 1"],
      [["tonumber", "-1"], "true -1"],
      [["tonumber", " 12 "], "true 12"],
      [["tonumber", "\t\v\f\r\n1\n"], "true 1"],
      [["tonumber", "1."], "true 1"],
      [["tonumber", ".5"], "true 0.5"],
      [["tonumber", "."], "true nil"],
      [["tonumber", "1e5"], "true 100000"],
      [["tonumber", "1E+5"], "true 100000"],
      [["tonumber", "1e"], "true nil"],
      [["tonumber", "1e+"], "true nil"],
      [["tonumber", "1e1.5"], "true nil"],
      [["tonumber", "08"], "true 8"],
      [["tonumber", "+-1"], "true nil"],
      [["tonumber", "- 1"], "true nil"],
      [["tonumber", "1_0"], "true nil"],
      [["tonumber", "1f"], "true nil"],
      [["tonumber", "0b1"], "true nil"],
      [["tonumber", ""], "true nil"],
      [["tonumber", " "], "true nil"],
      [["tonumber", "-0"], "true -0"],
      [["tonumber", "0x10"], "true 16"],
      [["tonumber", "0X1F"], "true 31"],
      [["tonumber", "-0x10"], "true -16"],
      [["tonumber", "0x"], "true nil"],
      [["tonumber", "0x."], "true nil"],
      [["tonumber", "0x.8"], "true 0.5"],
      [["tonumber", "0x1."], "true 1"],
      [["tonumber", "0x1p4"], "true 16"],
      [["tonumber", "0x1P-1"], "true 0.5"],
      [["tonumber", "0x1p"], "true nil"],
      [["tonumber", "0xg"], "true nil"],
      [["tonumber", "0x1e+1"], "true nil"],
      [["tonumber", "0xffffffffffffffffffff"], "true 1.2089258196146292e+24"],
      [["tonumber", "0x1.fffffffffffff7p0"], "true 1.9999999999999998"],
      [["tonumber", "0x1.fffffffffffff8p0"], "true 2"],
      [["tonumber", "0x1.00000000000008p0"], "true 1"],
      [["tonumber", "0x1.000000000000080000000000001p0"], "true 1.0000000000000002"],
      [["tonumber", "0x1p-1074"], "true 4.9406564584124654e-324"],
      [["tonumber", "0x0.8p-1074"], "true 0"],
      [["tonumber", "0x0.80001p-1074"], "true 4.9406564584124654e-324"],
      [["tonumber", "0x1p1024"], "true inf"],
      [["tonumber", "0x0p99999999999"], "true 0"],
      [["tonumber", "0x1p-99999999999999999"], "true 0"],
      [["tonumber", "1e500"], "true inf"],
      [["tonumber", "-1e500"], "true -inf"],
      [["tonumber", "1e-500"], "true 0"],
      [["tonumber", "4.9e-324"], "true 4.9406564584124654e-324"],
      [["tonumber", "2.4703282292062327e-324"], "true 0"],
      [["tonumber", "2.4703282292062328e-324"], "true 4.9406564584124654e-324"],
      [["tonumber", "9007199254740993"], "true 9007199254740992"],
      [["tonumber", "inf"], "true inf"],
      [["tonumber", "-INF"], "true -inf"],
      [["tonumber", "Infinity"], "true inf"],
      [["tonumber", "infinit"], "true nil"],
      [["tonumber", "nan"], "true nan"],
      [["tonumber", "-nan"], "true -nan"],
      [["tonumber", "nan()"], "true nan"],
      [["tonumber", "nan(12a_)"], "true nan"],
      [["tonumber", "nan(-)"], "true nil"],
      [["tonumber", "nan("], "true nil"],
      [["tonumber", "1\0"], "true 1"],
      [["tonumber", "1\x002"], "true 1"],
      [["tonumber", "\xa01"], "true nil"],
    ],
  },
];

describeCalls(GROUPS);

/** Often enough for the engine to compile what runs. */
const TIMES = 200_000;

test("NaN has the sign that the processor gives it, in compiled code as in interpreted", () => {
  const seen = new Set<string>();
  const values: number[] = [];
  for (let zero = 0, round = 0; round < TIMES; round++, zero *= 1) {
    const nan = zero / zero;
    seen.add([nan, -nan, nan + 1, -nan * 2, Math.sqrt(zero - 1), Number.POSITIVE_INFINITY * zero].map(numberText).join(" "));
    values[round % 8] = -nan;
    seen.add(`stored: ${numberText(values[round % 8] as number)}`);
  }
  expect([...seen]).toEqual(["-nan nan -nan nan -nan -nan", "stored: nan"]);
});
