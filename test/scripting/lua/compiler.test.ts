/** The JavaScript that scripts become: nothing of a script's own text gets into it, and no script gets at anything of the host. */

import { describe, expect, test } from "bun:test";
import { emitChunk } from "../../../src/scripting/lua/compiler.ts";
import { parse } from "../../../src/scripting/lua/parser.ts";
import { RUNTIME_NAMES } from "../../../src/scripting/lua/runtime.ts";
import { runLua } from "./run.ts";

const KEYWORDS = (
  "use strict const let return function break if else for while typeof number undefined true false new yield native initial limit step key value " +
  "push depth sites maxDepth overflow steps tick spend globals setHashed seal array native throw steps instanceof all at take callee state tail tails L K R G S T d n i s w v va"
).split(" ");
const GIVEN = /^(?:[ltk]\d+|\d.*|e\d*)$/;

/** Every construct of the language, with names and strings that mean something to JavaScript. */
const PROGRAM = `
local constructor, __proto__, eval = 1, "prototype", ...
local t = { constructor = 1, ["__proto__"] = 2, [3] = 4; 5, "\\"];process.exit()//", f(), ... }
function t.toString(this, ...) return arguments, select('#', ...) end
function t:valueOf() return self.constructor .. __proto__ end
local function window(process) if process then return window(not process) elseif eval then return end; return (t:valueOf()) end
for Function = 1, 10, 2 do for require = Function, -1, -0.5 do t[Function] = require % 7 ^ 2 - -Function end end
for key, value, third in pairs(t) do globalThis = key == value or key ~= third and key < value and key >= value end
while #t > 0 do repeat local Bun = t[#t]; t[#t], import = nil, Bun until Bun and true break end
do local a, b, c = (f()), f(1, g(2)), h(...); a, b.x, c[a] = f(), ... end
return ("x"):rep(3, '${"`"}'), t.hasOwnProperty, 0x10, 1e300 * 1e300, function(...) return arg end
`;

describe("compiled text", () => {
  for (const resumable of [false, true]) {
    test(`holds names of a closed list only (${resumable ? "resumable" : "plain"} form)`, () => {
      const { text } = emitChunk(parse(PROGRAM, "@user_script"), "user_script", 4096, resumable);
      const strings = new Set([...text.matchAll(/"([^"]*)"/g)].map(([, content]) => content));
      expect([...strings].filter((content) => !/^[\w .:-]*$/.test(content ?? ""))).toEqual([]);
      const names = text.replace(/"[^"]*"/g, '""').match(/[A-Za-z_$][\w$]*/g) ?? [];
      const unknown = new Set(names.filter((name) => !KEYWORDS.includes(name) && !RUNTIME_NAMES.includes(name) && !GIVEN.test(name)));
      expect([...unknown]).toEqual([]);
    });
  }

  test("keeps strings that JavaScript would have to escape out of the text", () => {
    const { text, constants } = emitChunk(parse(`return "a\\"b", "\\n", [[\\u0041]], "\\255"`, "@x"), "x", 4096, false);
    expect(constants).toEqual(['a"b', "\n", "\\u0041", "\xff"]);
    expect(text).not.toContain("\\");
  });
});

describe("scripts and the host", () => {
  for (const name of [
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "prototype",
    "__defineGetter__",
    "valueOf",
    "length",
    "size",
    "get",
  ]) {
    test(`a table has no '${name}' until it is given one`, () => {
      expect(runLua(`local t = {} return tostring(t.${name}), tostring(t["${name}"]), tostring(rawget(t, "${name}"))`)).toEqual([
        "nil",
        "nil",
        "nil",
      ]);
      expect(
        runLua(`local t = {${name} = 1} t.${name} = t.${name} + 1 local n = 0 for k in pairs(t) do n = n + 1 end return t.${name}, n`),
      ).toEqual([2, 1]);
    });

    test(`a string and a function have no '${name}'`, () => {
      expect(runLua(`return tostring(("x").${name})`)).toEqual(["nil"]);
      expect(runLua(`return pcall(function() return pcall.${name} end)`)).toEqual([
        false,
        `user_script:1: attempt to index global 'pcall' (a function value)`,
      ]);
    });

    test(`there is no global '${name}'`, () => {
      expect(runLua(`return tostring(_G["${name}"])`)).toEqual(["nil"]);
    });
  }

  for (const name of ["globalThis", "process", "Bun", "require", "eval", "Function", "L", "R", "G", "window", "self", "import", "module"]) {
    test(`'${name}' is no global either`, () => {
      expect(runLua(`return tostring(_G["${name}"])`)).toEqual(["nil"]);
    });
  }

  test("nothing comes out of an error but Lua's values", () => {
    expect(runLua("local ok, e = pcall(error, {a = 1}) return type(e), e.a, tostring(e.stack), tostring(e.message)")).toEqual([
      "table",
      1,
      "nil",
      "nil",
    ]);
    expect(runLua("local ok, e = pcall(function() local x = nil; return x.y end) return type(e)")).toEqual(["string"]);
  });
});
