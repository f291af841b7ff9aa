import { expect, test } from "bun:test";
import type { Reply } from "../../../src/protocol/reply-decoder.ts";
import { Help } from "../../../src/tools/cli/help.ts";
import { startServer } from "../../support/server.ts";
import { ours } from "./support.ts";

/** Help without a server. */
async function offline(): Promise<Help> {
  const help = new Help();
  await help.load({ inquire: async () => null });
  return help;
}

test("hints leave out what has been typed", async () => {
  const help = await offline();
  for (const [line, hint] of [
    ["get", null],
    ["nosuch ", null],
    ["get ", "key"],
    ["get k ", ""],
    ["GET k", "key"],
    ["get k more ", ""],
    ["mget a ", "[key ...]"],
    ["config get ", "parameter [parameter ...]"],
    ["config ", ""],
    ["expire k ten ", ""],
    ["expire k 10 ", "[NX|XX|GT|LT]"],
    ["zrange z 0 -1 ", "[BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]"],
    ["zrange z 0 -1 rev ", "[BYSCORE|BYLEX] [LIMIT offset count] [WITHSCORES]"],
    ["zrange z 0 -1 limit ", "offset count [BYSCORE|BYLEX] [REV] [WITHSCORES]"],
    ["zrange z 0 -1 limit 0 ", "count [BYSCORE|BYLEX] [REV] [WITHSCORES]"],
    ["bitfield_ro k get u8 ", "offset [GET encoding offset ...]"],
    ["xread streams ", "key [key ...] ID [ID ...]"],
    ['set "unclosed', null],
  ] as const) {
    expect([line, help.hint(line)]).toEqual([line, hint]);
  }
});

test("completions are of commands, and of groups behind help", async () => {
  const help = await offline();
  expect(help.completions("hgetA")).toEqual(["HGETALL"]);
  expect(help.completions("acl s")).toEqual(["ACL SAVE", "ACL SETUSER"]);
  expect(help.completions("help  @s")).toEqual([
    "help  @scripting",
    "help  @server",
    "help  @set",
    "help  @sorted-set",
    "help  @stream",
    "help  @string",
  ]);
  expect(help.completions("help hgeta")).toEqual(["help HGETALL"]);
  expect(help.completions("nosuch")).toEqual([]);
});

test("help needs no server, and comes from the server when there is one", async () => {
  const { out, code } = await ours(["-p", "1", "help", "hgetall"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^\r\n {2}\x1b\[1mHGETALL\x1b\[0m \x1b\[90mkey\x1b\[0m\r\n {2}\x1b\[33msummary:\x1b\[0m .+\r\n/);
  await using server = await startServer();
  const asked = await ours(["-p", String(server.port), "help", "config"]);
  expect(asked.out.match(/\x1b\[1mCONFIG[A-Z ]*/g)).toContain("\x1b[1mCONFIG RESETSTAT");
  expect((await ours(["-p", String(server.port), "help", "nosuch"])).out).toBe("\r\n");
  expect((await ours(["-p", String(server.port), "?"])).out).toContain("help @<group>");
});

test("a server without COMMAND DOCS is helped with what we know of its commands", async () => {
  const text = (value: string): Reply => ({ kind: "string", text: value });
  const integer = (value: number): Reply => ({ kind: "integer", text: String(value) });
  const command = (name: string, arity: number, firstKey: number): Reply => ({
    kind: "array",
    items: [text(name), integer(arity), { kind: "array", items: [] }, integer(firstKey), integer(firstKey), integer(1)],
  });
  const help = new Help();
  await help.load({
    inquire: async (words) =>
      words.length === 2
        ? { kind: "error", text: "ERR Unknown subcommand" }
        : { kind: "array", items: [command("get", 2, 1), command("module.do", -3, 1)] },
  });
  expect(help.completions("")).toEqual(["GET", "MODULE.DO"]);
  expect([help.hint("get "), help.hint("module.do "), help.hint("module.do x ")]).toEqual(["key", "key arg ...options...", ""]);
});
