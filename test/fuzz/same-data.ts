/** Whether a master and its replica have the same data, also where the replica's Redis writes scores otherwise than Redis 7.2 does. */
import type { RawClient } from "../support/client.ts";
import { decode, itemsOf, textOf } from "../support/decode.ts";

const DATABASES = 16;

/** What differs, key by key, or null. To both DEBUG DIGEST-VALUE tells the same for all but sorted sets with a score that has a fraction. */
export async function difference(ours: RawClient, theirs: RawClient): Promise<string | null> {
  try {
    for (let database = 0; database < DATABASES; database++) {
      const found = await differenceIn(database, ours, theirs);
      if (found !== null) return `database ${database}: ${found}`;
    }
    return null;
  } finally {
    for (const client of [ours, theirs]) await client.command("SELECT", 0);
  }
}

async function differenceIn(database: number, ours: RawClient, theirs: RawClient): Promise<string | null> {
  const sides = [ours, theirs];
  const keys = await Promise.all(
    sides.map(async (client) => {
      await client.text("SELECT", database);
      return itemsOf(decode(await client.command("KEYS", "*")))
        .map(textOf)
        .sort();
    }),
  );
  if (keys[0].join("\n") !== keys[1].join("\n")) return `keys ${JSON.stringify(keys[0])} and ${JSON.stringify(keys[1])}`;
  for (const name of keys[0]) {
    const key = Buffer.from(name, "latin1");
    const digests = await Promise.all(sides.map(async (client) => (await client.command("DEBUG", "DIGEST-VALUE", key)).toString()));
    if (digests[0] === digests[1]) continue;
    const types = await Promise.all(sides.map((client) => client.text("TYPE", key)));
    if (types[0] !== "zset" || types[1] !== "zset") return `${JSON.stringify(name)}, ${types.join(" and ")}`;
    const scores = await Promise.all(sides.map((client) => scoresOf(client, key)));
    if (scores[0] !== scores[1]) return `${JSON.stringify(name)}: ${scores.join("\nand ")}`;
  }
  return null;
}

/** Members in their order, each with its score as a number. */
async function scoresOf(client: RawClient, key: Buffer): Promise<string> {
  const words = itemsOf(decode(await client.command("ZRANGE", key, 0, -1, "WITHSCORES"))).map(textOf);
  return JSON.stringify(words.map((word, index) => (index % 2 === 0 ? word : String(Number(word.replace("inf", "Infinity"))))));
}
