/** What the view of a type is given. */

import type { Facts, ShownKey } from "./shown-key.ts";

export interface TypeViewProps {
  readonly shown: ShownKey;
  readonly facts: Facts;
}
