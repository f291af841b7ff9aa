/**
 * Templates of commands: one line of text that stands for every way to write the command, from which random requests are made.
 *
 * - `WORD` in capitals is said as it stands, in any case; `A|B` is one of them.
 * - a word in small letters names a kind of argument (see arguments.ts).
 * - `item+` is one or more, `item*` none or more; `(a b)` is a group.
 * - `[a b]` is there or not.
 * - `{[a] [b]}` are options: some of them, in any order.
 */
import type { Word } from "../support/client.ts";
import type { Arguments } from "./arguments.ts";

type Part =
  | { readonly what: "literal"; readonly words: readonly string[] }
  | { readonly what: "kind"; readonly name: string }
  | { readonly what: "group" | "optional" | "options"; readonly parts: readonly Part[] }
  | { readonly what: "repeat"; readonly part: Part; readonly least: number };

/** A template ready for use. */
export type Template = Part;

const TOKENS = /[[\](){}]|[^\s[\](){}]+/g;
const CLOSING: Readonly<Record<string, string>> = { "[": "]", "(": ")", "{": "}" };

/** Reads a template. Throws for one that is not well formed. */
export function template(text: string): Template {
  const tokens = text.match(TOKENS) ?? [];
  let at = 0;
  const readUntil = (end: string | undefined): Part[] => {
    const parts: Part[] = [];
    while (tokens[at] !== end) {
      const token = tokens[at++];
      if (token === undefined) throw new Error(`${end} is missing in the template "${text}"`);
      const closing = CLOSING[token];
      if (closing !== undefined) {
        const inner = readUntil(closing);
        at += 1;
        parts.push({ what: token === "[" ? "optional" : token === "(" ? "group" : "options", parts: inner });
      } else if (token === "+" || token === "*") {
        const part = parts.pop();
        if (part === undefined) throw new Error(`nothing to repeat in the template "${text}"`);
        parts.push({ what: "repeat", part, least: token === "+" ? 1 : 0 });
      } else parts.push(simple(token));
    }
    return parts;
  };
  return { what: "group", parts: readUntil(undefined) };
}

function simple(token: string): Part {
  const suffix = token.length > 1 ? token.at(-1) : "";
  if (suffix === "+" || suffix === "*") return { what: "repeat", part: simple(token.slice(0, -1)), least: suffix === "+" ? 1 : 0 };
  if (/^[a-z]/.test(token)) return { what: "kind", name: token };
  return { what: "literal", words: token.split("|") };
}

/** One request that the template stands for. */
export function write(part: Template, a: Arguments): Word[] {
  switch (part.what) {
    case "literal":
      return [a.literal(part.words)];
    case "kind":
      return a.kind(part.name);
    case "group":
      return part.parts.flatMap((inner) => write(inner, a));
    case "optional":
      return a.random.chance(0.4) ? part.parts.flatMap((inner) => write(inner, a)) : [];
    case "options":
      return a.shuffled(part.parts).flatMap((inner) => write(inner, a));
    case "repeat":
      return Array.from({ length: a.repetitions(part.least) }, () => write(part.part, a)).flat();
  }
}
