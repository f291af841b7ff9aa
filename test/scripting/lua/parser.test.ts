import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Expression, FunctionBody, Statement } from "../../../src/scripting/lua/ast.ts";
import { chunkId, LuaSyntaxError, parse } from "../../../src/scripting/lua/parser.ts";
import { connect, type RawClient, replyText } from "../../support/client.ts";
import type { ServerProcess } from "../../support/process.ts";
import { Random } from "../../support/property.ts";
import { describeWithRedis, startRedis } from "../../support/redis.ts";
import { brokenProgram, PROGRAMS } from "./broken-programs.ts";

const COMPILE_ERROR = "-ERR Error compiling script (new function): ";

/** What is wrong with a text, or "" if nothing is. */
function complaint(text: string): string {
  try {
    parse(text, "@user_script");
    return "";
  } catch (error) {
    if (!(error instanceof LuaSyntaxError)) throw error;
    return error.message;
  }
}

function statementOf<Kind extends Statement["kind"]>(body: FunctionBody, place: number, kind: Kind): Extract<Statement, { kind: Kind }> {
  const statement = body.body[place];
  if (statement.kind !== kind) throw new Error(`a ${statement.kind}, not a ${kind}`);
  return statement as Extract<Statement, { kind: Kind }>;
}

/** The values that the last statement returns. */
function returned(text: string): readonly Expression[] {
  const body = parse(text, "@user_script");
  return statementOf(body, body.body.length - 1, "return").values;
}

/** The first node of this kind in a part of the tree. */
function find(part: unknown, kind: string): { readonly line: number } | null {
  if (typeof part !== "object" || part === null) return null;
  if ("kind" in part && part.kind === kind && "line" in part) return part as { line: number };
  for (const [name, value] of Object.entries(part)) {
    const found = name === "local" || name === "owner" || name === "assigned" ? null : find(value, kind);
    if (found !== null) return found;
  }
  return null;
}

