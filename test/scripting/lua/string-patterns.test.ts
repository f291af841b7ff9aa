/** Patterns: find, match, gmatch, gsub. */

import { describe, expect, test } from "bun:test";
import { stringLibrary } from "../../../src/scripting/lua/library/string.ts";
import { LuaState } from "../../../src/scripting/lua/state.ts";
import { Interruption, type LuaFunction } from "../../../src/scripting/lua/value.ts";
import { describeCalls, GIVEN, type Group } from "./library-calls.ts";

const GROUPS: readonly Group[] = [
  {
    title: "find takes a pattern without magic as it stands",
    calls: [
      [["find", "abc", "b"], "true 2 2"],
      [["find", "abc", "x"], "true nil"],
      [["find", "abc", ""], "true 1 0"],
      [["find", "abc", "", 4], "true 4 3"],
      [["find", "abc", "", 10], "true 4 3"],
      [["find", "abc", "b", 2], "true 2 2"],
      [["find", "abc", "b", 3], "true nil"],
      [["find", "abc", "b", -1], "true nil"],
      [["find", "abc", "b", -10], "true 2 2"],
      [["find", "abc", "b", Number.NaN], "true 2 2"],
      [["find", "a.c", ".", 1, true], "true 2 2"],
      [["find", "a.c", ".", 1, false], "true 1 1"],
      [["find", "a.c", ".", 2, 0], "true 2 2"],
      [["find", "a%c", "%", undefined, true], "true 2 2"],
      [["find", "a\0c", "\0"], "true 2 2"],
      [["find", "a\0c", "a\0x"], "true nil"],
      [["find", "a\0(", "\0("], "true 2 3"],
      [["find", "abc", "b)"], "true nil"],
      [["find", "a]", "]"], "true 2 2"],
      [["find", 1234, 23], "true 2 3"],
      [["find", "abc", "b", "x"], "false \"bad argument #3 to '?' (number expected, got string)\""],
      [["find", "abc"], "false \"bad argument #2 to '?' (string expected, got no value)\""],
      [["find"], "false \"bad argument #1 to '?' (string expected, got no value)\""],
    ],
  },
  {
    title: "A class is a class of the C locale",
    calls: [
      [["match", "abc1", "%a+"], 'true "abc"'],
      [["match", "abc1", "%d"], 'true "1"'],
      [["match", "ABc", "%u*"], 'true "AB"'],
      [["match", "ABc", "%l"], 'true "c"'],
      [["match", "a b", "%s"], 'true " "'],
      [["match", "a!b", "%p"], 'true "!"'],
      [["match", "xyzF0", "%x+"], 'true "F0"'],
      [["match", "a\x01", "%c"], 'true "\x01"'],
      [["match", "a\0b", "%z"], 'true "\x00"'],
      [["match", "a_1", "%w+"], 'true "a"'],
      [["match", "ab1", "%A"], 'true "1"'],
      [["match", "\0a", "%Z"], 'true "a"'],
      [["match", "\xe4", "%a"], "true nil"],
      [["match", "\xe4", "%W"], 'true "\xe4"'],
      [["match", "\xe4", "[\x80-\xff]"], 'true "\xe4"'],
      [["match", "abc", "%g"], "true nil"],
      [["match", "a.b", "%."], 'true "."'],
      [["match", "abc", "[b-]"], 'true "b"'],
      [["match", "a-c", "[-c]"], 'true "-"'],
      [["match", "a]", "[]]"], 'true "]"'],
      [["match", "a]", "[^]]"], 'true "a"'],
      [["match", "a^", "[b^]"], 'true "^"'],
      [["match", "abc", "[%a-z]+"], 'true "abc"'],
      [["match", "a-z", "[%a-z]+"], 'true "a-z"'],
      [["match", "b%", "[a-%%]"], "true nil"],
      [["match", "abc", "[c-a]"], "true nil"],
      [["match", "x]", "[%]]"], 'true "]"'],
      [["match", "ab", "[^%s]+$"], 'true "ab"'],
      [["match", "a\nb", ".-\n"], 'true "a\n"'],
    ],
  },
  {
    title: "Repetitions take as much as they can, or as little",
    calls: [
      [["match", "aaa", "a*"], 'true "aaa"'],
      [["match", "aaa", "a-"], 'true ""'],
      [["match", "aaab", "a-b"], 'true "aaab"'],
      [["match", "aaa", "a-$"], 'true "aaa"'],
      [["match", "aab", "^a-$"], "true nil"],
      [["match", "baa", "a+"], 'true "aa"'],
      [["match", "baa", "^a+"], "true nil"],
      [["match", "aab", "a?a?a?"], 'true "aa"'],
      [["match", "aab", "a?ab"], 'true "aab"'],
      [["match", "*a", "*a"], 'true "*a"'],
      [["match", "+a", "^+"], 'true "+"'],
      [["match", "a$b", "a$b"], 'true "a$b"'],
      [["match", "a^b", "a^b"], 'true "a^b"'],
      [["find", "abc", "$"], "true 4 3"],
      [["find", "abc", "c$"], "true 3 3"],
      [["find", "abc", "^"], "true 1 0"],
      [["find", "abc", "^b", 2], "true 2 2"],
      [["match", "abc", "()", 4], "true 4"],
      [["match", "abc", "()", 40], "true 4"],
      [["match", "  a b  ", "^%s*(.-)%s*$"], 'true "a b"'],
      [["match", "key:{12}:x", "^(.-):{(%d+)}:(.*)$"], 'true "key" "12" "x"'],
      [["match", "a,b,c", "^(.*),(.*)$"], 'true "a,b" "c"'],
      [["match", "abc", "a\0x"], 'true "a"'],
      [["match", "aaaaaaaaaaaaaaaaaaaab", "a-a-a-a-b"], 'true "aaaaaaaaaaaaaaaaaaaab"'],
    ],
  },
  {
    title: "Captures are counted by their parentheses",
    calls: [
      [["find", "abc", "(b)()"], 'true 2 2 "b" 3'],
      [["find", "abc", "()"], "true 1 0 1"],
      [["match", "x=1", "(%w)=(%w)"], 'true "x" "1"'],
      [["match", "abcabc", "(abc)%1"], 'true "abc"'],
      [["match", "abab", "((a)(b))%2"], 'true "ab" "a" "b"'],
      [["find", "abcc", "(c)%1"], 'true 3 4 "c"'],
      [["find", "abc", "()b%1"], "true nil"],
      [["match", "say 'hi'", "(['\"])(.-)%1"], 'true "\'" "hi"'],
      [["match", "abc", "((a)b(c))"], 'true "abc" "a" "c"'],
      [["match", "aXb", "(a*(.)%w(%s*))"], 'true "aXb" "X" ""'],
      [["match", "abc", "a(x?)b"], 'true ""'],
      [["match", "a".repeat(40), "(a)".repeat(32)], `true${' "a"'.repeat(32)}`],
      [["match", "a".repeat(40), "(a)".repeat(33)], 'false "too many captures"'],
      [["find", "b", "(".repeat(33)], 'false "too many captures"'],
      [["find", "abc", "%1"], 'false "invalid capture index"'],
      [["find", "abc", "%0"], 'false "invalid capture index"'],
      [["find", "abc", "(b%1)"], 'false "invalid capture index"'],
      [["find", "abc", "("], 'false "unfinished capture"'],
      [["match", "abc", ")"], 'false "invalid pattern capture"'],
      [["find", "abc", "(b"], 'false "unfinished capture"'],
      [["match", "abc", "b)"], 'false "invalid pattern capture"'],
    ],
  },
  {
    title: "%b finds balanced pairs and %f frontiers",
    calls: [
      [["find", "f(a(b)c)d", "%b()"], "true 2 8"],
      [["find", "(a(b)c", "%b()"], "true 3 5"],
      [["find", "aXXb", "%bXX"], "true 2 3"],
      [["find", "(", "%b()"], "true nil"],
      [["find", "abc", "%b"], 'false "unbalanced pattern"'],
      [["find", "abc", "%bx"], 'false "unbalanced pattern"'],
      [["find", "THE (quick) fox", "%f[%a]%a+%f[%A]", 5], "true 6 10"],
      [["gsub", "THE (quick) fox", "%f[%a]%a+", "x"], 'true "x (x) x" 3'],
      [["find", "abc", "%f[%z]"], "true 4 3"],
      [["find", "\0a", "%f[%z]"], "true 3 2"],
      [["find", "abc", "%f"], "false \"missing '[' after '%f' in pattern\""],
      [["find", "abc", "%fx"], "false \"missing '[' after '%f' in pattern\""],
      [["find", "abc", "%f[a"], "false \"malformed pattern (missing ']')\""],
      [["find", "xabc", "%f[abc]", 3], "true nil"],
    ],
  },
  {
    title: "A malformed pattern fails only where matching gets to the fault",
    calls: [
      [["find", "abc", "%"], "false \"malformed pattern (ends with '%')\""],
      [["find", "abc", "x%"], "true nil"],
      [["find", "abc", "c%"], "false \"malformed pattern (ends with '%')\""],
      [["find", "abc", "["], "false \"malformed pattern (missing ']')\""],
      [["find", "abc", "x["], "true nil"],
      [["find", "abc", "[a"], "false \"malformed pattern (missing ']')\""],
      [["find", "abc", "[]"], "false \"malformed pattern (missing ']')\""],
      [["find", "abc", "[^]"], "false \"malformed pattern (missing ']')\""],
      [["find", "abc", "[%"], "false \"malformed pattern (missing ']')\""],
      [["find", "abc", "[%]"], "false \"malformed pattern (missing ']')\""],
      [["find", "abc", "[a%]"], "false \"malformed pattern (missing ']')\""],
      [["find", "abc", "[a\0b]"], "false \"malformed pattern (missing ']')\""],
      [["match", "abc", "%w%"], "false \"malformed pattern (ends with '%')\""],
      [["gsub", "abc", "[", "x"], "false \"malformed pattern (missing ']')\""],
      [["gsub", "", "%", "x"], "false \"malformed pattern (ends with '%')\""],
    ],
  },
  {
    title: "gsub replaces by text, table or function",
    calls: [
      [["gsub", "hello", "l", "L"], 'true "heLLo" 2'],
      [["gsub", "hello", "x", "y"], 'true "hello" 0'],
      [["gsub", "hello", "l", "L", 1], 'true "heLlo" 1'],
      [["gsub", "hello", "l", "L", 0], 'true "hello" 0'],
      [["gsub", "hello", "l", "L", -1], 'true "hello" 0'],
      [["gsub", "hello", "l", "L", 1.9], 'true "heLlo" 1'],
      [["gsub", "hello", "l", "L", 2 ** 32 + 1], 'true "heLlo" 1'],
      [["gsub", "hello", "l", "L", Number.NaN], 'true "hello" 0'],
      [["gsub", "hello", "", "-"], 'true "-h-e-l-l-o-" 6'],
      [["gsub", "", "", "-"], 'true "-" 1'],
      [["gsub", "abc", "%w*", "x"], 'true "xx" 2'],
      [["gsub", "abc", "%w-", "x"], 'true "xaxbxcx" 4'],
      [["gsub", "abc def", "%w*", "x"], 'true "xx xx" 4'],
      [["gsub", "aaa", "^a", "x"], 'true "xaa" 1'],
      [["gsub", "abc", "$", "x"], 'true "abcx" 1'],
      [["gsub", "hello", "l", 5], 'true "he55o" 2'],
      [["gsub", 123, 2, 3], 'true "133" 1'],
      [["gsub", "hello world", "(%w+) (%w+)", "%2 %1"], 'true "world hello" 1'],
      [["gsub", "hello", "l", "%0%0"], 'true "hellllo" 2'],
      [["gsub", "hello", "l", "%1"], 'true "hello" 2'],
      [["gsub", "hello", "()l", "%1"], 'true "he34o" 2'],
      [["gsub", "hello", "l", "%%"], 'true "he%%o" 2'],
      [["gsub", "hello", "l", "%a"], 'true "heaao" 2'],
      [["gsub", "hello", "l", "%"], 'true "he\x00\x00o" 2'],
      [["gsub", "hello", "l", "a\0b"], 'true "hea\x00ba\x00bo" 2'],
      [["gsub", "hello", "l", "%2"], 'false "invalid capture index"'],
      [["gsub", "hello", "(l)", "%2"], 'false "invalid capture index"'],
      [["gsub", "hello", "(l", "x"], 'true "hexxo" 2'],
      [["gsub", "hello", "(l", "%1"], 'false "unfinished capture"'],
      [["gsub", "hello", "l", GIVEN.table], 'true "heLLo" 2'],
      [["gsub", "hello", "(l)(.)", GIVEN.count], 'true "he2o" 1'],
      [["gsub", "hello", "()(l)", GIVEN.joined], 'true "he3l4lo" 2'],
      [["gsub", "hello", "l", GIVEN.none], 'true "hello" 2'],
      [["gsub", "hello", "l", GIVEN.upper], 'true "heLLo" 2'],
      [["gsub", "hello", "l", GIVEN.tables], 'false "invalid replacement value (a table)"'],
      [["gsub", "hello", "l", GIVEN.doubled], 'true "hellllo" 2'],
      [["gsub", "hello", "e", GIVEN.table], 'false "invalid replacement value (a boolean)"'],
      [["gsub", "hello", "l"], "false \"bad argument #3 to '?' (string/function/table expected)\""],
      [["gsub", "hello", "l", true], "false \"bad argument #3 to '?' (string/function/table expected)\""],
      [["gsub", "hello", "l", undefined, "x"], "false \"bad argument #4 to '?' (number expected, got string)\""],
      [["gsub", "hello", "l", "L", "x"], "false \"bad argument #4 to '?' (number expected, got string)\""],
      [["gsub", "a"], "false \"bad argument #2 to '?' (string expected, got no value)\""],
      [["gsub"], "false \"bad argument #1 to '?' (string expected, got no value)\""],
    ],
  },
  {
    title: "gmatch goes on behind the last match, by one character behind an empty one",
    calls: [
      [["each", "one two", "%a+"], 'true "one" "two"'],
      [["each", "k=v, x=y", "(%w+)=(%w+)"], 'true "k" "v" "x" "y"'],
      [["each", "abc", ""], 'true "" "" "" ""'],
      [["each", "abc", "%w*"], 'true "abc" ""'],
      [["each", "a1b2", "()%d"], "true 2 4"],
      [["each", "^a^a", "^a"], 'true "^a" "^a"'],
      [["each", "", "x"], "true"],
      [["each", 121, 1], 'true "1" "1"'],
      [["each", "abc", "("], 'false "unfinished capture"'],
      [["each", "abc", "[a"], "false \"malformed pattern (missing ']')\""],
    ],
  },
];

