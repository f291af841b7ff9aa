/**
 * What Redis 7.2 says of commands otherwise than the 7.0.15 that tests compare with, all commands, whether we have them yet or not; and what
 * later releases say of those options of theirs that we have.
 */

export const NEW_SINCE_7_0: ReadonlySet<string> = new Set([
  "waitaof",
  "cluster|myshardid",
  "client|setinfo",
  "client|no-touch",
  // Of Redis 7.4 to 8.4, and of Valkey.
  "hexpire",
  "hpexpire",
  "hexpireat",
  "hpexpireat",
  "httl",
  "hpttl",
  "hexpiretime",
  "hpexpiretime",
  "hpersist",
  "hgetex",
  "hsetex",
  "hgetdel",
  "xdelex",
  "xackdel",
  "digest",
  "delex",
  "msetex",
  "delifeq",
  "commandlog",
  "commandlog|get",
  "commandlog|help",
  "commandlog|len",
  "commandlog|reset",
]);

/** Commands that no Redis has. */
export const OURS: ReadonlySet<string> = new Set([
  "replicant.changes",
  "replicant.changes|subscribe",
  "replicant.changes|unsubscribe",
  "replicant.compare",
  "replicant.directives",
  "replicant.progress",
  "replicant.bigkeys",
  "replicant.hotkeys",
  "replicant.hotkeys|get",
  "replicant.hotkeys|help",
  "replicant.hotkeys|reset",
  "replicant.hotkeys|start",
  "replicant.hotkeys|stop",
  "replicant.purge",
  "replicant.purge|cancel",
  "replicant.purge|confirm",
  "replicant.purge|help",
  "replicant.purge|list",
  "replicant.purge|stage",
  "replicant.search",
  "replicant.stats",
  "replicant.tree",
]);

/** Fields of COMMAND INFO and COMMAND DOCS that changed, by command. */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  // Policies that proxies go by were added, or taken away from commands that no longer are spread over nodes.
  tips: [
    "acl|deluser",
    "acl|save",
    "acl|setuser",
    "client|setname",
    "config|resetstat",
    "config|rewrite",
    "latency|reset",
    "msetnx",
    "randomkey",
    "scan",
  ],
  // Blocking commands may be called by scripts, where they do not block; CLUSTER SLOTS and SHARDS while loading.
  flags: ["blmove", "blpop", "brpop", "brpoplpush", "bzpopmax", "bzpopmin", "cluster|shards", "cluster|slots", "wait"],
  // DUMP and SAVE take the version of what they write, as BGSAVE does: that is ours.
  arity: ["command|getkeys", "command|getkeysandflags", "dump", "save", "zrank", "zrevrank"],
  arguments: [
    "bgsave",
    "bitop",
    "client|kill",
    "client|list",
    "command|getkeys",
    "command|getkeysandflags",
    "config|get",
    "dump",
    "geohash",
    "geopos",
    "georadius",
    "georadiusbymember",
    "hscan",
    "migrate",
    "module|loadex",
    "pfmerge",
    "psubscribe",
    "save",
    "set",
    "xadd",
    "xinfo|stream",
    "xtrim",
    "zrank",
    "zrevrank",
  ],
  history: ["acl|log", "client|kill", "set", "xadd", "xtrim", "xinfo|consumers", "xinfo|stream", "zrank", "zrevrank"],
  // HEXISTS tells of what is stored, which counts as access.
  specs: ["hexists"],
  since: ["client|pause"],
  doc_flags: ["psetex", "quit", "setex", "setnx"],
  deprecated_since: ["psetex", "quit", "setex", "setnx"],
  replaced_by: ["psetex", "quit", "setex", "setnx"],
};

/** The same as `name field`. */
export const CHANGED_SINCE_7_0: ReadonlySet<string> = new Set(
  Object.entries(CHANGES).flatMap(([field, names]) => names.map((name) => `${name} ${field}`)),
);
