/** The library `string`, but for formats and patterns, and random calls of all of it. */

import { describe, expect, test } from "bun:test";
import { stringLibrary } from "../../../src/scripting/lua/library/string.ts";
import { LuaState } from "../../../src/scripting/lua/state.ts";
import { Interruption, LuaError, type LuaFunction } from "../../../src/scripting/lua/value.ts";
import { Random } from "../../support/property.ts";
import { describeWithRedis } from "../../support/redis.ts";
import { type Call, callHere, callText, describeCalls, type Group, useLibraryOracle } from "./library-calls.ts";
import { randomCall } from "./library-generators.ts";

const GROUPS: readonly Group[] = [
  {
    title: "sub, byte and char count from either end, in 64 bits",
    calls: [
      [["sub", "abc", 2], 'true "bc"'],
      [["sub", "abc", -2], 'true "bc"'],
      [["sub", "abc", 2, 2], 'true "b"'],
      [["sub", "abc", 0], 'true "abc"'],
      [["sub", "abc", -100, 100], 'true "abc"'],
      [["sub", "abc", 3, 2], 'true ""'],
      [["sub", "abc", 2.9], 'true "bc"'],
      [["sub", "abc", -2.9], 'true "bc"'],
      [["sub", "abc", "1e0"], 'true "abc"'],
      [["sub", 12345, 2, 3], 'true "23"'],
      [["sub", "abc", Number.NaN], 'true "abc"'],
      [["sub", "abc", 1, Number.POSITIVE_INFINITY], 'true ""'],
      [["sub", "abc", 1, 2 ** 62], 'true "abc"'],
      [["sub", "abc", Number.NEGATIVE_INFINITY, 2], 'true "ab"'],
      [["sub", "abc", 2 ** 32 + 1], 'true ""'],
      [["sub", "abc"], "false \"bad argument #2 to '?' (number expected, got no value)\""],
      [["sub", "abc", undefined], "false \"bad argument #2 to '?' (number expected, got nil)\""],
      [["sub", "abc", ""], "false \"bad argument #2 to '?' (number expected, got string)\""],
      [["sub", "abc", 1, undefined], 'true "abc"'],
      [["byte", "abc"], "true 97"],
      [["byte", "abc", 2], "true 98"],
      [["byte", "abc", -1], "true 99"],
      [["byte", "abc", 0], "true"],
      [["byte", "abc", 10], "true"],
      [["byte", "abc", 1, -1], "true 97 98 99"],
      [["byte", "abc", -10, 10], "true 97 98 99"],
      [["byte", "abc", 3, 2], "true"],
      [["byte", ""], "true"],
      [["byte", "\0\xff", 1, 2], "true 0 255"],
      [["byte", "abc", Number.NaN, Number.POSITIVE_INFINITY], "true"],
      [["byte", "abc", undefined, undefined], "true 97"],
      [["char"], 'true ""'],
      [["char", 104, 105], 'true "hi"'],
      [["char", 0, 255], 'true "\x00\xff"'],
      [["char", 65.9], 'true "A"'],
      [["char", "66"], 'true "B"'],
      [["char", 2 ** 32 + 65], 'true "A"'],
      [["char", 256], "false \"bad argument #1 to '?' (invalid value)\""],
      [["char", 65, -1], "false \"bad argument #2 to '?' (invalid value)\""],
      [["char", 65, "x"], "false \"bad argument #2 to '?' (number expected, got string)\""],
      [["char", 65, undefined], "false \"bad argument #2 to '?' (number expected, got nil)\""],
    ],
  },
  {
    title: "rep, upper, lower, reverse and len know bytes only",
    calls: [
      [["rep", "ab", 3], 'true "ababab"'],
      [["rep", "ab", 0], 'true ""'],
      [["rep", "ab", -1], 'true ""'],
      [["rep", "x", 2.9], 'true "xx"'],
      [["rep", "x", "3"], 'true "xxx"'],
      [["rep", "x", 2 ** 32 + 2], 'true "xx"'],
      [["rep", "x", 2 ** 31], 'true ""'],
      [["rep", "x", Number.NaN], 'true ""'],
      [["rep", "", 1e6], 'true ""'],
      [["rep", 12, 3], 'true "121212"'],
      [["rep", "x"], "false \"bad argument #2 to '?' (number expected, got no value)\""],
      [["rep"], "false \"bad argument #1 to '?' (string expected, got no value)\""],
      [["upper", "aZ1\xe4\xff\xb5\xdf"], 'true "AZ1\xe4\xff\xb5\xdf"'],
      [["lower", "aZ1\xc4\xdf"], 'true "az1\xc4\xdf"'],
      [["upper", 1e100], 'true "1E+100"'],
      [["upper", ""], 'true ""'],
      [["lower"], "false \"bad argument #1 to '?' (string expected, got no value)\""],
      [["reverse", "abc\0\xff"], 'true "\xff\x00cba"'],
      [["reverse", 12], 'true "21"'],
      [["reverse", true], "false \"bad argument #1 to '?' (string expected, got boolean)\""],
      [["len", "a\0b"], "true 3"],
      [["len", 123], "true 3"],
      [["len", undefined], "false \"bad argument #1 to '?' (string expected, got nil)\""],
      [["dump", "x"], "false \"bad argument #1 to '?' (function expected, got string)\""],
      [["dump"], "false \"bad argument #1 to '?' (function expected, got no value)\""],
      [["gmatch", "a"], "false \"bad argument #2 to '?' (string expected, got no value)\""],
      [["gmatch"], "false \"bad argument #1 to '?' (string expected, got no value)\""],
      [["gfind", "a", "b"], "true function"],
    ],
  },
];

describeCalls(GROUPS);

describe("limits of strings", () => {
  test("byte returns as many results as the stack of a C function has room for", () => {
    const text = "a".repeat(9000);
    expect(callHere(["byte", text, 1, 7997])).toBe(`true${" 97".repeat(7997)}`);
    expect(callHere(["byte", text, 1, 7998])).toBe('false "stack overflow (string slice too long)"');
  });

  test("rep asks for the memory before it makes the string", () => {
    const L = new LuaState();
    const rep = stringLibrary(L).rep as LuaFunction;
    L.memory = 1000;
    L.onMemory = () => {
      throw new Interruption("memory");
    };
    expect(rep("ab", 100)).toBe("ab".repeat(100));
    expect(() => rep("x", 2 ** 31 - 1)).toThrow(Interruption);
    L.memory = Number.POSITIVE_INFINITY;
    expect(() => rep("x", 2 ** 31 - 1)).toThrow(LuaError);
  });
});

/** Calls in one round: STRING_ROUNDS rounds, with PROPERTY_SEED for the first one. */
const ROUND = 500;

describeWithRedis("random calls", () => {
  const oracle = useLibraryOracle();

  test("give what Redis's Lua gives", async () => {
    const random = new Random(Number(process.env.PROPERTY_SEED ?? 9));
    for (let left = Number(process.env.STRING_ROUNDS ?? 4); left > 0; left--) {
      const calls: Call[] = Array.from({ length: ROUND }, () => randomCall(random));
      const theirs = await oracle().call(calls);
      for (const [place, call] of calls.entries()) {
        const ours = callHere(call);
        if (ours !== theirs[place])
          expect({ call: callText(call), result: ours }).toEqual({ call: callText(call), result: theirs[place] ?? "" });
      }
    }
  });
});
