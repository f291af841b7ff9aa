/** A picture of the console for the documentation. */

import type { Page } from "playwright-core";
import type { startServer } from "../../support/server.ts";

export interface Scene {
  /** Of the file: "keys" makes docs/console/keys.png and keys-dark.png. */
  readonly name: string;
  /** The address behind the page's: "#/keys". */
  readonly hash: string;
  readonly directives?: Parameters<typeof startServer>[0];
  /** Pixels; 800 unless given. */
  readonly height?: number;
  /** Fills the server, which is empty. */
  readonly fill: (send: (...words: readonly (string | number | Uint8Array)[]) => Promise<unknown>) => Promise<void>;
  /** Brings the page to what is to be seen, and waits until it is. */
  readonly act: (page: Page) => Promise<void>;
  /** Ends what it has started, once the picture is made. */
  readonly end?: () => Promise<unknown>;
}
