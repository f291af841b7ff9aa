/** Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand. */

export { StringCommands as Commands } from "./string.ts";
export type * from "./replies.ts";
export type * from "./bitmap.ts";
export type * from "./cluster.ts";
export type * from "./connection.ts";
export type * from "./generic.ts";
export type * from "./geo.ts";
export type * from "./hash.ts";
export type * from "./hyperloglog.ts";
export type * from "./list.ts";
export type * from "./pubsub.ts";
export type * from "./replicant.ts";
export type * from "./scripting.ts";
export type * from "./server.ts";
export type * from "./set.ts";
export type * from "./sorted-set.ts";
export type * from "./stream.ts";
export type * from "./string.ts";
