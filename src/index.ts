/** What a program imports: `import { Replicant } from "replicant"`. */

export type { Client } from "./client/client.ts";
export { LinkError, ReplyError } from "./client/errors.ts";
export type { Link, Word } from "./client/link.ts";
export type { IoredisOptions, NodeRedisOptions } from "./embedding/adapters.ts";
export type { CommandClient, CommandEvent, ServerEvents } from "./embedding/events.ts";
export type { DirectiveOptions, ListenOptions, ServerOptions } from "./embedding/options.ts";
export { type ListeningReplicant, Replicant } from "./embedding/replicant.ts";
