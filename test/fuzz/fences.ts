/**
 * Commands that would end or distort a run when their arguments were left to chance: they are made from these forms, and never changed. All
 * of them still reach their handler.
 */
import type { Word } from "../support/client.ts";
import type { Words } from "./words.ts";

type Form = (words: Words) => readonly Word[];

/** Forms whose words are parted by spaces. */
function lines(...texts: readonly string[]): Form {
  return (words) => words.random.pick(texts).split(" ");
}

const FORMS: Readonly<Record<string, Form>> = {
  // Ends the server.
  shutdown: lines("ABORT", "ABORT NOW", "NOSAVE ABORT", "WRONG"),
  // Some end the server, others (RELOAD NOSAVE, POPULATE, REPLICATE, LOADAOF) make its data differ from the replicas' by design.
  debug: (words) => {
    const { random } = words;
    if (random.chance(0.02)) return random.pick([["RELOAD"], ["RELOAD", "NOFLUSH", "MERGE"], ["CHANGE-REPL-ID"]]);
    const key = words.key("generic");
    return random.pick<readonly Word[]>([
      ["DIGEST-VALUE", key, words.key("generic")],
      ["ERROR", "MINE of my own"],
      ["HELP"],
      ["HTSTATS", "0", "full"],
      ["HTSTATS-KEY", key],
      ["LISTPACK", key],
      ["OBJECT", key],
      ["PROTOCOL", random.pick(["string", "integer", "double", "bignum", "null", "array", "set", "map", "attrib", "verbatim", "true"])],
      ["QUICKLIST", key],
      ["QUICKLIST-PACKED-THRESHOLD", random.pick(["100", "0"])],
      ["SET-ACTIVE-EXPIRE", "1"],
      ["SLEEP", "0"],
      ["NONESUCH"],
    ]);
  },
  // Make it another's replica.
  replicaof: lines("NO ONE", "127.0.0.1 port", "NO TWO"),
  slaveof: lines("NO ONE", "127.0.0.1 port"),
  failover: lines("ABORT", "TO 127.0.0.1 1", "TIMEOUT 0", "FORCE", "WRONG"),
  replconf: lines("listening-port 1", "ip-address 127.0.0.1", "capa eof capa psync2", "version 7.2.4", "wrong 1", "capa"),
  // Hold up everyone; kill the run's own connections and its replicas' for good.
  "client|pause": lines("1", "3 WRITE", "2 ALL", "x"),
  "client|kill": (words) =>
    words.random.pick<readonly Word[]>([
      ["ID", words.clientId()],
      ["ID", words.clientId(), "SKIPME", "yes"],
      ["TYPE", "pubsub"],
      ["TYPE", "replica"],
      ["USER", "u1"],
      ["ADDR", "127.0.0.1:1"],
      ["127.0.0.1:1"],
      ["MAXAGE", "1000000"],
      ["TYPE", "wrong"],
    ]),
  // A mistyped one might be the run's own user.
  "acl|setuser": (words) => [`u${words.random.between(1, 3)}`, ...Array.from({ length: words.random.below(5) }, () => words.rule())],
  "acl|deluser": lines("u1", "u2 u3", "u9"),
  // Any password does for a user who has none, and he may not do what the run needs: those come in at the start of a connection.
  auth: lines("wrong", "nobody wrong", "nobody pw"),
  hello: lines("2", "3", "3 SETNAME mine", "2 AUTH nobody wrong", "9", "x", "3 WRONG"),
  // Directives that change what the run itself goes by.
  "config|set": (words) => {
    const { random } = words;
    const size = String(random.pick([0, 1, 3, 16, 128, 512]));
    return random.pick<readonly Word[]>([
      ["hash-max-listpack-entries", size],
      ["hash-max-listpack-value", size],
      ["list-max-listpack-size", random.pick(["-2", "-1", "1", "5", "128"])],
      ["list-compress-depth", random.pick(["0", "1", "2"])],
      ["set-max-intset-entries", size],
      ["set-max-listpack-entries", size, "set-max-listpack-value", size],
      ["zset-max-listpack-entries", size],
      ["zset-max-listpack-value", size],
      ["stream-node-max-entries", random.pick(["1", "3", "100"])],
      ["slowlog-log-slower-than", random.pick(["10000", "0", "-1"])],
      ["latency-monitor-threshold", random.pick(["0", "1"])],
      ["notify-keyspace-events", random.pick(["", "KEA", "Kx"])],
      ["maxmemory-policy", random.pick(["noeviction", "allkeys-lru", "allkeys-lfu", "volatile-ttl"])],
      ["tracking-table-max-keys", random.pick(["1000000", "10"])],
      ["lazyfree-lazy-user-del", random.pick(["yes", "no"])],
      ["nonesuch", "1"],
      ["hash-max-listpack-entries", "x"],
    ]);
  },
  "config|rewrite": lines("", "wrong"),
  // Counts calls from nothing: the run asks for it where it takes the counts.
  "config|resetstat": lines("wrong"),
  // To a server that takes them, and to none.
  migrate: (words) => [
    "127.0.0.1",
    words.random.chance(0.7) ? words.around.otherPort : 1,
    words.key("generic"),
    words.random.below(4),
    1000,
    ...words.random.pick([[], ["COPY"], ["REPLACE"], ["COPY", "REPLACE"], ["WRONG"]]),
  ],
  "replicant.changes|subscribe": lines(
    "",
    "FROM $ KEYS a* TYPES string,list DB 0",
    "FROM 0123456789012345678901234567890123456789:1:0",
    "TYPES x",
  ),
  "replicant.compare": (words) => ["127.0.0.1", words.random.chance(0.7) ? words.around.otherPort : 1],
  // The debugger would wait for its user.
  "script|debug": lines("NO", "WRONG"),
  psync: lines("? -1", "0123456789012345678901234567890123456789 1"),
  sync: lines(""),
  quit: lines(""),
  monitor: lines(""),
  "module|load": lines("/nonesuch.so", "/nonesuch.so a b"),
  "module|loadex": lines("/nonesuch.so CONFIG a b", "/nonesuch.so ARGS a"),
  "client|reply": lines("ON", "OFF", "SKIP", "WRONG"),
  "client|tracking": (words) =>
    words.random.pick<readonly Word[]>([
      ["ON"],
      ["OFF"],
      ["ON", "BCAST", "PREFIX", "v", "PREFIX", "l"],
      ["ON", "BCAST"],
      ["ON", "OPTIN"],
      ["ON", "OPTOUT", "NOLOOP"],
      ["ON", "REDIRECT", words.clientId()],
      ["ON", "WRONG"],
    ]),
};

