/** What has come to the console's port. */

import type { Server as HttpServer } from "bun";
import type { BrowserSocket } from "./browser-socket.ts";

/** A request, and who sent it. */
export interface Visit {
  readonly request: Request;
  readonly url: URL;
  readonly server: HttpServer<BrowserSocket>;
  readonly address: string;
  readonly port: number;
}
