/** All views, in the order of the menu. */

import { COMMAND_LINE } from "./command-line/command-line.tsx";
import { CONFIGURATION } from "./configuration.tsx";
import { KEYS } from "./keys/keys.tsx";
import { LATENCY } from "./latency.tsx";
import { OVERVIEW } from "./overview.tsx";
import { SLOW_LOG } from "./slow-log.tsx";
import type { View } from "./view.ts";

export const VIEWS: readonly View[] = [OVERVIEW, KEYS, SLOW_LOG, LATENCY, COMMAND_LINE, CONFIGURATION];