/** The words of a fenced command, without its name, or null for any other. */
export function fenced(fullName: string, words: Words): Word[] | null {
  return FORMS[fullName]?.(words).filter((word) => word !== "") ?? null;
}

/** After these a connection may be anything: how many replies it gets, or none, is not for the fuzzer to say. */
export const IRREGULAR = /^(p|s|)(un|)subscribe$|^(monitor|sync|psync|quit)$|^client\|(reply|tracking)$|^replicant\.changes\|/;

/** After these another connection may be closed. */
export const KILLS = /^(client\|kill|acl\|(setuser|deluser|load))$/;

/** Take the server long, or take everything away: they come up that much less often. */
const SELDOM: Readonly<Record<string, number>> = {
  save: 0.05,
  bgsave: 0.05,
  bgrewriteaof: 0.02,
  command: 0.05,
  "command|docs": 0.05,
  "command|info": 0.1,
  "command|list": 0.1,
  info: 0.2,
  "config|rewrite": 0.1,
  "acl|load": 0.1,
  "acl|save": 0.1,
  "function|flush": 0.2,
  "function|restore": 0.3,
  "script|flush": 0.1,
  flushall: 0.05,
  flushdb: 0.1,
  lolwut: 0.2,
  migrate: 0.2,
  "replicant.compare": 0.02,
  "client|pause": 0.1,
  "client|kill": 0.2,
  swapdb: 0.3,
  "memory|purge": 0.1,
  "memory|malloc-stats": 0.1,
  debug: 0.5,
  pfselftest: 0,
};

/** Holds up the server for seconds and takes no arguments: only long runs call it, once. */
export const LONG_RUNS_ONLY = "pfselftest";

/** How often a command comes up beside the others. */
export function weightOf(fullName: string, keyed: boolean): number {
  return SELDOM[fullName] ?? (keyed ? 2 : 0.5);
}
