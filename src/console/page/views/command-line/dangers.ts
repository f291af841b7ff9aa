/** What is asked about before it is done: commands that delete, stop the server or stall it, and exactly what they do. */

import { count } from "../../format.ts";

/** What the server has, where it is known. */
export interface Facts {
  /** Keys of the database, and of all. */
  readonly keysHere: number | null;
  readonly keysInAll: number | null;
  readonly database: number;
  /** Whether the server counts the command among the dangerous ones (ACL category). */
  readonly isDangerous: boolean;
}

/** From so many keys on KEYS is asked about. */
const MANY_KEYS = 100_000;

/** Of the category @dangerous, but they only tell something, or do no harm. */
const HARMLESS = [
  /^(?:INFO|ROLE|LASTSAVE|SORT|SORT_RO|KEYS|REPLCONF|RESTORE|RESTORE-ASKING|PFDEBUG|PFSELFTEST|BGSAVE|BGREWRITEAOF|SHUTDOWN ABORT)\b/,
  /^(?:ACL (?:LIST|GETUSER|USERS|DRYRUN|CAT|GENPASS|HELP|WHOAMI)|ACL LOG(?! RESET)|CONFIG (?:GET|HELP))\b/,
  /^CLIENT (?:LIST|INFO|GETNAME|SETNAME|ID|NO-EVICT|NO-TOUCH|TRACKING|CACHING|GETREDIR|TRACKINGINFO|REPLY|SETINFO|UNPAUSE|HELP)\b/,
  /^(?:SLOWLOG|COMMANDLOG|LATENCY|MODULE|CLUSTER|MEMORY) (?!RESET|LOAD|UNLOAD|FAILOVER|FLUSH|FORGET|PURGE|DEL|ADD|SET)/,
  /^DEBUG (?:OBJECT|DIGEST|DIGEST-VALUE|HELP|LISTPACK|SDSLEN|ZIPLIST|QUICKLIST)\b/,
  /^REPLICANT\.(?:PROGRESS|TREE|SEARCH|BIGKEYS|HOTKEYS|STATS|CHANGES|COMPARE)\b/,
];

/** Directives on which depends what is left after a restart, and who may come in. */
const PERSISTENCE =
  /^(?:save|appendonly|appendfsync|dir|dbfilename|appendfilename|appenddirname|no-appendfsync-on-rewrite|rdb-.*|aof-.*)$/i;
const ENTRANCE = /^(?:bind|port|tls-.*|unixsocket|protected-mode|requirepass|masterauth|console-.*|maxclients|timeout)$/i;
const MEMORY = /^(?:maxmemory.*|databases)$/i;

