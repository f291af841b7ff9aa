/** COMMAND DOCS: what people and command-line clients need to know in order to write a command. */

import type { Argument } from "../../execution/command-syntax.ts";
import type { CommandEntry } from "../../execution/registry.ts";
import { type JsonSchema, schemaOf } from "../../execution/reply-schema.ts";
import type { Reply } from "../../protocol/reply.ts";
import { replyWords } from "./command-info.ts";

/** A field of a map: its name, and what writes its value. */
type Field = readonly [name: string, write: () => void];

/** `schemas`: with `reply_schema`, the JSON schema of a command's replies, as Redis has it in builds with LOG_REQ_RES. */
interface DocsOptions {
  readonly schemas: boolean;
}

function replyDocs(reply: Reply, entry: CommandEntry, options: DocsOptions): void {
  const { spec, subcommands } = entry;
  const { complexity, docFlags, deprecatedSince, replacedBy, history, arguments: args } = spec;
  const fields: Field[] = [
    ["summary", () => reply.bulk(spec.summary)],
    ["since", () => reply.bulk(spec.since)],
    ["group", () => reply.bulk(spec.group)],
  ];
  if (complexity !== "") fields.push(["complexity", () => reply.bulk(complexity)]);
  if (docFlags.length > 0) fields.push(["doc_flags", () => replyWords(reply, docFlags)]);
  if (deprecatedSince !== null) fields.push(["deprecated_since", () => reply.bulk(deprecatedSince)]);
  if (replacedBy !== null) fields.push(["replaced_by", () => reply.bulk(replacedBy)]);
  if (history.length > 0) fields.push(["history", () => replyHistory(reply, history)]);
  const schema = options.schemas && spec.replies !== null ? schemaOf(spec.replies) : null;
  if (schema !== null) fields.push(["reply_schema", () => replyJson(reply, schema)]);
  if (args.length > 0) fields.push(["arguments", () => replyArguments(reply, args)]);
  if (subcommands.size > 0) fields.push(["subcommands", () => replyManyDocs(reply, [...subcommands.values()], options)]);
  replyFields(reply, fields);
}

/** A map of commands, by full name. */
export function replyManyDocs(reply: Reply, entries: readonly CommandEntry[], options: DocsOptions): void {
  reply.map(entries.length);
  for (const entry of entries) {
    reply.bulk(entry.fullName);
    replyDocs(reply, entry, options);
  }
}

function replyFields(reply: Reply, fields: readonly Field[]): void {
  reply.map(fields.length);
  for (const [name, write] of fields) {
    reply.bulk(name);
    write();
  }
}

/** An object is a map, true and false are booleans. */
function replyJson(reply: Reply, value: JsonSchema[string]): void {
  if (typeof value === "string") reply.bulk(value);
  else if (typeof value === "number") reply.integer(value);
  else if (typeof value === "boolean") reply.boolean(value);
  else if (isList(value)) {
    reply.array(value.length);
    for (const schema of value) replyJson(reply, schema);
  } else
    replyFields(
      reply,
      Object.entries(value).map(([keyword, inside]) => [keyword, () => replyJson(reply, inside)]),
    );
}

function isList(value: JsonSchema | readonly JsonSchema[]): value is readonly JsonSchema[] {
  return Array.isArray(value);
}

function replyHistory(reply: Reply, history: readonly (readonly [version: string, change: string])[]): void {
  reply.set(history.length);
  for (const [version, change] of history) reply.bulks([version, change]);
}

function replyArguments(reply: Reply, args: readonly Argument[]): void {
  reply.array(args.length);
  for (const arg of args) replyFields(reply, argumentFields(reply, arg));
}

function argumentFields(reply: Reply, arg: Argument): Field[] {
  const { keySpecIndex, token, since, deprecatedSince } = arg;
  const flags = argumentFlags(arg);
  const fields: Field[] = [
    ["name", () => reply.bulk(arg.name)],
    ["type", () => reply.bulk(arg.type)],
  ];
  const hasParts = arg.type === "oneof" || arg.type === "block";
  if (!hasParts) fields.push(["display_text", () => reply.bulk(arg.displayText ?? arg.name)]);
  if (keySpecIndex !== undefined) fields.push(["key_spec_index", () => reply.integer(keySpecIndex)]);
  if (token !== undefined) fields.push(["token", () => reply.bulk(token)]);
  if (since !== undefined) fields.push(["since", () => reply.bulk(since)]);
  if (deprecatedSince !== undefined) fields.push(["deprecated_since", () => reply.bulk(deprecatedSince)]);
  if (flags.length > 0) fields.push(["flags", () => replyWords(reply, flags)]);
  if (hasParts) fields.push(["arguments", () => replyArguments(reply, arg.arguments ?? [])]);
  return fields;
}

function argumentFlags(arg: Argument): string[] {
  const flags: string[] = [];
  if (arg.optional) flags.push("optional");
  if (arg.multiple) flags.push("multiple");
  if (arg.multipleToken) flags.push("multiple_token");
  return flags;
}
