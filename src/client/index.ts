/** The typed client: `import { Client } from "replicant/client"`. */

export type { ConnectOptions, ReconnectOptions, TlsOptions } from "./address.ts";
export type { Double, Integer, OneOrMore, Pairs, Threshold } from "./arguments.ts";
export type { Pipeline, Settled, Transaction } from "./chains.ts";
export { type AuthOptions, Client, type ClientOf, type Watching, type WatchOptions } from "./client.ts";
export type * from "./commands/all.ts";
export type { Fields } from "./converting.ts";
export { LinkError, ReplyError } from "./errors.ts";
export { defineFunction, type FunctionCall, type FunctionOptions, type Returned, type ServerFunction } from "./functions.ts";
export type { Link, LinkOptions, Word } from "./link.ts";
export { defineScript, type KeysOf, type Script, type ScriptOptions } from "./scripts.ts";
export type { ConsumeOptions, CreateOptions, Delivery, Entry, GroupOf, ReadOptions, StreamOf } from "./streams.ts";
export type { Message, PatternMessage, SubscribeOptions, Subscription } from "./subscriptions.ts";
