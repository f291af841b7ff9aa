/** All pictures of the console, one entry a view. */

import { KEYS, VALUE } from "./keys.ts";
import { CHANGES, OVERVIEW, REPLICATION } from "./live.ts";
import type { Scene } from "./scene.ts";
import { TOOLS } from "./tools.ts";

export const SCENES: readonly Scene[] = [KEYS, VALUE, OVERVIEW, REPLICATION, CHANGES, ...TOOLS];
