/**
 * The commands of a cluster's node. This server is none and cannot become one, so all of them answer as those of a Redis with cluster-enabled
 * no: clients that look for a cluster know that answer.
 */

import { commandError } from "../../errors.ts";
import { type CommandSpec, commandsOf } from "../../execution/command-spec.ts";

const command = commandsOf("cluster");

const disabled = commandError("ERR This instance has cluster support disabled");

/** Errors: always. */
function refuse(): never {
  throw disabled;
}

const VARIES = "nondeterministic_output";

/** One that asks about the cluster. */
function asks(name: string, arity: number, since = "3.0.0"): CommandSpec {
  return command(`cluster|${name}`, { arity, since, flags: "stale" });
}

/** One that is for administrators. */
function administers(name: string, arity: number, since = "3.0.0"): CommandSpec {
  return command(`cluster|${name}`, { arity, since, flags: "admin stale" });
}

/** One that changes the cluster. */
function changes(name: string, arity: number, since = "3.0.0"): CommandSpec {
  return command(`cluster|${name}`, { arity, since, flags: "no_async_loading admin stale" });
}

const SLOTS_OF_RANGE = "range(start-slot:integer end-slot:integer)...";

const SUBCOMMANDS: readonly CommandSpec[] = [
  changes("addslots", -3).takes("slot:integer...").answers("OK").docs("Assigns slots to the node.", "O(N) for N slots"),
  changes("addslotsrange", -4, "7.0.0")
    .takes(SLOTS_OF_RANGE)
    .answers("OK")
    .docs("Assigns ranges of slots to the node.", "O(N) for N slots"),
  changes("bumpepoch", 2).answers("status").tips(VARIES).docs("Advances the configuration epoch of the cluster.", "O(1)"),
  administers("count-failure-reports", 3)
    .takes("node-id")
    .answers("count")
    .tips(VARIES)
    .docs("Returns how many nodes report that a node failed.", "O(N) for N reports"),
  asks("countkeysinslot", 3).takes("slot:integer").answers("count").docs("Returns the number of keys in a slot.", "O(1)"),
  changes("delslots", -3).takes("slot:integer...").answers("OK").docs("Takes slots from the node.", "O(N) for N slots"),
  changes("delslotsrange", -4, "7.0.0")
    .takes(SLOTS_OF_RANGE)
    .answers("OK")
    .docs("Takes ranges of slots from the node.", "O(N) for N slots"),
  changes("failover", -2).takes("[options(FORCE | TAKEOVER)]").answers("OK").docs("Makes a replica take over from its master.", "O(1)"),
  changes("flushslots", 2).answers("OK").docs("Takes all slots from the node.", "O(1)"),
  changes("forget", 3).takes("node-id").answers("OK").docs("Removes a node from those that are known.", "O(1)"),
  asks("getkeysinslot", 4).takes("slot:integer count").answers("string[]").tips(VARIES).docs("Returns keys of a slot.", "O(N) for N keys"),
  command("cluster|help", { arity: 2, since: "5.0.0", flags: "loading stale" })
    .answers("status[]")
    .docs("Returns helpful text about the subcommands.", "O(1)"),
  asks("info", 2).answers("text").tips(VARIES).docs("Returns the state of the node.", "O(1)"),
  asks("keyslot", 3).takes("key:string").answers("count").docs("Returns the slot of a key.", "O(N) for N bytes"),
  asks("links", 2, "7.0.0")
    .answers(
      "{direction: 'from' | 'to', node: string, create-time: time, events: string, send-buffer-allocated: count, send-buffer-used: count}[]",
    )
    .tips(VARIES)
    .docs("Returns the connections to other nodes.", "O(N) for N nodes"),
  changes("meet", -4)
    .takes("ip port [cluster-bus-port:integer@4.0.0]")
    .answers("OK")
    .docs("Makes the node join others.", "O(1)")
    .changed("4.0.0: Added `cluster-bus-port`."),
  asks("myid", 2).answers("string").docs("Returns the ID of the node.", "O(1)"),
  asks("myshardid", 2, "7.2.0").answers("string").tips(VARIES).docs("Returns the ID of the node's shard.", "O(1)"),
  asks("nodes", 2).answers("text").tips(VARIES).docs("Returns the nodes and their slots.", "O(N) for N nodes"),
  administers("replicas", 3, "5.0.0")
    .takes("node-id")
    .answers("string[]")
    .tips(VARIES)
    .docs("Returns the replicas of a node.", "O(N) for N replicas"),
  changes("replicate", 3).takes("node-id").answers("OK").docs("Makes the node a replica of another.", "O(1)"),
  command("cluster|reset", { arity: -2, since: "3.0.0", flags: "admin stale noscript" })
    .takes("[reset-type(HARD | SOFT)]")
    .answers("OK")
    .docs("Makes the node a new one.", "O(N) for N nodes"),
  changes("saveconfig", 2).answers("OK").docs("Writes the configuration of the node to disk.", "O(1)"),
  changes("set-config-epoch", 3).takes("config-epoch:integer").answers("OK").docs("Sets the configuration epoch of a new node.", "O(1)"),
  changes("setslot", -4)
    .takes("slot:integer subcommand(IMPORTING importing'node-id' | MIGRATING migrating'node-id' | NODE node'node-id' | STABLE)")
    .answers("OK")
    .docs("Binds a slot to a node.", "O(1)"),
  command("cluster|shards", { arity: 2, since: "7.0.0", flags: "loading stale" })
    .answers(`{slots: count[], nodes: {id: string, port?: count, tls-port?: count, ip: string, endpoint: string, hostname?: string,
      role: 'master' | 'replica', replication-offset: count, health: 'online' | 'loading' | 'fail'}[]}[]`)
    .tips(VARIES)
    .docs("Returns the slots of each shard and its nodes.", "O(N) for N nodes"),
  administers("slaves", 3)
    .takes("node-id")
    .answers("string[]")
    .tips(VARIES)
    .docs("Returns the replicas of a node.", "O(N) for N replicas")
    .deprecated("5.0.0", "`CLUSTER REPLICAS`"),
  command("cluster|slots", { arity: 2, since: "3.0.0", flags: "loading stale" })
    .answers(`[start: count, end: count, nodes: ClusterNode...][]
      where ClusterNode = [endpoint: string | null, port: count, id: string, metadata: map<string, string>]`)
    .tips(VARIES)
    .docs("Returns which nodes have which slots.", "O(N) for N nodes")
    .changed("4.0.0: Added node IDs.", "7.0.0: Added additional networking metadata.")
    .deprecated("7.0.0", "`CLUSTER SHARDS`"),
];

export const cluster = command("cluster", { arity: -2, since: "3.0.0", flags: "" })
  .docs("A container for cluster commands.", "Depends on the subcommand.")
  .family(SUBCOMMANDS.map((spec) => spec.run(refuse)));

export const asking = command("asking", { arity: 1, since: "3.0.0", flags: "fast" })
  .answers("OK")
  .acl("connection")
  .docs("Says that a redirection by ASK is followed.", "O(1)")
  .run(refuse);

export const readonly = command("readonly", { arity: 1, since: "3.0.0", flags: "loading stale fast" })
  .answers("OK")
  .acl("connection")
  .docs("Lets the connection read from a replica of a cluster.", "O(1)")
  .run(refuse);

export const readwrite = command("readwrite", { arity: 1, since: "3.0.0", flags: "loading stale fast" })
  .answers("OK")
  .acl("connection")
  .docs("Ends what READONLY began.", "O(1)")
  .run(refuse);
