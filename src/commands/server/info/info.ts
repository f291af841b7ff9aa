/** INFO: which sections are asked for. The other files of this folder write them. */

import { commandsOf } from "../../../execution/command-spec.ts";
import { InfoText } from "../../../session/info-text.ts";
import { wordSet } from "../../arguments/numbers.ts";
import { MEMORY } from "./memory.ts";
import { CLUSTER, COMMANDSTATS, CPU, ERRORSTATS, KEYSPACE, LATENCYSTATS, MODULES } from "./per-item.ts";
import { PERSISTENCE } from "./persistence.ts";
import { REPLICATION } from "./replication.ts";
import type { Section } from "./section.ts";
import { SERVER } from "./server.ts";
import { CLIENTS, DEBUG, STATS } from "./stats.ts";

const command = commandsOf("server");

/** In the order of the reply, whatever the order of the request. */
const SECTIONS: readonly Section[] = [
  SERVER,
  CLIENTS,
  MEMORY,
  PERSISTENCE,
  STATS,
  REPLICATION,
  CPU,
  MODULES,
  COMMANDSTATS,
  ERRORSTATS,
  LATENCYSTATS,
  CLUSTER,
  KEYSPACE,
  DEBUG,
];

export const info = command("info", { arity: -1, since: "1.0.0", flags: "loading stale" })
  .takes("[section...]")
  .acl("dangerous")
  .tips("nondeterministic_output request_policy:all_shards response_policy:special")
  .docs("Returns information and statistics about the server.", "O(1)")
  .changed("7.0.0: Accepts several sections.")
  .run((call) => {
    const { server } = call;
    const asked = wordSet(call, 1);
    const parts = SECTIONS.filter((section) => isAskedFor(section, asked)).map(({ title, write }) => {
      const out = server.stats.infoTexts.get(title) ?? new InfoText(title);
      server.stats.infoTexts.set(title, out.restart());
      write(out, server, call.session);
      return out;
    });
    call.reply.verbatimParts(parts, "\r\n");
  });

function isAskedFor({ names, shown }: Section, asked: ReadonlySet<string>): boolean {
  if (asked.size === 0) return shown === "default";
  if (names.some((name) => asked.has(name)) || (shown === "default" && asked.has("default"))) return true;
  return shown !== "named" && (asked.has("all") || asked.has("everything"));
}
