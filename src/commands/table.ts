/** All commands. */

import * as client from "./client.ts";
import type { Command } from "./command.ts";
import * as config from "./config.ts";
import * as connection from "./connection.ts";
import * as counter from "./counter.ts";
import * as databases from "./databases.ts";
import * as debug from "./debug.ts";
import * as expire from "./expire.ts";
import * as functions from "./function.ts";
import * as info from "./info.ts";
import * as introspection from "./introspection.ts";
import * as keys from "./keys.ts";
import * as memory from "./memory.ts";
import * as object from "./object.ts";
import * as replication from "./replication.ts";
import * as scan from "./scan.ts";
import * as server from "./server.ts";
import * as string from "./string.ts";
import * as substring from "./substring.ts";
import * as transactions from "./transactions.ts";

const MODULES: readonly Readonly<Record<string, Command>>[] = [
  client,
  connection,
  functions,
  introspection,
  string,
  transactions,
  counter,
  databases,
  expire,
  keys,
  object,
  replication,
  scan,
  substring,
  config,
  debug,
  info,
  memory,
  server,
];

export const COMMANDS: readonly Command[] = MODULES.flatMap((module) => Object.values(module));
