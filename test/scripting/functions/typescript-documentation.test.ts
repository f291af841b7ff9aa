/** What docs/scripts.md and the README show works as they say, and the types in types/ accept it and refuse what the server would. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RawClient } from "../../support/client.ts";
import { useServer } from "../../support/server.ts";
import { ENABLED, load, reply } from "./typescript-support.ts";

const ROOT = join(import.meta.dir, "../../..");
const TYPES = join(ROOT, "types/functions.d.ts");

/** The blocks of code in a document, of one language. */
function blocks(path: string, language: string): string[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, code]) => code as string);
}

/** The README has programs as well (test/docs.test.ts). */
const LIBRARIES = [...blocks("docs/scripts.md", "ts"), ...blocks("README.md", "ts")].filter((code) => code.startsWith("#!"));

/** Each line is one that the types must refuse. */
const REFUSED = [
  'registerFunction({ name: "a" }, async (call) => call("GET", "a"));',
  'registerFunction({ name: "a", flags: ["nope"] }, () => 1);',
  'registerFunction({ name: "a", other: 1 }, () => 1);',
  'registerFunction("a", () => 1);',
  'registerFunction({ name: "a" }, (call, keys) => keys[0].byteLength);',
  'registerFunction({ name: "a", bytes: true }, (call, keys) => keys[0].toUpperCase());',
  'registerFunction({ name: "a" }, (call) => call("GET", undefined));',
  'registerFunction({ name: "a" }, (call) => call("GET", ["a"]));',
  'registerFunction({ name: "a" }, () => new Date());',
  'registerFunction({ name: "a" }, (call) => { call.log("loud", "x"); });',
];

const ACCEPTED = `
registerFunction({ name: "a", bytes: true }, (call, [key]) => call.bytes("GET", key));
registerFunction({ name: "b", description: "b", flags: ["no-writes", "allow-stale"] }, (call, keys, args) => call(args[0], ...keys));
registerFunction({ name: "c" }, (call) => { call("DEL", "a", 1, 2n, new Uint8Array()); });
registerFunction({ name: "d" }, (call) => {
  try {
    return [...call<Map<string, string>>("HGETALL", "h").entries()];
  } catch (error) {
    return (error as Replicant.ReplyError).code;
  }
});
registerFunction({ name: "e" }, (call) => [new Map([["a", new Set([1n])]]), { status: call.status("OK"), error: call.error("NO x") }, null, true]);
`;

describe("what users are shown", () => {
  let client: RawClient;

  useServer((_, connected) => {
    client = connected;
  }, ENABLED);

  test("loads, and answers what is said", async () => {
    expect(LIBRARIES.length).toBe(3);
    for (const library of LIBRARIES) {
      await client.text("FLUSHALL");
      await load(client, library);
      const answers: string[] = [];
      for (let turn = 0; turn < 5; turn++) answers.push(await client.text("FCALL", "take", 1, "user:1", 3, 60));
      expect(answers).toEqual(["2", "1", "0", "-1", "-1"]);
      expect(await client.text("TTL", "user:1")).toBe("60");
      if (library.includes("taken")) expect(await reply(client, "FCALL_RO", "taken", 1, "user:1")).toBe("*4|$5|count|:5|$7|seconds|:60|");
    }
  });

  test("has types", () => {
    const directory = mkdtempSync(join(tmpdir(), "replicant-types-"));
    try {
      LIBRARIES.forEach((library, index) => {
        writeFileSync(join(directory, `library${index}.ts`), library);
      });
      const [tsconfig = ""] = blocks("docs/scripts.md", "json");
      writeFileSync(join(directory, "tsconfig.json"), tsconfig.replace("../replicant/types/functions.d.ts", TYPES));
      const refused = REFUSED.map((line) => `// @ts-expect-error\n${line}`).join("\n");
      writeFileSync(join(directory, "kinds.ts"), `#!typescript name=kinds\n/// <reference path="${TYPES}" />\n${ACCEPTED}${refused}\n`);
      const tsc = Bun.spawnSync([process.execPath, "x", "tsc", "-p", directory], { cwd: ROOT });
      expect(tsc.stdout.toString()).toBe("");
      expect(tsc.exitCode).toBe(0);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
