import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeWithRedis, startRedis } from "../support/redis.ts";
import { Directory } from "./support.ts";
import { unit } from "./tails.ts";
import { askOurs, askRedis, type Verdict } from "./verdict.ts";

const OLD = "appendonly.aof";
const BASE = "appendonly.aof.1.base.rdb";
const FIRST = "appendonly.aof.1.incr.aof";
const SECOND = "appendonly.aof.2.incr.aof";

const COMMANDS = unit(["SELECT", 0], ["SET", "a", 1], ["RPUSH", "l", "x", "y"]);
const MORE = unit(["SELECT", 0], ["INCR", "a"], ["SET", "m", 2]);

type Files = Readonly<Record<string, Buffer | string>>;

/** A manifest of these files: base, increments, files that are history. */
function manifest(base: string | null, increments: readonly string[] = [], history: readonly string[] = []): string {
  const lines = base === null ? [] : [`file ${base} seq 1 type b\n`];
  lines.push(...history.map((name, index) => `file ${name} seq ${index + 1} type h\n`));
  lines.push(...increments.map((name, index) => `file ${name} seq ${index + 1} type i\n`));
  return lines.join("");
}

/** Names with a slash lie in the directory of the append-only files; "dir/" is that directory. */
function directoryOf(files: Files): Directory {
  const directory = new Directory();
  for (const [name, content] of Object.entries(files)) {
    if (name.startsWith("dir/")) mkdirSync(directory.files, { recursive: true });
    if (name === "dir/") continue;
    writeFileSync(join(directory.path, name.replace(/^dir\//, "appendonlydir/")), content);
  }
  return directory;
}

/** Without paths, and without what is wrong with an image: Redis names a place in its sources, and often ends there and then. */
function essential(verdict: Verdict, directory: string): Verdict {
  const log = verdict.log.map((line) => line.replaceAll(directory, "DIR"));
  return { ...verdict, log: log.filter((line) => !/^RDB, byte|^Internal error in RDB|^Error reading the RDB/.test(line)) };
}

async function image(): Promise<Buffer> {
  await using redis = await startRedis({ args: ["--rdbcompression", "no"] });
  const client = await redis.connect();
  await client.command("SET", "a", 7);
  await client.command("HSET", "h", "f", "v");
  await client.command("SAVE");
  client.close();
  return Buffer.from(await Bun.file(join(redis.dir, "dump.rdb")).arrayBuffer());
}

function casesOf(rdb: Buffer): Record<string, Files> {
  const half = MORE.subarray(0, -3);
  return {
    "an old file": { [OLD]: COMMANDS },
    "an old file with a preamble": { [OLD]: Buffer.concat([rdb, MORE]) },
    "an old file that is a preamble alone": { [OLD]: rdb },
    "an old file that is cut off": { [OLD]: Buffer.concat([COMMANDS, half]) },
    "an old file with a preamble that is cut off": { [OLD]: Buffer.concat([rdb, half]) },
    "an old file that is cut off inside its preamble": { [OLD]: rdb.subarray(0, -12) },
    "an old file whose preamble is damaged": {
      [OLD]: Buffer.concat([rdb.subarray(0, 30), Buffer.alloc(20, 0xfe), rdb.subarray(50), MORE]),
    },
    "an old file that is empty": { [OLD]: "" },
    "an old file of garbage": { [OLD]: "garbage" },
    "an old file of four letters": { [OLD]: "REDI" },
    "an old file, and the directory empty": { [OLD]: COMMANDS, "dir/": "" },
    "an old file, and files without a manifest": { [OLD]: COMMANDS, [`dir/${FIRST}`]: MORE },
    "an old file, and a manifest with other files": {
      [OLD]: COMMANDS,
      "dir/appendonly.aof.manifest": manifest(null, [FIRST]),
      [`dir/${FIRST}`]: MORE,
    },
    "a move that was interrupted": { [OLD]: COMMANDS, "dir/appendonly.aof.manifest": manifest(OLD) },
    "a move that was made, and another old file": { [OLD]: MORE, "dir/appendonly.aof.manifest": manifest(OLD), [`dir/${OLD}`]: COMMANDS },
    "a move that was made": { "dir/appendonly.aof.manifest": manifest(OLD), [`dir/${OLD}`]: Buffer.concat([rdb, MORE]) },
    "a move that was made, and an increment": {
      "dir/appendonly.aof.manifest": manifest(OLD, [FIRST]),
      [`dir/${OLD}`]: Buffer.concat([rdb, MORE]),
      [`dir/${FIRST}`]: MORE,
    },
    "an old base that is cut off before an increment": {
      "dir/appendonly.aof.manifest": manifest(OLD, [FIRST]),
      [`dir/${OLD}`]: Buffer.concat([rdb, half]),
      [`dir/${FIRST}`]: MORE,
    },
    "a base that is missing": { "dir/appendonly.aof.manifest": manifest(BASE, [FIRST]), [`dir/${FIRST}`]: MORE },
    "an increment that is missing": { "dir/appendonly.aof.manifest": manifest(BASE, [FIRST]), [`dir/${BASE}`]: rdb },
    "an increment in the middle that is missing": {
      "dir/appendonly.aof.manifest": manifest(BASE, [FIRST, SECOND]),
      [`dir/${BASE}`]: rdb,
      [`dir/${SECOND}`]: MORE,
    },
    "all files missing": { "dir/appendonly.aof.manifest": manifest(BASE, [FIRST]) },
    "no manifest": { [`dir/${BASE}`]: rdb, [`dir/${FIRST}`]: MORE },
    "a manifest that is empty": { "dir/appendonly.aof.manifest": "", [`dir/${FIRST}`]: MORE },
    "a manifest of comments": { "dir/appendonly.aof.manifest": "# nothing\n", [`dir/${FIRST}`]: MORE },
    "a manifest of garbage": { "dir/appendonly.aof.manifest": "garbage\n", [`dir/${FIRST}`]: MORE },
    "a manifest cut off": {
      "dir/appendonly.aof.manifest": manifest(BASE, [FIRST]).slice(0, -3),
      [`dir/${BASE}`]: rdb,
      [`dir/${FIRST}`]: MORE,
    },
    "a manifest with history": {
      "dir/appendonly.aof.manifest": manifest(BASE, [FIRST], [SECOND]),
      [`dir/${BASE}`]: rdb,
      [`dir/${FIRST}`]: MORE,
      [`dir/${SECOND}`]: MORE,
    },
    "a manifest with history that is missing": {
      "dir/appendonly.aof.manifest": manifest(BASE, [FIRST], [SECOND]),
      [`dir/${BASE}`]: rdb,
      [`dir/${FIRST}`]: MORE,
    },
    "a base with commands behind it": { "dir/appendonly.aof.manifest": manifest(BASE), [`dir/${BASE}`]: Buffer.concat([rdb, MORE]) },
    "a base cut off": { "dir/appendonly.aof.manifest": manifest(BASE), [`dir/${BASE}`]: rdb.subarray(0, -12) },
    "a base with a wrong checksum": {
      "dir/appendonly.aof.manifest": manifest(BASE),
      [`dir/${BASE}`]: Buffer.concat([rdb.subarray(0, -8), Buffer.alloc(8, 9)]),
    },
    "a base that is empty, and an increment": {
      "dir/appendonly.aof.manifest": manifest(BASE, [FIRST]),
      [`dir/${BASE}`]: "",
      [`dir/${FIRST}`]: MORE,
    },
    "files that are empty": { "dir/appendonly.aof.manifest": manifest(BASE, [FIRST]), [`dir/${BASE}`]: "", [`dir/${FIRST}`]: "" },
    "an increment that is empty": { "dir/appendonly.aof.manifest": manifest(BASE, [FIRST]), [`dir/${BASE}`]: rdb, [`dir/${FIRST}`]: "" },
    "an increment that is an image": {
      "dir/appendonly.aof.manifest": manifest(null, [FIRST]),
      [`dir/${FIRST}`]: Buffer.concat([rdb, MORE]),
    },
    "a file where the directory should be": { appendonlydir: "" },
    "nothing at all": {},
  };
}

describeWithRedis("beside a real Redis", () => {
  test.each(["yes", "no"])(
    "old files, bases, increments and manifests of every kind are loaded or refused alike: appendonly %s",
    async (appendonly) => {
      for (const [name, files] of Object.entries(casesOf(await image()))) {
        const [forRedis, forOurs] = [directoryOf(files), directoryOf(files)];
        const [theirs, ours] = await Promise.all([askRedis(forRedis, { appendonly }), askOurs(forOurs, { appendonly })]);
        expect({ name, ...essential(ours, forOurs.path) }).toEqual({ name, ...essential(theirs, forRedis.path) });
      }
    },
  );
});
