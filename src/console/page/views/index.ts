/** All views, in the order of the menu. */

import { CONFIGURATION } from "./configuration.tsx";
import { OVERVIEW } from "./overview.tsx";
import type { View } from "./view.ts";

export const VIEWS: readonly View[] = [OVERVIEW, CONFIGURATION];
