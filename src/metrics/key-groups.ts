/** Series of groups of keys: how many keys there are, and what memory they take, by what patterns of Lua capture of their names. */

import type { ServerParts } from "../execution/server-parts.ts";
import { type Exposition, labels } from "./exposition.ts";
import type { Questions } from "./keys.ts";
import type { ScrapeQuery } from "./query.ts";

/** One SCAN: replies with the next cursor, and of each group its name, its keys and their bytes. A key belongs to the first pattern that finds it. */
const SCRIPT = `
local scanned = redis.call('SCAN', ARGV[1], 'COUNT', ARGV[2])
local keys, bytes, names = {}, {}, {}
for _, key in ipairs(scanned[2]) do
  local usage = redis.pcall('MEMORY', 'USAGE', key)
  local name = 'unclassified'
  for index = 3, #ARGV do
    local found = {string.find(key, ARGV[index])}
    if found[1] then
      name = table.concat(found, '', 3)
      break
    end
  end
  if not keys[name] then
    names[#names + 1] = name
    keys[name], bytes[name] = 0, 0
  end
  keys[name] = keys[name] + 1
  if type(usage) == 'number' then bytes[name] = bytes[name] + usage end
end
local groups = {}
for index, name in ipairs(names) do groups[index] = {name, keys[name], bytes[name]} end
return {scanned[1], groups}`;

/** What the groups beyond `max-distinct-key-groups` are together. */
const REST = "overflow";

interface Group {
  readonly name: string;
  keys: number;
  bytes: number;
}

/** check-key-groups. */
export async function addKeyGroups(out: Exposition, server: ServerParts, questions: Questions, query: ScrapeQuery): Promise<void> {
  const began = performance.now();
  if (query.groups.length > 0) {
    const shown: { readonly db: number; readonly distinct: number; readonly groups: readonly Group[] }[] = [];
    for (const { index: db, size } of server.keyspace.databases) {
      const all = size === 0 ? [] : await groupsOf(questions, db, query);
      if (all !== null) shown.push({ db, distinct: all.length, groups: limited(all, query.mostGroups) });
    }
    const each = (name: string, help: string, value: (group: Group) => number) => {
      out.family(name, "gauge", help);
      for (const { db, groups } of shown) {
        for (const group of groups) {
          const place = labels({ db: `db${db}`, key_group: group.name });
          if (place !== null) out.sample(place, value(group));
        }
      }
    };
    each("redis_key_group_count", "Keys of a group", ({ keys }) => keys);
    each("redis_key_group_memory_usage_bytes", "Memory that the keys of a group take", ({ bytes }) => bytes);
    out.family("redis_number_of_distinct_key_groups", "gauge", "Groups of keys");
    for (const { db, distinct } of shown) out.sample(`db="db${db}"`, distinct);
  }
  const took = Math.floor(performance.now() - began);
  out.single("redis_last_key_groups_scrape_duration_milliseconds", "gauge", "How long finding groups of keys took", took);
}

/** Null where the user may not ask, or a pattern is none. */
async function groupsOf(questions: Questions, db: number, { groups: patterns, batch }: ScrapeQuery): Promise<Group[] | null> {
  const groups = new Map<string, Group>();
  let cursor = "0";
  do {
    const [reply] = await questions.ask(db, [["EVAL", SCRIPT, "0", cursor, String(batch), ...patterns]]);
    if (!Array.isArray(reply) || !Array.isArray(reply[1])) return null;
    cursor = String(reply[0]);
    for (const item of reply[1]) {
      if (!Array.isArray(item)) continue;
      const name = String(item[0]);
      const group = groups.get(name) ?? { name, keys: 0, bytes: 0 };
      groups.set(name, group);
      group.keys += Number(item[1]);
      group.bytes += Number(item[2]);
    }
  } while (cursor !== "0");
  return [...groups.values()];
}

/** The groups that take most, and the others as one. */
function limited(groups: readonly Group[], most: number): readonly Group[] {
  if (groups.length <= most) return groups;
  const sorted = groups.toSorted((a, b) => b.bytes - a.bytes || a.keys - b.keys || (a.name < b.name ? -1 : 1));
  const rest: Group = { name: REST, keys: 0, bytes: 0 };
  for (const { keys, bytes } of sorted.slice(most)) {
    rest.keys += keys;
    rest.bytes += bytes;
  }
  return [...sorted.slice(0, most), rest];
}
