/** The library `math`: results to the last bit, and random numbers one after the other, as Redis has them. */

import { describe, expect, test } from "bun:test";
import { RandomNumbers } from "../../../src/scripting/lua/library/math.ts";
import { describeWithRedis } from "../../support/redis.ts";
import { randomRounds, useDataOracle } from "./data-oracle.ts";

const ONE = "abs acos asin atan ceil cos cosh deg exp floor frexp log log10 modf rad sin sinh sqrt tan tanh".split(" ");
const TWO = "atan2 fmod mod pow ldexp max min".split(" ");
const EDGES = [
  "0",
  "N'-0'",
  "1",
  "-1",
  "0.5",
  "-0.5",
  "2",
  "10",
  "1000",
  "1e22",
  "710",
  "-750",
  "1e300",
  "5e-324",
  "1e-310",
  "2^53 + 0.5",
  "math.huge",
  "-math.huge",
  "N'nan'",
  "N'-nan'",
  "'3'",
];
/** Of two NaN either may be the result: glibc's functions differ. */
const NUMBERS = EDGES.filter((edge) => !edge.includes("nan"));

/** The sign of NaN follows from the processor's instructions, which are others once the runtime has compiled a function. */
const withoutSignOfNaN = (result: string): string => result.replaceAll("-nan", "nan");

describeWithRedis("beside Redis", () => {
  const oracle = useDataOracle();

  test("math.random goes on from the seed that every server starts with", async () => {
    const numbers = Array.from({ length: 50 }, () => "math.random()");
    await oracle().compare([
      `(function() return ${numbers.join(", ")} end)()`,
      "math.random(10)",
      "math.random(5, 6)",
      "math.random(0)",
      "math.random(2, 1)",
      "math.random(1, 2, 3)",
      "math.random('x')",
      "math.random(1, 'x')",
      "pcall(math.random, 0)",
      "math.random(-2147483648, 2147483647)",
      "math.random(0, 2147483647)",
      "math.random(2147483647)",
      "math.random('7')",
      "math.random(1e10)",
      "math.random(0/0)",
      "math.random()",
    ]);
  });

  test("math.randomseed takes 32 bits", async () => {
    const seeds = ["1", "-1", "4294967296", "0", "1.9", "'12'", "1e300", "-7.5", "2147483647", "4294967295", "0/0", "123456789"];
    await oracle().compare(
      seeds.map((seed) => `(function() math.randomseed(${seed}) return math.random(), math.random(1000), math.random() end)()`),
    );
    await oracle().compare(["math.randomseed()", "math.randomseed({})", "select('#', math.randomseed(1))"]);
  });

  test("every function at its edges", async () => {
    await oracle().compare(
      [
        ...ONE.flatMap((name) =>
          EDGES.map((edge) => `(function() local N = tonumber return tostring(math.${name}(${edge})), math.${name}(${edge}) end)()`),
        ),
        ...TWO.flatMap((name) =>
          NUMBERS.flatMap((x) =>
            NUMBERS.map((y) => `(function() local N = tonumber return tostring(math.${name}(${x}, ${y})), math.${name}(${x}, ${y}) end)()`),
          ),
        ),
        ...TWO.flatMap((name) => [`tostring(math.${name}(tonumber('nan'), 1.5))`, `tostring(math.${name}(1.5, tonumber('-nan')))`]),
      ],
      withoutSignOfNaN,
    );
  });

  test("every function in between", async () => {
    await randomRounds(async (random) => {
      const x = (random.next() - 0.5) * 10 ** random.between(-10, 10);
      const y = (random.next() - 0.5) * 10 ** random.between(-3, 3);
      const calls = [...ONE.map((name) => `math.${name}(${x})`), ...TWO.map((name) => `math.${name}(${x}, ${y})`)];
      await oracle().compareInput(`return show(${calls.join(", ")})`, "");
    });
  });

  test("arguments that are missing or no numbers", async () => {
    await oracle().compare(
      [...ONE, ...TWO].flatMap((name) => [
        `math.${name}()`,
        `math.${name}({})`,
        `math.${name}(1, {})`,
        `math.${name}(1)`,
        `pcall(math.${name}, 'x')`,
      ]),
    );
    await oracle().compare(["math.pi", "math.huge", "math.mod == math.fmod", "math.max(1, 2, '3', 4)", "math.min(1, nil)"]);
  });
});

describe("random numbers", () => {
  test("are those of drand48", () => {
    const random = new RandomNumbers();
    random.seed(1);
    expect(Array.from({ length: 3 }, () => random.next())).toEqual([89400484, 976015093, 1792756325]);
  });
});
