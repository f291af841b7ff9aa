/** Whether a reply is what its command's spec says: how the specs are proved against real servers. */

import { type Part, partOf, type Replies, type ReplyCase, type Shape } from "./reply-shape.ts";

/** A decoded reply. `mark` is its first byte. Of a null both others are null, of an aggregate the text (of a map keys and values by turns). */
export interface ReplyValue {
  readonly mark: string;
  readonly text: string | null;
  readonly items: readonly ReplyValue[] | null;
}

/** What decides beside the shape: the session's protocol, and whether the request has a token or an optional argument. */
export interface MatchOptions {
  readonly protocol: 2 | 3;
  readonly given: (condition: string) => boolean;
  /** Whether the server has what this version brought, as it does unless told. */
  readonly knows?: (version: string) => boolean;
  /** Told of each member of a union that a part of the reply matches. */
  readonly seen?: (alternative: Shape) => void;
}

/** Returns where the reply, one that is no error, differs from what the command may answer, in words; or null. */
export function mismatch(replies: Replies, value: ReplyValue, options: MatchOptions): string | null {
  const wrong = new Matcher(replies, options).match(caseOf(replies, options).shape, value, "");
  return wrong === null ? null : `${wrong.where === "" ? "the reply" : wrong.where} is ${told(wrong.found)}, not ${wrong.wanted}`;
}

/** Returns the case that a request falls under. */
export function caseOf({ cases }: Replies, { given }: Pick<MatchOptions, "given">): ReplyCase {
  return cases.findLast(({ when }) => when.length === 0 || when.some(given)) ?? cases[0];
}

interface Mismatch {
  readonly where: string;
  readonly depth: number;
  readonly wanted: string;
  readonly found: ReplyValue | string;
}

function told(found: ReplyValue | string): string {
  if (typeof found === "string") return found;
  if (found.items !== null) return `${found.mark} of ${found.items.length}`;
  return found.text === null ? `a null (${found.mark})` : JSON.stringify(found.mark + found.text.slice(0, 60));
}

const ID = /^\d+-\d+$/;
const DOUBLE = /^(-?inf|-?nan|-?\d+(\.\d+)?(e[-+]?\d+)?)$/;

type Scalar = Extract<Shape, { kind: "scalar" }>["type"];

class Matcher {
  private readonly definitions: ReadonlyMap<string, Shape>;
  private readonly options: MatchOptions;

  constructor({ definitions }: Replies, options: MatchOptions) {
    this.definitions = definitions;
    this.options = options;
  }

  match(shape: Shape, value: ReplyValue, where: string, depth = 0): Mismatch | null {
    const wrong = (wanted: string, found: ReplyValue | string = value): Mismatch => ({ where, depth, wanted, found });
    const resp3 = this.options.protocol === 3;
    switch (shape.kind) {
      case "scalar":
        return this.isScalar(shape.type, value) ? null : wrong(shape.type);
      case "constant": {
        const mark = { status: "+", string: "$", integer: ":" }[shape.of];
        return value.mark === mark && value.text === String(shape.value) ? null : wrong(JSON.stringify(mark + shape.value));
      }
      case "array":
        if (value.mark !== "*" || value.items === null) return wrong("an array");
        if (value.items.length < shape.least) return wrong("an array with elements");
        return this.every(value.items, shape.of, where, depth);
      case "set":
        if (value.mark !== (resp3 ? "~" : "*") || value.items === null) return wrong("a set");
        return this.every(value.items, shape.of, where, depth);
      case "pairs":
        if (!resp3) return this.alternating(shape, value, where, depth, "*");
        if (value.mark !== "*" || value.items === null) return wrong("an array of pairs");
        return this.every(value.items, { kind: "tuple", parts: [partOf(shape.key), partOf(shape.value)] }, where, depth);
      case "flat":
        return this.alternating(shape, value, where, depth, "*");
      case "map":
        return this.alternating(shape, value, where, depth, resp3 ? "%" : "*");
      case "tuple":
        return value.mark === "*" && value.items !== null ? this.tuple(shape.parts, value, value.items, where, depth) : wrong("an array");
      case "push":
        if (value.mark !== (resp3 ? ">" : "*") || value.items === null) return wrong("a message");
        return this.tuple(shape.parts, value, value.items, where, depth);
      case "record":
        if (value.mark !== (resp3 ? "%" : "*") || value.items === null || value.items.length % 2 > 0) return wrong("a map");
        return this.record(shape.parts, value.items, where, depth);
      case "union": {
        const wrongs: Mismatch[] = [];
        for (const one of shape.of) {
          const found = this.match(one, value, where, depth);
          if (found === null) {
            this.options.seen?.(one);
            return null;
          }
          wrongs.push(found);
        }
        const deepest = wrongs.reduce((a, b) => (b.depth > a.depth ? b : a));
        return deepest.depth > depth ? deepest : wrong(wrongs.map(({ wanted }) => wanted).join(", "));
      }
      case "versions":
        return this.match(resp3 ? shape.resp3 : shape.resp2, value, where, depth);
      case "name": {
        const definition = this.definitions.get(shape.name);
        if (definition === undefined) throw new Error(`nothing says what ${shape.name} is`);
        return this.match(definition, value, where, depth);
      }
    }
  }