describe("a parsed chunk", () => {
  test("has each name as the variable that is in scope, and says when it belongs to an outer function", () => {
    const [sum] = returned("local x = 1; local f = function() local y = x; do local x = y end return x end; local x = x; return x + z");
    if (sum.kind !== "binary" || sum.left.kind !== "local") throw new Error("not a sum");
    expect(sum.left).toMatchObject({ isUpvalue: false, local: { name: "x" } });
    expect(sum.right).toEqual({ kind: "global", name: "z", line: 1 });
    const [value] = sum.left.local.assigned;
    if (value?.kind !== "local") throw new Error("not a copy of the outer x");
    expect(value.local).not.toBe(sum.left.local);
    expect(returned("local x; return function() return function() return x end end")).toMatchObject([
      { function: { body: [{ values: [{ function: { body: [{ values: [{ kind: "local", isUpvalue: true }] }] } }] }] } },
    ]);
  });

  test("lists for each local variable what is assigned to it, null for what cannot be told", () => {
    const kinds = (text: string) => {
      const [value] = returned(text);
      return value.kind === "local" ? value.local.assigned.map((each) => each?.kind ?? null) : [];
    };
    expect(kinds("local a = 1; a = 'x'; function a() end a, b = f(), g(); return a")).toEqual(["number", "string", "function", "call"]);
    expect(kinds("local a; return a")).toEqual(["nil"]);
    expect(kinds("local a, b, c = 1, f(); b = {}; return b")).toEqual([null, "table"]);
    expect(kinds("local a, b, c = 1, f(); return c")).toEqual([null]);
    expect(kinds("local a, b, c = 1, (f()); return c")).toEqual(["nil"]);
    expect(kinds("local a, b = ...; return a")).toEqual([null]);
    expect(kinds("local function a() end a, a = 1; return a")).toEqual(["function", "number", "nil"]);
    const loops = parse("for i = f(), 2 do i = true end for k, v in next, t do v = 1 end", "@x");
    const { variable } = statementOf(loops, 0, "numericFor");
    expect(variable.assigned.map((each) => each?.kind ?? null)).toEqual(["number", "true"]);
    const { variables } = statementOf(loops, 1, "genericFor");
    expect(variables.map(({ assigned }) => assigned.map((each) => each?.kind ?? null))).toEqual([[null], [null, "number"]]);
  });

  test("has `arg` in functions that take more arguments without mentioning `...`, and a variable that is nil in the others", () => {
    const legacy = (text: string) => {
      const [value] = returned(text);
      if (value.kind !== "function") throw new Error("no function");
      return [value.function.legacyArg?.name ?? null, value.function.body.map(({ kind }) => kind)];
    };
    expect(legacy("return function(...) return arg end")).toEqual(["arg", ["return"]]);
    expect(legacy("return function(...) return function() return arg end end")).toEqual(["arg", ["return"]]);
    expect(legacy("return function(...) return arg, ... end")).toEqual([null, ["local", "return"]]);
    expect(legacy("return function(...) return ... end")).toEqual([null, ["return"]]);
    expect(legacy("return function(arg) return arg end")).toEqual([null, ["return"]]);
  });

  test("keeps parentheses, which cut a list of values to one and cannot be assigned to", () => {
    expect(returned("return (f()), (...)")).toMatchObject([
      { kind: "parentheses", inner: { kind: "call" } },
      { kind: "parentheses", inner: { kind: "varargs" } },
    ]);
    expect(complaint("(a) = 1")).toBe("user_script:1: syntax error near '='");
  });

  test("binds operators as Lua does", () => {
    const shown = (e: Expression): string => {
      if (e.kind === "binary") return `(${shown(e.left)}${e.operator}${shown(e.right)})`;
      if (e.kind === "and" || e.kind === "or") return `(${shown(e.left)} ${e.kind} ${shown(e.right)})`;
      if (e.kind === "unary") return `(${e.operator} ${shown(e.operand)})`;
      return e.kind === "number" ? String(e.value) : e.kind;
    };
    const bound = (text: string) => shown(returned(`return ${text}`)[0]);
    expect(bound("1 + 2 * 3 - 4 / 5 % 6")).toBe("((1+(2*3))-((4/5)%6))");
    expect(bound("2 ^ 3 ^ 4")).toBe("(2^(3^4))");
    expect(bound("-2 ^ 2")).toBe("(- (2^2))");
    expect(bound("2 ^ -3 * 4")).toBe("((2^(- 3))*4)");
    expect(bound("1 .. 2 .. 3 + 4")).toBe("(1..(2..(3+4)))");
    expect(bound("1 < 2 == 3 >= 4")).toBe("(((1<2)==3)>=4)");
    expect(bound("not 1 == 2")).toBe("((not 1)==2)");
    expect(bound("1 or 2 and 3 or 4")).toBe("((1 or (2 and 3)) or 4)");
    expect(bound("#1 - - 2")).toBe("((# 1)-(- 2))");
  });
});

describe("the name of a chunk", () => {
  test("is cut as Lua cuts it", () => {
    expect(chunkId("@user_script")).toBe("user_script");
    expect(chunkId(`@${"a".repeat(52)}`)).toBe("a".repeat(52));
    expect(chunkId(`@${"a".repeat(52)}b`)).toBe(`...${"a".repeat(51)}b`);
    expect(chunkId(`=${"a".repeat(70)}`)).toBe("a".repeat(59));
    expect(chunkId("return 1")).toBe('[string "return 1"]');
    expect(chunkId("return\n1")).toBe('[string "return..."]');
    expect(chunkId("x".repeat(43))).toBe(`[string "${"x".repeat(43)}"]`);
    expect(chunkId("x".repeat(44))).toBe(`[string "${"x".repeat(43)}..."]`);
    expect(chunkId("a\0b")).toBe('[string "a"]');
  });
});

