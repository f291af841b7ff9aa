/** What the program does in place of sending a command. */

import { intrinsicLatencyMode, latencyDistMode, latencyMode } from "./latency.ts";
import { lruTestMode, statMode } from "./load.ts";
import type { Mode } from "./options.ts";
import { pipeMode } from "./pipe.ts";
import { rdbMode, replicaMode } from "./replica.ts";
import { bigKeysMode, hotKeysMode, scanMode } from "./scan.ts";
import type { Session } from "./session.ts";

const MODES: Readonly<Record<Mode, (session: Session) => Promise<number>>> = {
  latency: (session) => latencyMode(session, false),
  "latency-history": (session) => latencyMode(session, true),
  "latency-dist": latencyDistMode,
  replica: replicaMode,
  rdb: (session) => rdbMode(session, false),
  "functions-rdb": (session) => rdbMode(session, true),
  pipe: pipeMode,
  bigkeys: (session) => bigKeysMode(session, false),
  memkeys: (session) => bigKeysMode(session, true),
  hotkeys: hotKeysMode,
  stat: statMode,
  scan: scanMode,
  "lru-test": lruTestMode,
  "intrinsic-latency": intrinsicLatencyMode,
};

/** Runs one of them. Returns the exit code; those without an end end with an interrupt. */
export async function runMode(mode: Mode, session: Session): Promise<number> {
  if (mode !== "intrinsic-latency") await session.connected();
  return MODES[mode](session);
}
