/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

import { addAll, addRows, type AtMostOne, type Integer, type OneOf, type OneOrMore } from "../arguments.ts";
import type { Answer, Mode, Text } from "../command-base.ts";
import { each, record, tuple } from "../converting.ts";
import { knownOptions, requireKnown, tooMany } from "../known-options.ts";
import type { Word } from "../link.ts";
import { toClusterNode, type ClusterNode } from "./replies.ts";
import { BitmapCommands } from "./bitmap.ts";

export type ClusterFailoverOptions = AtMostOne<{ force?: boolean | undefined } | { takeover?: boolean | undefined }>;

const CLUSTER_FAILOVER_OPTIONS = knownOptions("CLUSTER FAILOVER", { force: true, takeover: true });

export type ClusterResetOptions = AtMostOne<{ hard?: boolean | undefined } | { soft?: boolean | undefined }>;

const CLUSTER_RESET_OPTIONS = knownOptions("CLUSTER RESET", { hard: true, soft: true });

const CLUSTER_SETSLOT_SUBCOMMAND_OPTIONS = knownOptions("CLUSTER SETSLOT: subcommand", { importing: true, migrating: true, node: true, stable: true });

/** Commands of the group "cluster", and of those before it. */
export abstract class ClusterCommands<M extends Mode> extends BitmapCommands<M> {
  /** Assigns slots to the node. Since 3.0.0. */
  clusterAddslots(slots: OneOrMore<Integer>): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLUSTER ADDSLOTS", arguments.length, 1);
    const words: Word[] = ["CLUSTER", "ADDSLOTS"];
    addAll(words, slots);
    return this.run(words);
  }

  /** Assigns ranges of slots to the node. Since 7.0.0. */
  clusterAddslotsrange(range: Iterable<readonly [Integer, Integer]>): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLUSTER ADDSLOTSRANGE", arguments.length, 1);
    const words: Word[] = ["CLUSTER", "ADDSLOTSRANGE"];
    addRows(words, range, "start-slot, end-slot");
    return this.run(words);
  }

  /** Advances the configuration epoch of the cluster. Since 3.0.0. */
  clusterBumpepoch(): Answer<M, string> {
    if (arguments.length > 0) throw tooMany("CLUSTER BUMPEPOCH", arguments.length, 0);
    return this.run(["CLUSTER", "BUMPEPOCH"]);
  }

  /** Returns how many nodes report that a node failed. Since 3.0.0. */
  clusterCountFailureReports(nodeId: Word): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("CLUSTER COUNT-FAILURE-REPORTS", arguments.length, 1);
    return this.run(["CLUSTER", "COUNT-FAILURE-REPORTS", nodeId]);
  }

  /** Returns the number of keys in a slot. Since 3.0.0. */
  clusterCountkeysinslot(slot: Integer): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("CLUSTER COUNTKEYSINSLOT", arguments.length, 1);
    return this.run(["CLUSTER", "COUNTKEYSINSLOT", slot]);
  }

  /** Takes slots from the node. Since 3.0.0. */
  clusterDelslots(slots: OneOrMore<Integer>): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLUSTER DELSLOTS", arguments.length, 1);
    const words: Word[] = ["CLUSTER", "DELSLOTS"];
    addAll(words, slots);
    return this.run(words);
  }

  /** Takes ranges of slots from the node. Since 7.0.0. */
  clusterDelslotsrange(range: Iterable<readonly [Integer, Integer]>): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLUSTER DELSLOTSRANGE", arguments.length, 1);
    const words: Word[] = ["CLUSTER", "DELSLOTSRANGE"];
    addRows(words, range, "start-slot, end-slot");
    return this.run(words);
  }

  /** Makes a replica take over from its master. Since 3.0.0. */
  clusterFailover(options?: ClusterFailoverOptions): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLUSTER FAILOVER", arguments.length, 1);
    const words: Word[] = ["CLUSTER", "FAILOVER"];
    if (options !== undefined) {
      requireKnown(options, CLUSTER_FAILOVER_OPTIONS);
      if (options.force) words.push("FORCE");
      if (options.takeover) words.push("TAKEOVER");
    }
    return this.run(words);
  }

  /** Takes all slots from the node. Since 3.0.0. */
  clusterFlushslots(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("CLUSTER FLUSHSLOTS", arguments.length, 0);
    return this.run(["CLUSTER", "FLUSHSLOTS"]);
  }

  /** Removes a node from those that are known. Since 3.0.0. */
  clusterForget(nodeId: Word): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLUSTER FORGET", arguments.length, 1);
    return this.run(["CLUSTER", "FORGET", nodeId]);
  }

  /** Returns keys of a slot. Since 3.0.0. */
  clusterGetkeysinslot(slot: Integer, count: Integer): Answer<M, Text<M>[]> {
    if (arguments.length > 2) throw tooMany("CLUSTER GETKEYSINSLOT", arguments.length, 2);
    return this.run(["CLUSTER", "GETKEYSINSLOT", slot, count]);
  }

  /** Returns helpful text about the subcommands. Since 5.0.0. */
  clusterHelp(): Answer<M, string[]> {
    if (arguments.length > 0) throw tooMany("CLUSTER HELP", arguments.length, 0);
    return this.run(["CLUSTER", "HELP"]);
  }

  /** Returns the state of the node. Since 3.0.0. */
  clusterInfo(): Answer<M, string> {
    if (arguments.length > 0) throw tooMany("CLUSTER INFO", arguments.length, 0);
    return this.run(["CLUSTER", "INFO"]);
  }

  /** Returns the slot of a key. Since 3.0.0. */
  clusterKeyslot(key: Word): Answer<M, number> {
    if (arguments.length > 1) throw tooMany("CLUSTER KEYSLOT", arguments.length, 1);
    return this.run(["CLUSTER", "KEYSLOT", key]);
  }

  /** Returns the connections to other nodes. Since 7.0.0. */
  clusterLinks(): Answer<M, { direction: (Text<M> extends string ? "from" | "to" : Text<M>); node: Text<M>; "create-time": number; events: Text<M>; "send-buffer-allocated": number; "send-buffer-used": number }[]> {
    if (arguments.length > 0) throw tooMany("CLUSTER LINKS", arguments.length, 0);
    return this.run(["CLUSTER", "LINKS"], each(record({})));
  }

  /** Makes the node join others. Since 3.0.0. */
  clusterMeet(ip: Word, port: Integer, clusterBusPort?: Integer): Answer<M, "OK"> {
    if (arguments.length > 3) throw tooMany("CLUSTER MEET", arguments.length, 3);
    const words: Word[] = ["CLUSTER", "MEET", ip, port];
    if (clusterBusPort !== undefined) words.push(clusterBusPort);
    return this.run(words);
  }

  /** Returns the ID of the node. Since 3.0.0. */
  clusterMyid(): Answer<M, Text<M>> {
    if (arguments.length > 0) throw tooMany("CLUSTER MYID", arguments.length, 0);
    return this.run(["CLUSTER", "MYID"]);
  }

  /** Returns the ID of the node's shard. Since 7.2.0. */
  clusterMyshardid(): Answer<M, Text<M>> {
    if (arguments.length > 0) throw tooMany("CLUSTER MYSHARDID", arguments.length, 0);
    return this.run(["CLUSTER", "MYSHARDID"]);
  }

  /** Returns the nodes and their slots. Since 3.0.0. */
  clusterNodes(): Answer<M, string> {
    if (arguments.length > 0) throw tooMany("CLUSTER NODES", arguments.length, 0);
    return this.run(["CLUSTER", "NODES"]);
  }

  /** Returns the replicas of a node. Since 5.0.0. */
  clusterReplicas(nodeId: Word): Answer<M, Text<M>[]> {
    if (arguments.length > 1) throw tooMany("CLUSTER REPLICAS", arguments.length, 1);
    return this.run(["CLUSTER", "REPLICAS", nodeId]);
  }

  /** Makes the node a replica of another. Since 3.0.0. */
  clusterReplicate(nodeId: Word): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLUSTER REPLICATE", arguments.length, 1);
    return this.run(["CLUSTER", "REPLICATE", nodeId]);
  }

  /** Makes the node a new one. Since 3.0.0. */
  clusterReset(options?: ClusterResetOptions): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLUSTER RESET", arguments.length, 1);
    const words: Word[] = ["CLUSTER", "RESET"];
    if (options !== undefined) {
      requireKnown(options, CLUSTER_RESET_OPTIONS);
      if (options.hard) words.push("HARD");
      if (options.soft) words.push("SOFT");
    }
    return this.run(words);
  }

  /** Writes the configuration of the node to disk. Since 3.0.0. */
  clusterSaveconfig(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("CLUSTER SAVECONFIG", arguments.length, 0);
    return this.run(["CLUSTER", "SAVECONFIG"]);
  }

  /** Sets the configuration epoch of a new node. Since 3.0.0. */
  clusterSetConfigEpoch(configEpoch: Integer): Answer<M, "OK"> {
    if (arguments.length > 1) throw tooMany("CLUSTER SET-CONFIG-EPOCH", arguments.length, 1);
    return this.run(["CLUSTER", "SET-CONFIG-EPOCH", configEpoch]);
  }

  /** Binds a slot to a node. Since 3.0.0. */
  clusterSetslot(slot: Integer, subcommand: OneOf<{ importing: Word } | { migrating: Word } | { node: Word } | { stable: boolean }>): Answer<M, "OK"> {
    if (arguments.length > 2) throw tooMany("CLUSTER SETSLOT", arguments.length, 2);
    const words: Word[] = ["CLUSTER", "SETSLOT", slot];
    requireKnown(subcommand, CLUSTER_SETSLOT_SUBCOMMAND_OPTIONS);
    if (subcommand.importing !== undefined) words.push("IMPORTING", subcommand.importing);
    if (subcommand.migrating !== undefined) words.push("MIGRATING", subcommand.migrating);
    if (subcommand.node !== undefined) words.push("NODE", subcommand.node);
    if (subcommand.stable) words.push("STABLE");
    return this.run(words);
  }

  /** Returns the slots of each shard and its nodes. Since 7.0.0. */
  clusterShards(): Answer<M, { slots: number[]; nodes: { id: Text<M>; port?: number; "tls-port"?: number; ip: Text<M>; endpoint: Text<M>; hostname?: Text<M>; role: (Text<M> extends string ? "master" | "replica" : Text<M>); "replication-offset": number; health: (Text<M> extends string ? "online" | "loading" | "fail" : Text<M>) }[] }[]> {
    if (arguments.length > 0) throw tooMany("CLUSTER SHARDS", arguments.length, 0);
    return this.run(["CLUSTER", "SHARDS"], each(record({ "nodes": each(record({})) })));
  }

  /**
   * Returns the replicas of a node. Since 3.0.0.
   *
   * @deprecated since 5.0.0: CLUSTER REPLICAS
   */
  clusterSlaves(nodeId: Word): Answer<M, Text<M>[]> {
    if (arguments.length > 1) throw tooMany("CLUSTER SLAVES", arguments.length, 1);
    return this.run(["CLUSTER", "SLAVES", nodeId]);
  }

  /**
   * Returns which nodes have which slots. Since 3.0.0.
   *
   * @deprecated since 7.0.0: CLUSTER SHARDS
   */
  clusterSlots(): Answer<M, [start: number, end: number, ...nodes: ClusterNode<Text<M>>[]][]> {
    if (arguments.length > 0) throw tooMany("CLUSTER SLOTS", arguments.length, 0);
    return this.run(["CLUSTER", "SLOTS"], each(tuple([null, null, toClusterNode])));
  }

  /** Lets the connection read from a replica of a cluster. Since 3.0.0. */
  readonly(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("READONLY", arguments.length, 0);
    return this.run(["READONLY"]);
  }

  /** Ends what READONLY began. Since 3.0.0. */
  readwrite(): Answer<M, "OK"> {
    if (arguments.length > 0) throw tooMany("READWRITE", arguments.length, 0);
    return this.run(["READWRITE"]);
  }
}
