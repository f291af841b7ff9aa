/** All commands. */

import type { Command } from "../execution/command-spec.ts";
import * as bitfield from "./bitmap/bitfield.ts";
import * as bitmap from "./bitmap/bitmap.ts";
import * as cluster from "./cluster/cluster.ts";
import * as client from "./connection/client.ts";
import * as connection from "./connection/connection.ts";
import * as dump from "./generic/dump.ts";
import * as expire from "./generic/expire.ts";
import * as keys from "./generic/keys.ts";
import * as migrate from "./generic/migrate.ts";
import * as object from "./generic/object.ts";
import * as scan from "./generic/scan.ts";
import * as sort from "./generic/sort.ts";
import * as wait from "./generic/wait.ts";
import * as geo from "./geo/geo.ts";
import * as geoSearch from "./geo/geo-search.ts";
import * as hash from "./hash/hash.ts";
import * as hashExpiry from "./hash/hash-expiry.ts";
import * as hashFields from "./hash/hash-fields.ts";
import * as hashWalk from "./hash/hash-walk.ts";
import * as hyperloglog from "./hyperloglog/hyperloglog.ts";
import * as blockingLists from "./list/blocking-lists.ts";
import * as list from "./list/list.ts";
import * as pubsub from "./pubsub/pubsub.ts";
import * as evaluation from "./scripting/eval.ts";
import * as fcall from "./scripting/fcall.ts";
import * as functions from "./scripting/function.ts";
import * as scripts from "./scripting/script.ts";
import * as acl from "./server/acl.ts";
import * as changes from "./server/changes.ts";
import * as commands from "./server/command.ts";
import * as commandLog from "./server/command-log.ts";
import * as compare from "./server/compare.ts";
import * as config from "./server/config.ts";
import * as databases from "./server/databases.ts";
import * as debug from "./server/debug/debug.ts";
import * as directives from "./server/directives.ts";
import * as figures from "./server/figures.ts";
import * as hotKeys from "./server/hot-keys.ts";
import * as info from "./server/info/info.ts";
import * as keyTree from "./server/key-tree.ts";
import * as latency from "./server/latency.ts";
import * as lolwut from "./server/lolwut/lolwut.ts";
import * as memory from "./server/memory.ts";
import * as modules from "./server/module.ts";
import * as monitor from "./server/monitor.ts";
import * as progress from "./server/progress.ts";
import * as purge from "./server/purge.ts";
import * as replication from "./server/replication.ts";
import * as server from "./server/server.ts";
import * as set from "./set/set.ts";
import * as setAlgebra from "./set/set-algebra.ts";
import * as setRandom from "./set/set-random.ts";
import * as sortedSet from "./sorted-set/sorted-set.ts";
import * as sortedSetAlgebra from "./sorted-set/sorted-set-algebra.ts";
import * as sortedSetPop from "./sorted-set/sorted-set-pop.ts";
import * as sortedSetRange from "./sorted-set/sorted-set-range.ts";
import * as sortedSetWalk from "./sorted-set/sorted-set-walk.ts";
import * as stream from "./stream/stream.ts";
import * as streamClaim from "./stream/stream-claim.ts";
import * as streamDelete from "./stream/stream-delete.ts";
import * as streamGroup from "./stream/stream-group.ts";
import * as streamInfo from "./stream/stream-info.ts";
import * as streamRead from "./stream/stream-read.ts";
import * as counter from "./string/counter.ts";
import * as digest from "./string/digest.ts";
import * as string from "./string/string.ts";
import * as substring from "./string/substring.ts";
import * as transactions from "./transactions/transactions.ts";

const MODULES: readonly Readonly<Record<string, Command>>[] = [
  acl,
  bitfield,
  bitmap,
  blockingLists,
  client,
  cluster,
  changes,
  compare,
  directives,
  progress,
  connection,
  keyTree,
  purge,
  hotKeys,
  figures,
  evaluation,
  fcall,
  functions,
  scripts,
  hyperloglog,
  commands,
  string,
  digest,
  transactions,
  counter,
  databases,
  dump,
  expire,
  geo,
  geoSearch,
  hash,
  hashExpiry,
  hashFields,
  hashWalk,
  keys,
  list,
  migrate,
  object,
  pubsub,
  replication,
  scan,
  sort,
  wait,
  set,
  setAlgebra,
  setRandom,
  sortedSet,
  sortedSetAlgebra,
  sortedSetPop,
  sortedSetRange,
  sortedSetWalk,
  stream,
  streamClaim,
  streamDelete,
  streamGroup,
  streamInfo,
  streamRead,
  substring,
  commandLog,
  config,
  debug,
  info,
  latency,
  lolwut,
  memory,
  modules,
  monitor,
  server,
];

export const COMMANDS: readonly Command[] = MODULES.flatMap((module) => Object.values(module));
