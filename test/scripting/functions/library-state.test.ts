import { describe, expect, test } from "bun:test";
import { keepsState } from "../../../src/scripting/functions/library-state.ts";
import { parse } from "../../../src/scripting/lua/parser.ts";

const keeps = (text: string): boolean => keepsState(parse(text, "@user_function"));

/** The function that is registered, around what it does. */
const inFunction = (body: string, before = ""): string => `${before}\nredis.register_function('f', function(keys, args)\n${body}\nend)`;

const STATELESS: readonly (readonly [what: string, text: string])[] = [
  ["a function that uses its own variables", inFunction("local a = {} a.x = 1 a = {a} return a")],
  ["constants", inFunction("return A + B", "local A, B = 1, 2")],
  ["functions of the library", inFunction("return add(1)", "local function add(a) return a + 1 end")],
  ["functions that call themselves", inFunction("return f(9)", "local function f(n) if n == 0 then return 0 end return f(n - 1) end")],
  ["redis under another name", inFunction("return call('GET', keys[1])", "local r = redis local log = redis.log local call")],
  ["another name for register_function", "local register = redis.register_function register('f', function() return 1 end)"],
  [
    "a table of constants that is read",
    inFunction("for k, v in pairs(T) do args[k] = v end return T.x, #T, T[args[1]]", "local T = {1, 2, x = 'y'}"),
  ],
  ["a table of functions", inFunction("return M.add(M.one)", "local M = {one = 1} function M.add(a) return a + 1 end")],
  [
    "functions that are handed on",
    inFunction("return each(keys, add)", "local function each(t, f) return f(t[1]) end local function add(a) return a .. 1 end"),
  ],
  [
    "variables of a call that others change",
    inFunction("local n = 0 each(keys, function() n = n + 1 end) return n", "local function each(t, f) for i = 1, #t do f(t[i]) end end"),
  ],
  ["named arguments", "redis.register_function{function_name='f', callback=function() return 1 end, flags={'no-writes'}}"],
];

const STATEFUL: readonly (readonly [what: string, text: string])[] = [
  ["a counter", inFunction("count = count + 1 return count", "local count = 0")],
  [
    "a counter of a function that is called",
    inFunction("return next_one()", "local count = 0 local function next_one() count = count + 1 return count end"),
  ],
  ["a counter in a block", `do ${inFunction("n = n + 1", "local n = 0")} end`],
  ["a table that is written to", inFunction("seen[args[1]] = true", "local seen = {}")],
  ["a table in a table", inFunction("local t = T.list t[1] = args[1]", "local T = {list = {}}")],
  ["a table that is handed on", inFunction("table.insert(list, args[1])", "local list = {}")],
  ["a table that is returned", inFunction("return get()", "local list = {} local function get() return list end")],
  ["a table that is kept under another name", inFunction("local l = list l[1] = 1", "local list = {}")],
  ["a table put in later", inFunction("T.x[1] = 1", "local T = {} T.x = {}")],
  ["a method, which gets the table", inFunction("M:set()", "local M = {} function M:set() self.x = 1 end")],
  [
    "a function that has a state of its own",
    inFunction("return n()", "local function make() local i = 0 return function() i = i + 1 return i end end local n = make()"),
  ],
  [
    "functions made by a function",
    "local function def(name) local n = 0 redis.register_function(name, function() n = n + 1 return n end) end def('a')",
  ],
  ["a coroutine", inFunction("return co()", "local co = nil local function start() co = coroutine.wrap(function() end) end")],
  ["an assignment in the midst of several", inFunction("local x x, last = 1, args[1]", "local last")],
];

describe("what a library keeps from one call to the next", () => {
  test.each([...STATELESS])("nothing: %s", (_, text) => {
    expect(keeps(text)).toBe(false);
  });

  test.each([...STATEFUL])("something: %s", (_, text) => {
    expect(keeps(text)).toBe(true);
  });
});
