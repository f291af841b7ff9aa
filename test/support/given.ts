/** Which tokens and optional arguments of its command a request has. */
import type { Argument } from "../../src/execution/command-syntax.ts";
import type { Contract } from "../../src/execution/contract.ts";
import type { Word } from "./client.ts";

export type Request = readonly Word[];

/** Behind the options of these come values that may look like them. */
const DATA_FOLLOWS = new Set(["zadd"]);

/** A word as names are compared. */
export function nameOf(word: Word | undefined): string {
  return (typeof word === "object" ? Buffer.from(word).toString("latin1") : String(word)).toLowerCase();
}

/**
 * Whether a request that its command accepts has the token, or the optional argument, that `condition` names. `first`: index of its first
 * argument.
 */
export function isGiven(spec: Contract, request: Request, condition: string, first: number): boolean {
  const found = findArgument(spec.arguments, condition);
  if (found === undefined) throw new Error(`${spec.name} has no argument "${condition}"`);
  const tokens = tokensOf(found);
  if (tokens.length === 0) return request.length > Math.abs(spec.arity);
  const given = tokensGiven(spec, request, first);
  return tokens.some((token) => given.has(token));
}

function findArgument(args: readonly Argument[], condition: string): Argument | undefined {
  for (const arg of args) {
    const found = arg.token === condition || arg.name === condition ? arg : findArgument(arg.arguments ?? [], condition);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The tokens that an argument may begin with; none for one that begins with a value. */
function tokensOf(arg: Argument): string[] {
  if (arg.token !== undefined) return [arg.token.toLowerCase()];
  const parts = arg.arguments ?? [];
  if (arg.type === "oneof") return parts.flatMap(tokensOf);
  const tokens: string[] = [];
  for (const part of parts) {
    tokens.push(...tokensOf(part));
    if (!part.optional) return tokensOf(part).length === 0 ? [] : tokens;
  }
  return tokens;
}

/** The tokens of a request, without words that are the value of one, a key, or a leading argument. */
function tokensGiven(spec: Contract, request: Request, first: number): Set<string> {
  const values = new Map<string, number>();
  for (const arg of spec.arguments) addTokens(arg, values);
  const given = new Set<string>();
  for (let index = firstOption(spec, request, first); index < request.length; index++) {
    const word = nameOf(request[index]);
    const taken = values.get(word);
    if (taken !== undefined) given.add(word);
    else if (DATA_FOLLOWS.has(spec.name)) break;
    index += taken ?? 0;
  }
  return given;
}

/** Index behind the arguments that come first whatever follows, with as many keys as one of them says. */
function firstOption(spec: Contract, request: Request, first: number): number {
  let index = first;
  for (const { name, type, token, optional, multiple } of spec.arguments) {
    if (optional || token !== undefined || type === "oneof" || type === "block") break;
    if (!multiple) index++;
    else if (isCount(spec, name)) index += Number(nameOf(request[index - 1]));
    else break;
  }
  return index;
}

/** Whether so many of this argument follow as the one before it says. */
function isCount(spec: Contract, name: string): boolean {
  const at = spec.arguments.findIndex((arg) => arg.name === name);
  return spec.arguments[at - 1]?.name === "numkeys";
}

/** Notes the tokens of an argument, each with how many values follow it. */
function addTokens(arg: Argument, values: Map<string, number>): void {
  if (arg.token !== undefined) values.set(arg.token.toLowerCase(), arg.type === "pure-token" ? 0 : valuesOf(arg));
  for (const part of arg.arguments ?? []) addTokens(part, values);
}

function valuesOf({ type, arguments: parts = [] }: Argument): number {
  if (type === "oneof") return 0; // more tokens
  if (type !== "block") return 1;
  return parts.filter((part) => part.token === undefined && !part.optional).reduce((sum, part) => sum + valuesOf(part), 0);
}
