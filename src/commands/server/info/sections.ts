/** The sections of INFO, and which of them are asked for. */

import type { ServerParts } from "../../../execution/server-parts.ts";
import { InfoText } from "../../../session/info-text.ts";
import { MEMORY } from "./memory.ts";
import { CLUSTER, COMMANDSTATS, CPU, ERRORSTATS, KEYSPACE, LATENCYSTATS, MODULES } from "./per-item.ts";
import { PERSISTENCE } from "./persistence.ts";
import { PROGRESS } from "./progress.ts";
import { REPLICATION } from "./replication.ts";
import type { Section } from "./section.ts";
import { SERVER } from "./server.ts";
import { CLIENTS, DEBUG, STATS } from "./stats.ts";

export const BETWEEN = "\r\n";

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
  PROGRESS,
  DEBUG,
];

/** The text that INFO answers with when these sections are asked for, in lower case; none: the usual ones. */
export function infoText(server: ServerParts, asked: ReadonlySet<string>): string {
  return sectionTexts(server, asked)
    .map(({ bytes, length }) => bytes.latin1Slice(0, length))
    .join(BETWEEN);
}

/** Likewise, its sections one by one. */
export function sectionTexts(server: ServerParts, asked: ReadonlySet<string>): InfoText[] {
  return SECTIONS.filter((section) => isAskedFor(section, asked)).map(({ title, write }) => {
    const out = server.stats.infoTexts.get(title) ?? new InfoText(title);
    server.stats.infoTexts.set(title, out.restart());
    write(out, server);
    return out;
  });
}

function isAskedFor({ names, shown }: Section, asked: ReadonlySet<string>): boolean {
  if (asked.size === 0) return shown === "default";
  if (names.some((name) => asked.has(name)) || (shown === "default" && asked.has("default"))) return true;
  return shown !== "named" && (asked.has("all") || asked.has("everything"));
}
