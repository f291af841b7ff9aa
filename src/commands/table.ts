/** All commands. */

import * as bitfield from "./bitfield.ts";
import * as bitmap from "./bitmap.ts";
import * as blockingLists from "./blocking-lists.ts";
import * as blockingSortedSets from "./blocking-sorted-sets.ts";
import * as client from "./client.ts";
import type { Command } from "./command.ts";
import * as config from "./config.ts";
import * as connection from "./connection.ts";
import * as counter from "./counter.ts";
import * as databases from "./databases.ts";
import * as debug from "./debug.ts";
import * as dump from "./dump.ts";
import * as expire from "./expire.ts";
import * as functions from "./function.ts";
import * as geo from "./geo.ts";
import * as geoSearch from "./geo-search.ts";
import * as hash from "./hash.ts";
import * as hashWalk from "./hash-walk.ts";
import * as hyperloglog from "./hyperloglog.ts";
import * as info from "./info.ts";
import * as introspection from "./introspection.ts";
import * as keys from "./keys.ts";
import * as list from "./list.ts";
import * as listSearch from "./list-search.ts";
import * as memory from "./memory.ts";
import * as object from "./object.ts";
import * as pubsub from "./pubsub.ts";
import * as replication from "./replication.ts";
import * as scan from "./scan.ts";
import * as server from "./server.ts";
import * as set from "./set.ts";
import * as setAlgebra from "./set-algebra.ts";
import * as setRandom from "./set-random.ts";
import * as sort from "./sort.ts";
import * as sortedSet from "./sorted-set.ts";
import * as sortedSetAlgebra from "./sorted-set-algebra.ts";
import * as sortedSetPop from "./sorted-set-pop.ts";
import * as sortedSetRange from "./sorted-set-range.ts";
import * as sortedSetWalk from "./sorted-set-walk.ts";
import * as stream from "./stream.ts";
import * as streamClaim from "./stream-claim.ts";
import * as streamGroup from "./stream-group.ts";
import * as streamInfo from "./stream-info.ts";
import * as streamRead from "./stream-read.ts";
import * as string from "./string.ts";
import * as substring from "./substring.ts";
import * as transactions from "./transactions.ts";

const MODULES: readonly Readonly<Record<string, Command>>[] = [
  bitfield,
  bitmap,
  blockingLists,
  blockingSortedSets,
  client,
  connection,
  functions,
  hyperloglog,
  introspection,
  string,
  transactions,
  counter,
  databases,
  dump,
  expire,
  geo,
  geoSearch,
  hash,
  hashWalk,
  keys,
  list,
  listSearch,
  object,
  pubsub,
  replication,
  scan,
  sort,
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
  streamGroup,
  streamInfo,
  streamRead,
  substring,
  config,
  debug,
  info,
  memory,
  server,
];

export const COMMANDS: readonly Command[] = MODULES.flatMap((module) => Object.values(module));
