export type { ServerParts as Host, ShutdownOptions } from "./server-parts.ts";