describeCalls(GROUPS);

describe("matching", () => {
  const L = new LuaState();
  const { find, match, gmatch, gsub } = stringLibrary(L) as Record<"find" | "match" | "gmatch" | "gsub", LuaFunction>;

  test("has no depth: neither a long subject nor a long pattern is too much", () => {
    const long = "a".repeat(250_000);
    expect(match(long, ".*")).toBe(long);
    expect(match(long, ".-$")).toBe(long);
    expect(match(long, "^(a-)b")).toBe(undefined);
    expect(match("a".repeat(100_000), "a?".repeat(100_000))).toBe("a".repeat(100_000));
  });

  test("counts its steps, so that a pattern that takes forever can be ended", () => {
    let ticks = 0;
    L.onTick = () => {
      if (++ticks === 10) throw new Interruption("killed");
      return false;
    };
    expect(() => match("a".repeat(200), "(.*)(.*)(.*)(.*)(.*)(.*)x")).toThrow(Interruption);
    expect(ticks).toBe(10);
    L.onTick = () => false;
  });

  test("can be asked for by the function that gsub calls", () => {
    const inner: LuaFunction = (word) =>
      (gsub(word, "%w", (letter: unknown) => `${find("abc", String(letter)) === undefined ? "-" : letter}`) as unknown[])[0] as string;
    expect(gsub("ax by", "%w+", inner)).toEqual(["a- b-", 2]);
  });

  test("goes on from where it was for each gmatch", () => {
    const letters = gmatch("ab", "%a") as LuaFunction;
    const digits = gmatch("12", "%d") as LuaFunction;
    expect([letters(), digits(), letters(), digits(), letters(), digits()]).toEqual(["a", "1", "b", "2", [], []]);
  });
});
