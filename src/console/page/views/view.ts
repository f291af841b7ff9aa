/** What the page is made of: a list of views, each under a name of its own in the address. */

import type { ComponentType } from "preact";

export interface View {
  /** Its name in the address: "keys". */
  readonly id: string;
  readonly title: string;
  /** Pressed after "g", it leads here. */
  readonly key: string;
  readonly component: ComponentType;
}
