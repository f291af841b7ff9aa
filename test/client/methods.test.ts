/** What the methods of commands send, and that it is what they mean to a server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { outdatedFiles } from "../../scripts/generate-client.ts";
import { CommandBase } from "../../src/client/command-base.ts";
import { Commands } from "../../src/client/commands/all.ts";
import type { Word } from "../../src/client/link.ts";
import { connect, type RawClient } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { CALLS, Recorder } from "./method-calls.ts";

/** Words as the table has them. */
function shown(words: readonly Word[]): string {
  const text = (word: Word): string =>
    word instanceof Uint8Array ? Buffer.from(word).toString() : word === Infinity ? "inf" : String(word);
  return words.map((word) => text(word).replaceAll(" ", "\\s") || "''").join(" ");
}

function methodNames(): string[] {
  const names: string[] = [];
  for (let prototype = Commands.prototype; prototype !== CommandBase.prototype; prototype = Object.getPrototypeOf(prototype)) {
    names.push(...Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor"));
  }
  return names;
}

test("the methods are those that the contracts of the commands make", () => expect(outdatedFiles()).toEqual([]));

describe("words", () => {
  const recorder = new Recorder();

  test("of every method are those that it means", () => {
    for (const [call, words] of CALLS) expect(shown(call(recorder))).toBe(words);
  });

  test("are in the table for every method", () => {
    const called = new Set<string | symbol>();
    const watched = new Proxy(recorder, {
      get(target, name, receiver) {
        called.add(name);
        return Reflect.get(target, name, receiver);
      },
    });
    for (const [call] of CALLS) call(watched);
    expect(methodNames().filter((name) => !called.has(name))).toEqual([]);
  });

  test("of what may wait go another way", () => {
    const waiting = CALLS.map(([call]) => {
      const other = new Recorder();
      const words = shown(call(other));
      return other.blocking > 0 ? words.replace(/ .*? (?=BLOCK)| .*/, " ").trim() : "";
    });
    const names = new Set(waiting.filter((words) => words !== "").map((words) => words.split(" ")[0]));
    expect([...names].sort()).toEqual(
      "BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN REPLICANT.BIGKEYS REPLICANT.COMPARE REPLICANT.PURGE REPLICANT.SEARCH REPLICANT.TREE XREAD XREADGROUP".split(
        " ",
      ),
    );
    const read = new Recorder();
    read.xread({ k: "0" }, { count: 2 });
    expect(read.blocking).toBe(0);
  });
});

describe("a server", () => {
  let server: TestServer;
  let client: RawClient;
  beforeAll(async () => {
    server = await startServer();
    client = await connect(server.port);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  test("takes the words of every method for what its command may have", async () => {
    const recorder = new Recorder();
    const avoided =
      /^(SHUTDOWN|REPLICAOF 127|SLAVEOF|FAILOVER|MIGRATE|REPLICANT|AUTH|CLIENT KILL|ACL LOAD|CLIENT PAUSE|BGREWRITEAOF|SAVE|BGSAVE|CLIENT TRACKING ON OPTIN)/;
    const complaints: string[] = [];
    for (const [call, words] of CALLS) {
      if (avoided.test(words)) continue;
      await client.command("FLUSHALL");
      const reply = (await client.command(...call(recorder).map((word) => (typeof word === "bigint" ? String(word) : word)))).toString();
      if (/^-.*(syntax|wrong number|unknown (sub)?command|not an integer|not a valid float|Unrecognized)/i.test(reply))
        complaints.push(`${words}: ${reply}`);
    }
    expect(complaints).toEqual([]);
  });
});
