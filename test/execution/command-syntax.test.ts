/** The notation of arguments and keys: what COMMAND DOCS and key extraction get from it, and that every command's can be read. */
import { describe, expect, test } from "bun:test";
import { COMMANDS } from "../../src/commands/command-list.ts";
import type { Command } from "../../src/execution/command-spec.ts";
import { type Argument, parseSyntax } from "../../src/execution/command-syntax.ts";

const KEY_FLAGS = new Set(["RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key", "incomplete", "variable_flags"]);
const TYPES = new Set(["string", "integer", "double", "key", "pattern", "unix-time", "pure-token", "oneof", "block"]);

function* all(commands: readonly Command[], parent = ""): IterableIterator<{ fullName: string; command: Command }> {
  for (const command of commands) {
    const fullName = parent + command.spec.name;
    yield { fullName, command };
    yield* all(command.subcommands, `${fullName}|`);
  }
}

function* nested(args: readonly Argument[]): IterableIterator<Argument> {
  for (const arg of args) {
    yield arg;
    yield* nested(arg.arguments ?? []);
  }
}

/** How many words an argument takes at least, and whether it can take more. */
function size(arg: Argument): { least: number; open: boolean } {
  const parts = (arg.arguments ?? []).map(size);
  const token = arg.token === undefined || arg.type === "pure-token" ? 0 : 1;
  let least = 1;
  if (arg.type === "oneof") least = Math.min(...parts.map((part) => part.least));
  if (arg.type === "block") least = parts.reduce((sum, part) => sum + part.least, 0);
  const uneven = arg.type === "oneof" && parts.some((part) => part.least !== least);
  const open = arg.optional === true || arg.multiple === true || uneven || parts.some((part) => part.open);
  // CLIENT KILL's filters are each optional, and one must be there.
  return { least: arg.optional ? 0 : Math.max(1, least + token), open };
}

/** Their arguments are not documented, or they take more than is documented. */
const ODD_ARITIES = new Set(["replconf", "psync", "quit", "debug", "client|kill"]);

describe("the syntax of every command", () => {
  for (const { fullName, command } of all(COMMANDS)) {
    test(`${fullName} can be read and fits its arity`, () => {
      const { spec } = command;
      for (const arg of nested(spec.arguments)) expect(TYPES).toContain(arg.type);
      for (const { flags } of spec.keys) for (const flag of flags) expect(KEY_FLAGS).toContain(flag);
      if (ODD_ARITIES.has(fullName) || command.subcommands.length > 0) return;
      const sizes = spec.arguments.map(size);
      const least = sizes.reduce((sum, { least }) => sum + least, fullName.split("|").length);
      expect(spec.arity).toBe(sizes.some(({ open }) => open) ? -least : least);
    });
  }
});

describe("the notation", () => {
  test("names, types, tokens, versions and display texts are what the documentation shows", () => {
    expect(parseSyntax("key{RO} cursor start:string [STORE to'key'@6.2.0] old@-2.8.12 change='CH' id:double...", 1).arguments).toEqual([
      { name: "key", type: "key", keySpecIndex: 0 },
      { name: "cursor", type: "integer" },
      { name: "start", type: "string" },
      { name: "to", type: "string", token: "STORE", displayText: "key", since: "6.2.0", optional: true },
      { name: "old", type: "string", deprecatedSince: "2.8.12" },
      { name: "change", type: "pure-token", token: "CH" },
      { name: "id", type: "double", multiple: true },
    ]);
  });

  test("groups are blocks or choices, and nest", () => {
    expect(parseSyntax("[trim(strategy(MAXLEN | MINID@6.2.0) ['~'] threshold)]", 1).arguments).toEqual([
      {
        name: "trim",
        type: "block",
        optional: true,
        arguments: [
          {
            name: "strategy",
            type: "oneof",
            arguments: [
              { name: "maxlen", type: "pure-token", token: "MAXLEN" },
              { name: "minid", type: "pure-token", token: "MINID", since: "6.2.0" },
            ],
          },
          { name: "~", type: "pure-token", token: "~", optional: true },
          { name: "threshold", type: "string" },
        ],
      },
    ]);
  });

  test("what is repeated with its token says so", () => {
    const [inside, outside] = parseSyntax("[ID client-id...] [GET pattern]...", 1).arguments;
    expect(inside).toEqual({ name: "client-id", type: "integer", token: "ID", optional: true, multiple: true });
    expect(outside).toEqual({ name: "pattern", type: "pattern", token: "GET", optional: true, multiple: true, multipleToken: true });
  });

  const range = (index: number, lastKey: number, step = 1) => ({
    flags: ["RO"],
    begin: { index },
    find: { lastKey, step, limit: 0 },
  });
  const PLACES: readonly [notation: string, first: number, spec: object][] = [
    ["key{RO}", 1, range(1, 0)],
    ["key{RO}", 2, range(2, 0)],
    ["operation(AND | OR) destkey key{RO}...", 1, range(3, -1)],
    ["key{RO}... timeout", 1, range(1, -2)],
    ["data(key{RO} value)...", 1, range(1, -1, 2)],
    ["key1{RO} key2{^}", 1, range(1, 1)],
    ["timeout numkeys key{RO}...", 1, { flags: ["RO"], begin: { index: 2 }, find: { keyNumIndex: 0, firstKey: 1, step: 1 } }],
    ["numkeys data(key{OW} value)... [NX]", 1, { flags: ["OW"], begin: { index: 1 }, find: { keyNumIndex: 0, firstKey: 1, step: 2 } }],
    ["[STORE to{RO from 6}]", 1, { flags: ["RO"], begin: { keyword: "STORE", startFrom: 6 }, find: { lastKey: 0, step: 1, limit: 0 } }],
    [
      "STREAMS streams(key{RO from 1}... id...)",
      1,
      { flags: ["RO"], begin: { keyword: "STREAMS", startFrom: 1 }, find: { lastKey: -1, step: 1, limit: 2 } },
    ],
    [
      "[STORE to{RO unknown: A note: with a colon}]",
      1,
      { flags: ["RO"], begin: "unknown", find: "unknown", notes: "A note: with a colon" },
    ],
  ];
  for (const [notation, first, spec] of PLACES) {
    test(`the keys of ${notation} from ${first} on are found`, () => {
      expect(parseSyntax(notation, first).keys).toEqual([spec as never]);
    });
  }

  test("a channel is found like a key and is none", () => {
    const { arguments: args, keys } = parseSyntax("[shardchannel{not_key}...]", 1);
    expect(args).toEqual([{ name: "shardchannel", type: "string", optional: true, multiple: true }]);
    expect(keys).toEqual([{ flags: ["not_key"], begin: { index: 1 }, find: { lastKey: -1, step: 1, limit: 0 } }]);
  });

  for (const wrong of [
    "[key",
    "key)",
    "name(a b | c)",
    "[a b]",
    "a | b",
    "key{RO",
    "'token",
    "[a] key{RO}",
    "name@x",
    "name(|a)",
    "{RO}",
    "=",
  ]) {
    test(`${wrong} is refused`, () => {
      expect(() => parseSyntax(wrong, 1)).toThrow(SyntaxError);
    });
  }
});
