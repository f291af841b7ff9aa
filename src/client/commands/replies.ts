/**
 * Written by scripts/generate-client.ts from the contracts of the commands: not to be changed by hand.
 * What replies of several commands have in them.
 */

import type { Convert } from "../command-base.ts";
import { each, fields, lazily, record, tuple, type Fields } from "../converting.ts";

export type ClusterNode<T> = [endpoint: T | null, port: number, id: T, metadata: Fields<T, T>];
export const toClusterNode: Convert = tuple([null, null, null, fields()]);

export type CommandArgument<T> = { name: T; type: T; display_text?: T; key_spec_index?: number; token?: T; summary?: T; since?: T; deprecated_since?: T; flags?: Set<string>; arguments?: CommandArgument<T>[] };
export const toCommandArgument: Convert = lazily(() => record({ "arguments": each(toCommandArgument) }));

export type CommandDocs<T> = { summary: T; since: T; group: T; complexity?: T; module?: T; doc_flags?: Set<"deprecated" | "syscmd">; deprecated_since?: T; replaced_by?: T; history?: Set<[version: T, change: T]>; reply_schema?: Fields<T, unknown>; arguments?: CommandArgument<T>[]; subcommands?: Fields<T, CommandDocs<T>> };
export const toCommandDocs: Convert = lazily(() => record({ "reply_schema": fields(), "arguments": each(toCommandArgument), "subcommands": fields(toCommandDocs) }));

export type KeySpecification<T> = { notes?: T; flags: Set<string>; begin_search: { type: T; spec: { index?: number; keyword?: T; startfrom?: number } }; find_keys: { type: T; spec: { lastkey?: number; keystep?: number; limit?: number; keynumidx?: number; firstkey?: number } } };
export const toKeySpecification: Convert = record({ "begin_search": record({ "spec": record({}) }), "find_keys": record({ "spec": record({}) }) });

export type CommandInfo<T> = [name: T, arity: number, flags: Set<string>, firstKey: number, lastKey: number, step: number, categories: Set<string>, tips: Set<T>, keys: Set<KeySpecification<T>>, subcommands: CommandInfo<T>[] | Set<CommandInfo<T>>];
export const toCommandInfo: Convert = lazily(() => tuple([null, null, null, null, null, null, null, null, each(toKeySpecification), each(toCommandInfo)]));

export type Module<T> = { name: T; ver: number; path: T; args: T[] };
export const toModule: Convert = record({});

export type Running<T> = { kind: T; subject: T; unit: T; done: number; total: number | null; percent: number | null; rate: number; bytes: number | null; "bytes-rate": number | null; started: number; seconds: number; left: number | null };
export const toRunning: Convert = record({});

export type Ended<T> = { kind: T; subject: T; unit: T; done: number; total: number | null; bytes: number | null; started: number; seconds: number; complete: boolean };
export const toEnded: Convert = record({});

export type LinkState<T> = (T extends string ? "none" | "connect" | "connecting" | "handshake" | "sync" | "connected" | "unknown" : T);

export type StreamEntry<T> = [id: T, fields: Fields<T, T>];
export const toStreamEntry: Convert = tuple([null, fields()]);

export type GroupEntry<T> = [id: T, fields: Fields<T, T> | null];
export const toGroupEntry: Convert = tuple([null, fields()]);