describeWithRedis("beside Redis, the parser", () => {
  let redis: ServerProcess;
  let client: RawClient;

  beforeAll(async () => {
    redis = await startRedis();
    client = await connect(redis.port);
  });

  afterAll(async () => {
    client.close();
    await redis.stop();
  });

  /** What Redis has to say against each of these texts. */
  async function complaints(texts: readonly string[]): Promise<string[]> {
    const replies = await Promise.all(texts.map((text) => client.command("SCRIPT", "LOAD", Buffer.from(text, "latin1"))));
    return replies.map((reply) => {
      const line = reply.toString("latin1");
      if (line.startsWith("$40")) return "";
      return line.startsWith(COMPILE_ERROR) ? line.slice(COMPILE_ERROR.length, -2) : line;
    });
  }

  async function compare(texts: readonly string[]): Promise<void> {
    const theirs = await complaints(texts);
    texts.forEach((text, place) => {
      // Ends of lines are blanks in an error.
      const ours = complaint(text).replace(/[\r\n]/g, " ");
      if (ours !== theirs[place]) expect({ text, complaint: ours }).toEqual({ text, complaint: theirs[place] });
    });
  }

  async function evaluate(text: string): Promise<Buffer> {
    return client.command("EVAL", Buffer.from(text, "latin1"), 0);
  }

  test("names what is wrong and where in its words", async () => {
    await compare([
      "x", "x y", "x=", "=", "return return", "local", "local x y", "local 1", "local function", "local function f", "local function f(", "f(", "f(1", "f(1\n",
      "if x then", "if x then\n", "if x\nthen\n\n", "if", "while x do\n", "while", "for", "for i", "for i=1", "for i=1,", "for i=1,2 do\n", "for i,", "for i in",
      "repeat\n", "repeat until", "do\n", "end", "else", "until x", "break", "while x do function f() break end end", "return 1 x", "return 1;;", ";",
      "function f(a", "function f(a,)", "function f(..., a) end", "function f(1) end", "function f.1() end", "function f:a.b() end", "function f() ... end",
      "function f() return ... end", "f\n()", "f\n{}", "f\n''", "a.b:c", "a.b:c = 1", "a:b'x':c()", "f() = 1", "a, f() = 1", "a, b", "(a).b = 1", "(a)", "{}", "x = {", "x = {1",
      "x = {\n1", "x = {1 2}", "x = {[1]}", "x = {a.b = 1}", "x = {,}", "x = }", "x = ''''", "x = 1 + ", "x = not", "x = ..", "x = #", "goto x", "a = b c = d", "a = 'b' 'c'",
      "x = 'a", "x = 'a\n'", "x = 'a\\", "x = 'a\\\n", "x = '\\256'", "x = 'ab\\999'", "x = [[", "x = [[\n\n", "x = [=[]]", "x = [=", "x = [==a", "x = [[ [[ ]]", "--[[", "--[[\n[[ ]]", "--[=[ [[ ]=]",
      "x = 1e", "x = 1e+", "x = 1..2", "x = 0x", "x = 0xg", "x = 0x1p", "x = 12a", "x = 1_", "x = .5.", "x ~ y", "x ! y", "x = @", "\0", "x\0", "x = \0", "x = .\0.", "x = 1\0e", "\x01", "\x7f", "\x80", "x = \xff",
      "x = 'a\0b' 'c\0d'", "x 'y\\n\\065' = 1", "x = [[a\r\nb]] [[\r\nc\rd]] 1", "\n\r\n\rx", "\n\nx", "\r\rx", "a.b.c:d = ", "f{\n\n", "for a.b = 1, 2 do end", "local a.b = 1", "x = function f() end",
    ]); // biome-ignore format: a table
  });

  test("finds nothing wrong with valid programs", async () => {
    expect(await complaints(PROGRAMS)).toEqual(PROGRAMS.map(() => ""));
    expect(PROGRAMS.map(complaint)).toEqual(PROGRAMS.map(() => ""));
  });

  test("stops at Lua's limits", async () => {
    const many = (count: number, text: (place: number) => string, between = ",") =>
      Array.from({ length: count }, (_, place) => text(place)).join(between);
    const around = (limit: number, text: (count: number) => string) => [limit - 1, limit, limit + 1].map(text);
    const locals = (count: number) => many(count, (place) => `local v${place}`, "\n");
    await compare([
      ...around(200, locals),
      ...around(200, (count) => `\nlocal function f(${many(count, (place) => `v${place}`)}) end`),
      ...around(197, (count) => `${locals(count)} for i = 1, 2 do end`),
      ...around(196, (count) => `${locals(count)} for i, j in x do end`),
      ...around(199, (count) => `local function f(...) ${locals(count)} end`),
      ...around(
        60,
        (count) => `${locals(count)}\nlocal function f()\nreturn function() return ${many(count, (place) => `v${place}`, "+")}\n end end`,
      ),
      ...around(198, (count) => `return ${"(".repeat(count)}1${")".repeat(count)}`),
      ...around(199, (count) => "do ".repeat(count) + "end ".repeat(count)),
      ...around(99, (count) => "x = function() ".repeat(count) + "end ".repeat(count)),
      ...around(199, (count) => `return ${"x..".repeat(count)}x`),
      ...around(199, (count) => `return ${"-".repeat(2)}${"- ".repeat(count)}x`.replace("--", "")),
      ...around(200, (count) => `${many(count, () => "a")} = 1`),
      ...around(200, (count) => `do ${many(count - 1, () => "a")} = 1 end`),
      ...around(248, (count) => `return f(${many(count, () => "1")})`),
      ...around(247, (count) => `return f(x, ${many(count, () => "y")})`),
      ...around(249, (count) => `return ${many(count, () => "x + 1")}`),
      ...around(247, (count) => `a:b(${many(count, () => "g()")})`),
      ...around(50, (count) => `${locals(199)} x = {${many(count, () => "1")}} y = {${many(count, () => "1")}, ...}`),
      ...around(49, (count) => `${locals(200)} return f(${many(count, () => "v1")})`),
      `return {${many(600, () => "x")}}`,
      `return ${many(5000, () => "1", "+")}`,
    ]);
  });

  test("allows a loadstring that many levels fewer as it is deep in calls", async () => {
    for (const [levels, wrapped] of [[1, "f()"], [2, "select(2, pcall(f))"], [3, "select(3, pcall(pcall, f))"]] as const) {
      for (const count of [198 - levels, 199 - levels]) {
        const text = `return ${"(".repeat(count)}1${")".repeat(count)}`;
        const script = `local function f() return (select(2, loadstring('${text}', '=x'))) end return ${wrapped}`;
        const reply = await evaluate(script);
        const ours = (() => {
          try {
            parse(text, "=x", levels);
            return "$-1\r\n";
          } catch (error) {
            return (error as Error).message;
          }
        })();
        expect(ours.startsWith("$") ? reply.toString() : replyText(reply)).toBe(ours);
      }
    } // biome-ignore format: a table
  });

  test("says what Redis says of mutated programs", async () => {
    const random = new Random(20261129);
    const texts = Array.from({ length: 2000 }, () => brokenProgram(random)).filter((text) => !text.startsWith("#!"));
    await compare(texts);
  });

  test("gives numbers their values", async () => {
    const numbers = [
      "0", "1", "007", "123456789012345", "1234567890123456", "9007199254740993", "123456789012345678901234567890", "1.", ".5", "0.1", "3.14159", "1e10", "1E-5", "1e+5", "5.e3", ".5e-3", "1e308",
      "1e309", "4.9e-324", "2e-324", "0x0", "0xff", "0XAbC", "0xffffffffffffffff", "0x10000000000000001", "0x1fffffffffffffffff", "0x1p4", "0x1P10", "0xap0", "0x1p1024", "0x0p99999", "1\0", "2\0+",
    ]; // biome-ignore format: a table
    for (const number of numbers) {
      const [value] = returned(`return ${number}`);
      if (value.kind !== "number") throw new Error("no number");
      const shown = Number.isFinite(value.value) ? value.value.toExponential(16).replace(/e([+-])(\d)$/, "e$10$2") : String(value.value);
      const theirs = replyText(await evaluate(`return string.format('%.16e', ${number})`));
      expect({ number, value: shown.replace("Infinity", "inf") }).toEqual({ number, value: theirs });
    }
  });

  test("gives strings their bytes", async () => {
    const random = new Random(51);
    const pieces = [
      ..."\\a \\b \\f \\n \\r \\t \\v \\\\ \\\" \\' \\0 \\7 \\65 \\065 \\0655 \\255 \\q \\[".split(" "), "\\\n", "\\\r\n", "\\\n\r", "\\\r", "a", "\0", "\xe9", "]", "[", "=", " ",
    ]; // biome-ignore format: a table
    const long = ["a", "\n", "\r", "\r\n", "\n\r", "]", "]=", "[", "=", "\\n", "\0", "\xff", "'"];
    for (let round = 0; round < 300; round++) {
      const piece = () => random.pick(round % 2 === 0 ? pieces : long);
      const text = Array.from({ length: random.below(8) }, piece).join("");
      const literal = round % 2 === 0 ? `"${text}"` : random.pick([`[[${text}]]`, `[=[${text}]=]`, `[==[${text}]==]`]);
      const theirs = await evaluate(`return ${literal}`);
      if (theirs.toString("latin1").startsWith("-")) {
        expect(COMPILE_ERROR + complaint(`return ${literal}`).replace(/[\r\n]/g, " ")).toBe(
          theirs.toString("latin1", 0, theirs.length - 2),
        );
        continue;
      }
      const [value] = returned(`return ${literal}`);
      expect({ literal, value: value.kind === "string" ? value.value : value }).toEqual({ literal, value: replyText(theirs) });
    }
  });

  test("puts each operation on the line that Redis's errors name", async () => {
    const cases: readonly (readonly [text: string, kind: string])[] = [
      ["return x", "global"], ["return\nx\n+\n1", "global"], ["return (\nx\n)", "global"], ["return {x\n}", "global"], ["return {x\n,\n}", "global"], ["return {x\n,\n1}", "global"], ["return {a = x\n,\n1}", "global"],
      ["local f = pcall\nreturn f(x\n,\n1)", "global"], ["local f = pcall\nreturn f(1,\nx\n)", "global"], ["if x\nthen end", "global"], ["local a =\nx\n", "global"], ["local t = {}\nt.a\n=\nx", "global"],
      ["local f\nf(\n1\n)", "call"], ["local f\nf\n{\n}", "call"], ["local f\nf[[\n\n]]", "call"], ["local f = {}\nf\n.a\n.b()", "index"], ["local f\nreturn f\n.a", "index"], ["local f\nreturn f\n[\n1\n]\n+ 1", "index"],
      ["local o = {}\no:m\n{}", "method"], ["local a\nreturn a\n+\n1\n* 2", "binary"], ["local a\nreturn 1\n..\na", "binary"], ["local a\nreturn 1 .. (2 .. a\n)", "binary"], ["local a\nreturn 1\n<\na\n,\n2", "binary"],
      ["local a\nreturn -\na\n", "unary"], ["local a\nreturn #\na\n,1", "unary"], ["local a\na.b\n=\n1\n", "assign"], ["local a\na.b,\na.c\n=\n1\n,2\n", "assign"], ["local a\nfunction a.b()\nend", "assign"],
      ["for i\n=\n'x'\n,\n2\ndo\nend", "numericFor"], ["for i\nin\nnil\ndo\nend", "genericFor"], ["for i\nin\n\nnil\n, 1\ndo\nend", "genericFor"],
    ]; // biome-ignore format: a table
    for (const [text, kind] of cases) {
      const reply = (await evaluate(text)).toString("latin1");
      const line = Number(/user_script:(\d+): /.exec(reply)?.[1]);
      const body = parse(text, "@user_script");
      // What raises the error is in the last statement.
      expect({ text, line: find(body.body.at(-1), kind)?.line }).toEqual({ text, line });
    }
    const keyed = "local x\nlocal t = {\n[x\n] =\n1\n,\n2}";
    expect((await evaluate(keyed)).toString()).toContain("user_script:5: table index is nil");
    expect(statementOf(parse(keyed, "@x"), 1, "local").values).toMatchObject([{ items: [{ line: 5 }, {}] }]);
    const lookedUp = "local o\no:m\n{}";
    expect((await evaluate(lookedUp)).toString()).toContain("user_script:2: attempt to index");
    expect(statementOf(parse(lookedUp, "@x"), 1, "callStatement").call).toMatchObject({ lookupLine: 2, line: 3 });
  });
});