  private isScalar(type: Scalar, { mark, text, items }: ReplyValue): boolean {
    const resp3 = this.options.protocol === 3;
    switch (type) {
      case "any":
        return true;
      case "none":
        return false;
      case "null":
        return text === null && items === null && mark === (resp3 ? "_" : "$");
      case "null-array":
        return text === null && items === null && mark === (resp3 ? "_" : "*");
      case "error":
        return mark === "-" || mark === "!";
    }
    if (text === null) return false;
    switch (type) {
      case "string":
        return mark === "$";
      case "id":
        return mark === "$" && ID.test(text);
      case "decimal":
        return mark === "$" && DOUBLE.test(text);
      case "status":
        return mark === "+";
      case "integer":
        return mark === ":" && Number.isSafeInteger(Number(text));
      case "count":
        return mark === ":" && Number.isSafeInteger(Number(text)) && Number(text) >= 0;
      case "time":
        return mark === ":" && !text.startsWith("-");
      case "int64":
        return mark === ":";
      case "double":
        return mark === (resp3 ? "," : "$") && DOUBLE.test(text);
      case "boolean":
        return resp3 ? mark === "#" : mark === ":" && (text === "0" || text === "1");
      case "text":
        return mark === (resp3 ? "=" : "$");
    }
  }

  private every(items: readonly ReplyValue[], shape: Shape, where: string, depth: number): Mismatch | null {
    for (const [index, item] of items.entries()) {
      const wrong = this.match(shape, item, `${where}[${index}]`, depth + 1);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  private alternating(
    { key, value: shape }: { readonly key: Shape; readonly value: Shape },
    value: ReplyValue,
    where: string,
    depth: number,
    mark: string,
  ): Mismatch | null {
    const { items } = value;
    if (value.mark !== mark || items === null || items.length % 2 > 0) {
      return { where, depth, wanted: mark === "%" ? "a map" : "an array of pairs by turns", found: value };
    }
    for (const [index, item] of items.entries()) {
      const wrong = this.match(index % 2 === 0 ? key : shape, item, `${where}[${index}]`, depth + 1);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  private tuple(parts: readonly Part[], value: ReplyValue, items: readonly ReplyValue[], where: string, depth: number): Mismatch | null {
    const expected = parts.filter((each) => this.mayHave(each));
    const last = expected.at(-1);
    const least = expected.filter(({ optional, repeated }) => !optional && !repeated).length;
    const most = last?.repeated ? Number.POSITIVE_INFINITY : expected.length;
    if (items.length < least || items.length > most) {
      return { where, depth, wanted: `an array of ${least === most ? least : `${least} to ${most}`}`, found: value };
    }
    for (const [index, item] of items.entries()) {
      const { name, shape } = expected[Math.min(index, expected.length - 1)];
      const wrong = this.match(shape, item, name === "" ? `${where}[${index}]` : `${where}.${name}`, depth + 1);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  private record(parts: readonly Part[], items: readonly ReplyValue[], where: string, depth: number): Mismatch | null {
    const found = new Set<string>();
    for (let index = 0; index < items.length; index += 2) {
      const key = items[index].text ?? "";
      const wanted = parts.find((each) => this.mayHave(each) && isNamed(each.name, key));
      if (wanted === undefined || found.has(key) || items[index].mark !== "$") {
        return { where, depth: depth + 1, wanted: "a map with other keys", found: `one with ${told(items[index])}` };
      }
      found.add(key);
      const wrong = this.match(wanted.shape, items[index + 1], `${where}.${key}`, depth + 1);
      if (wrong !== null) return wrong;
    }
    for (const each of parts) {
      const { name, optional } = each;
      const missing = !optional && !name.endsWith("*") && this.mayHave(each) && !found.has(name);
      if (missing) return { where, depth: depth + 1, wanted: "with all keys", found: `a map without "${name}"` };
    }
    return null;
  }

  /** Whether it may be there at all, given the request and the server. */
  private mayHave({ when, since }: Part): boolean {
    const { given, knows } = this.options;
    return (when === "" || given(when)) && (since === "" || (knows?.(since) ?? true));
  }
}

/** `name`: of a key, or with a star at its end how keys begin. */
function isNamed(name: string, key: string): boolean {
  return name.endsWith("*") ? key.startsWith(name.slice(0, -1)) : name === key;
}
