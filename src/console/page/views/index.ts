/** All views, in the order of the menu. */

import { BIG_KEYS } from "./big-keys.tsx";
import { CHANGES } from "./changes/changes.tsx";
import { COMMAND_LINE } from "./command-line/command-line.tsx";
import { CONFIGURATION } from "./configuration.tsx";
import { HOT_KEYS } from "./hot-keys.tsx";
import { KEYS } from "./keys/keys.tsx";
import { LATENCY } from "./latency.tsx";
import { MONITOR } from "./monitor/monitor.tsx";
import { OVERVIEW } from "./overview/overview.tsx";
import { REPLICATION } from "./replication/replication.tsx";
import { SLOW_LOG } from "./slow-log.tsx";
import { SNAPSHOTS } from "./snapshots.tsx";
import type { View } from "./view.ts";

export const VIEWS: readonly View[] = [
  OVERVIEW,
  KEYS,
  REPLICATION,
  CHANGES,
  SLOW_LOG,
  LATENCY,
  MONITOR,
  HOT_KEYS,
  BIG_KEYS,
  COMMAND_LINE,
  CONFIGURATION,
  SNAPSHOTS,
];
