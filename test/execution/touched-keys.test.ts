/**
 * What access rules go by is what commands do: a random command, spoilt or not, is denied to whoever may not use each of the keys
 * that it looks at, and allowed to whoever may only read it changes nothing.
 */
import { expect, test } from "bun:test";
import type { Call } from "../../src/execution/call.ts";
import { ruleCommands } from "../../src/execution/permissions.ts";
import type { CommandEntry } from "../../src/execution/registry.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { User } from "../../src/session/acl/user.ts";
import { type Commands, sequence } from "../differential/generator.ts";
import { dumps } from "../differential/stage.ts";
import { bitmaps, geo, hashes, keys, lists, logs, sets, sortedSets, streams, strings } from "../differential/types.ts";
import { connect, encodeCommand, type Word } from "../support/client.ts";
import { Random } from "../support/property.ts";
import { startServer } from "../support/server.ts";

const TYPES: readonly Commands[] = [strings, bitmaps, logs, lists, hashes, sets, sortedSets, streams, geo, keys];
/** Which keys these look at depends on what they find: SORT by BY and GET, and those that walk through all keys. */
const BY_CONTENT = /^(sort|sort_ro|keys|scan|randomkey|dbsize|flushall|flushdb|swapdb|debug|exec|move)$/;

/** What they read they also write down in another form, with the same meaning. */
const KEEPS_MEANING = /^(pfcount|pfdebug)$/;

function requestOf(words: readonly Word[]): Frame {
  const frame = new Frame();
  frame.encode(words.map((word) => (typeof word === "object" ? Buffer.from(word) : Buffer.from(String(word))).toString("latin1")));
  return frame;
}

test("a command is denied to whoever may not use each of the keys that it looks at, or may only read what it changes", async () => {
  await using server = await startServer();
  const client = await connect(server.port);
  const { keyspace, executor } = server.server;
  const database = keyspace.databases[0];
  const seed = Number(process.env.PROPERTY_SEED ?? Math.floor(Math.random() * 2 ** 32));
  const touched = new Set<string>();
  const { find } = database;
  database.find = function (this: typeof database, access, key, from, length) {
    touched.add(key.latin1Slice(from, from + length));
    return find.call(this, access, key, from, length);
  };
  const { permissions } = executor;
  const context = { commands: ruleCommands(executor.commands), allChannels: true, deprecated: () => {} };
  const may = (rules: readonly string[], entry: CommandEntry<Call>, request: Frame): boolean => {
    const user = new User("one", context);
    for (const rule of ["+@all", ...rules]) user.apply(rule, context);
    return permissions.denial(user, entry as unknown as CommandEntry, request) === null;
  };
  const covered = new Set<string>();
  const payloads = await dumps(client);
  for (const step of sequence(new Random(seed), TYPES, 6000, payloads)) {
    for (const words of step) {
      const request = requestOf(words);
      const entry = executor.commands.resolve(request);
      // What waits for keys would hold up the rest.
      if (entry === null || !entry.acceptsCount(request.count) || BY_CONTENT.test(entry.fullName)) continue;
      if (/^(multi|discard|watch|select|replicaof|hello)$/.test(entry.fullName) || entry.spec.flags.includes("blocking")) continue;
      const onlyReads = may(["%R~*"], entry, request) && !may(["resetkeys"], entry, request);
      touched.clear();
      const changes = keyspace.changes;
      client.send(encodeCommand(words));
      await client.readReply();
      const about = `PROPERTY_SEED=${seed}: ${words.map(String).join(" ")}`;
      const free = [...touched].filter((key) =>
        may(
          [...touched].filter((other) => other !== key).map((other) => `~${other}`),
          entry,
          request,
        ),
      );
      expect({ about, free }).toEqual({ about, free: [] });
      if (onlyReads && !KEEPS_MEANING.test(entry.fullName))
        expect({ about, changed: keyspace.changes - changes }).toEqual({ about, changed: 0 });
      covered.add(entry.fullName);
    }
  }
  client.close();
  expect(covered.size).toBeGreaterThan(120);
});
