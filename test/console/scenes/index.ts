/** All pictures of the console, one entry a view. */

import { KEYS, VALUE } from "./keys.ts";
import type { Scene } from "./scene.ts";
import { TOOLS } from "./tools.ts";

export const SCENES: readonly Scene[] = [KEYS, VALUE, ...TOOLS];