/** What a request would do that one should know; null: it needs no question. `names`: its words as text. */
export function dangerOf(names: readonly string[], facts: Facts): string | null {
  const upper = names.map((name) => name.toUpperCase());
  const [first = "", second = "", third = ""] = upper;
  const keysHere = facts.keysHere === null ? "all keys" : `${count(facts.keysHere)} keys`;
  const keysInAll = facts.keysInAll === null ? "all keys" : `${count(facts.keysInAll)} keys`;
  switch (first) {
    case "FLUSHALL":
      return `Deletes all keys of all databases (${keysInAll}), here and on all replicas.`;
    case "FLUSHDB":
      return `Deletes all keys of database ${facts.database} (${keysHere}), here and on all replicas.`;
    case "SWAPDB":
      return `Exchanges the contents of databases ${names[1] ?? ""} and ${names[2] ?? ""} for every client at once.`;
    case "KEYS": {
      const isLarge = facts.keysHere === null || facts.keysHere >= MANY_KEYS;
      return isLarge ? `Looks at ${keysHere} at one go: every other client waits meanwhile. SCAN does it in steps.` : null;
    }
    case "SAVE":
      return `Writes ${keysInAll} to the file at one go: every other client waits meanwhile. BGSAVE does it in the background.`;
    case "MONITOR":
      return "Shows every request of every client here, which costs the server throughput until this connection is closed.";
    case "SHUTDOWN":
      return second === "ABORT" ? null : shutdown(upper);
    case "REPLICAOF":
    case "SLAVEOF":
      return second === "NO" && third === "ONE"
        ? "Makes this server a master; it follows its master no more."
        : `Makes this server a replica of ${names[1] ?? "?"}:${names[2] ?? "?"}: ${keysInAll} here are replaced by that server's data.`;
    case "FAILOVER":
      return second === "ABORT" ? null : "Hands the role of the master to a replica; clients wait until it has caught up.";
    case "MIGRATE":
      return upper.includes("COPY") ? null : "Moves keys to another server: they are deleted here once that one has them.";
    case "SCRIPT":
    case "FUNCTION":
      return scripts(first, second, third);
    case "CLIENT":
      if (second === "KILL") return "Closes connections of other clients; what they wait for is lost.";
      return second === "PAUSE" ? `Lets clients wait for ${names[2] ?? "?"} ms.` : null;
    case "CONFIG":
      return configuration(second, names.slice(2));
    case "ACL":
      if (second === "DELUSER") return `Deletes the users ${names.slice(2).join(", ")} and closes their connections.`;
      if (second === "SETUSER") return `Changes what the user ${names[2] ?? ""} may do, from now on.`;
      if (second === "LOAD") return "Replaces all users by those of the ACL file; connections of users who are gone are closed.";
      break;
    case "DEBUG":
      return HARMLESS.some((harmless) => harmless.test(upper.join(" "))) ? null : debug(second, names);
    case "REPLICANT.PURGE":
      return second === "CONFIRM"
        ? "Deletes the keys that were counted, after ten seconds in which REPLICANT.PURGE CANCEL calls it off."
        : null;
  }
  const whole = upper.slice(0, 3).join(" ");
  if (third === "RESET" || second === "RESET") return `Forgets what ${first} has collected, for everyone.`;
  if (!facts.isDangerous || HARMLESS.some((harmless) => harmless.test(whole))) return null;
  return `${first}${second === "" ? "" : ` ${second}`} is of the category @dangerous: it can lose data, stop the server, or keep other clients waiting.`;
}

function shutdown(upper: readonly string[]): string {
  const saving = upper.includes("NOSAVE")
    ? "without saving: what is in no file is lost"
    : upper.includes("SAVE")
      ? "after saving the data"
      : "after saving the data, if save points are configured; else what is in no file is lost";
  return `Ends the server, ${saving}. Every client, and this page, is disconnected.`;
}

function scripts(first: string, second: string, third: string): string | null {
  if (second === "FLUSH") return first === "SCRIPT" ? "Forgets all scripts: EVALSHA of them fails." : "Deletes all function libraries.";
  if (second === "DELETE") return "Deletes a function library.";
  if (second === "KILL") return "Ends the script or function that runs.";
  return first === "FUNCTION" && second === "RESTORE" && third !== "" ? "Replaces function libraries by those given." : null;
}

function configuration(second: string, rest: readonly string[]): string | null {
  if (second === "RESETSTAT") return "Sets the counters of INFO and the latencies to zero, for everyone.";
  if (second === "REWRITE") return "Writes the configuration as it is now to the server's file.";
  if (second !== "SET") return null;
  const directives = rest.filter((_, index) => index % 2 === 0);
  const told: string[] = [];
  const those = (pattern: RegExp): string => directives.filter((name) => pattern.test(name)).join(", ");
  if (those(PERSISTENCE) !== "")
    told.push(`Changes how data is kept on disk (${those(PERSISTENCE)}): it decides what is left after a restart.`);
  if (those(ENTRANCE) !== "") told.push(`Changes who can reach the server (${those(ENTRANCE)}): clients, and this page, may be shut out.`);
  if (those(MEMORY) !== "") told.push(`Changes the limits of memory (${those(MEMORY)}): keys may be evicted at once.`);
  return told.length === 0 ? null : told.join(" ");
}

function debug(second: string, names: readonly string[]): string {
  if (/^(?:SEGFAULT|PANIC|ASSERT|OOM|CRASH|RESTART|CRASH-AND-RECOVER)/.test(second)) {
    return "Makes the server break off: what is in no file may be lost, and every client is disconnected.";
  }
  if (second === "SLEEP") return `Stalls the server for ${names[2] ?? "?"} seconds; every client waits.`;
  if (second === "RELOAD" || second === "LOADAOF") return "Empties the databases and loads them again; every client waits meanwhile.";
  if (second === "POPULATE") return `Makes ${names[2] ?? "?"} keys at one go; every client waits meanwhile.`;
  return `DEBUG ${second} is for developers of the server: it can stall or break it.`;
}
