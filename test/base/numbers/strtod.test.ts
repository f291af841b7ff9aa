import { describe, expect, test } from "bun:test";
import { parseBound, parseDouble } from "../../../src/base/numbers/strtod.ts";
import { check, property } from "../../support/property.ts";

function parsed(parse: typeof parseDouble, text: string): number {
  const bytes = Buffer.from(`(${text}9`, "latin1");
  return parse(bytes, 1, bytes.length - 1);
}

/** Texts, what they are as a value, and as the bound of a range: glibc's strtod and Redis's checks around it, compiled and run. */
const READ: readonly (readonly [text: string, value: number, bound: number])[] = [
  ["0", 0, 0],
  ["-0", -0, -0],
  ["5", 5, 5],
  ["+5", 5, 5],
  ["-1.25", -1.25, -1.25],
  ["1.", 1, 1],
  [".5", 0.5, 0.5],
  ["007", 7, 7],
  ["0.1", 0.1, 0.1],
  ["1e5", 100000, 100000],
  ["1.5E-3", 0.0015, 0.0015],
  ["9007199254740993", 9007199254740992, 9007199254740992],
  ["123456789012345678901234567890", 1.2345678901234568e29, 1.2345678901234568e29],
  ["inf", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ["+inf", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ["-Inf", Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ["(inf", Number.NaN, Number.NaN],
  ["--inf", Number.NaN, Number.NaN],
  [" inf", Number.NaN, Number.POSITIVE_INFINITY],
  ["nf", Number.NaN, Number.NaN],
  ["+INF", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ["0x10", 16, 16],
  ["-0X1.8p1", -3, -3],
  ["0x.8", 0.5, 0.5],
  ["0x1.fffffffffffff7p1023", 1.7976931348623157e308, 1.7976931348623157e308],
  ["0x1.8p-1075", 5e-324, 5e-324],
  ["0x1p-1074", 5e-324, 5e-324],
  ["0x0p99999", 0, 0],
  ["0e999", 0, 0],
  // Out of range: no value, but a bound.
  ["1e400", Number.NaN, Number.POSITIVE_INFINITY],
  ["-1e400", Number.NaN, Number.NEGATIVE_INFINITY],
  ["1e-400", Number.NaN, 0],
  ["0x1p-1075", Number.NaN, 0],
  ["0x1p1024", Number.NaN, Number.POSITIVE_INFINITY],
  ["0x1p-99999999999", Number.NaN, 0],
  // Blanks before it, nothing, and a NUL behind it: likewise.
  [" 5", Number.NaN, 5],
  ["", Number.NaN, 0],
  ["5\0x", Number.NaN, 5],
  ["\0", Number.NaN, 0],
  // Neither.
  ["nan", Number.NaN, Number.NaN],
  ["-nan(1)", Number.NaN, Number.NaN],
  ["5 ", Number.NaN, Number.NaN],
  [" ", Number.NaN, Number.NaN],
  [".", Number.NaN, Number.NaN],
  ["-", Number.NaN, Number.NaN],
  ["--5", Number.NaN, Number.NaN],
  ["1e", Number.NaN, Number.NaN],
  ["1e+", Number.NaN, Number.NaN],
  ["0x", Number.NaN, Number.NaN],
  ["0x1p", Number.NaN, Number.NaN],
  ["1,5", Number.NaN, Number.NaN],
  ["1_0", Number.NaN, Number.NaN],
  ["0b1", Number.NaN, Number.NaN],
  ["infinit", Number.NaN, Number.NaN],
];

describe("strtod", () => {
  test("reads what C reads, with Redis's rules for values and for bounds", () => {
    for (const [text, value, bound] of READ) {
      expect([text, parsed(parseDouble, text)]).toEqual([text, value]);
      expect([text, parsed(parseBound, text)]).toEqual([text, bound]);
    }
  });

  property("short decimals are the nearest doubles, as by the long way", (random) => {
    for (let i = 0; i < 20_000; i++) {
      const digits = String(random.below(10 ** random.between(1, 15)));
      const point = random.below(digits.length + 1);
      const text = random.pick(["", "-", "+"]) + digits.slice(0, point) + random.pick([".", ""]) + digits.slice(point);
      check(Object.is(parsed(parseDouble, text), Number(text)), text);
    }
  });
});
