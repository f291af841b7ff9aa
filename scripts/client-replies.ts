/** What of the client's methods follows from the shapes of replies: their types, and what makes such values of decoded replies. */

import type { Part, Replies, Shape } from "../src/execution/reply-shape.ts";
import { hasConditions, typeOf } from "../src/execution/reply-type.ts";

/**
 * Returns the type of a reply as text, `T` in it as the methods have it. `optionOf`: the option that a condition is about, where what it
 * brings is to depend on the type of the options, `O`.
 */
export function replyType(shapes: readonly Shape[], optionOf: ((condition: string) => string) | null = null): string {
  let text = typeOf(shapes.length === 1 ? shapes[0] : { kind: "union", of: shapes });
  if (optionOf !== null) {
    for (const tuple of shapes.flatMap(conditionalParts)) {
      const parts = tuple.parts.map((part) => {
        const own = typeOf({ kind: "record", parts: [{ ...part, when: "" }] });
        return part.when === "" ? own : `IfOption<O, "${optionOf(part.when)}", ${own}>`;
      });
      text = text.replaceAll(typeOf(tuple), `Joined<${parts.join(" & ")}>`);
    }
  }
  return text.replace(/\bT\b/g, "Text<M>");
}

/** Returns the tuples in a shape whose elements depend on the request. */
export function conditionalParts(shape: Shape): Extract<Shape, { kind: "tuple" }>[] {
  if (shape.kind === "tuple" && hasConditions(shape)) return [shape];
  if (shape.kind === "array" || shape.kind === "set") return conditionalParts(shape.of);
  if (shape.kind === "tuple" || shape.kind === "record") return shape.parts.flatMap((part) => conditionalParts(part.shape));
  return [];
}

/** Returns an expression that says whether a condition holds. */
export type Tests = (condition: string) => string;

/** What names stand for in all commands, in the order in which they were found. */
export class Definitions {
  private readonly shapes = new Map<string, Shape>();

  add(replies: Replies | null): void {
    for (const [name, shape] of replies?.definitions ?? []) {
      if (!this.shapes.has(name)) this.shapes.set(name, shape);
    }
  }

  /** Returns the code that makes what is promised of a decoded reply; null where that is the reply itself. */
  converter(shape: Shape, tests: Tests = noTests): string | null {
    switch (shape.kind) {
      case "scalar":
        return shape.type === "decimal" ? "toNumber" : null;
      case "constant":
      case "push":
        return null;
      case "array":
      case "set":
        return each(this.converter(shape.of, tests));
      case "pairs": {
        const parts = [this.converter(shape.key, tests), this.converter(shape.value, tests)];
        return each(tuple(parts));
      }
      case "map":
      case "flat": {
        const value = this.converter(shape.value, tests);
        return isText(shape.key) ? `fields(${value ?? ""})` : each(value);
      }
      case "tuple":
        if (hasConditions(shape)) return this.named(shape.parts, tests);
        return tuple(shape.parts.map((part) => this.converter(part.shape, tests)));
      case "record":
        return this.record(shape.parts, tests);
      case "union": {
        const converters = [...new Set(shape.of.map((one) => this.converter(one, tests)).filter((one) => one !== null))];
        if (converters.length > 1) throw new Error("what is to be made of a union is not clear");
        return converters[0] ?? null;
      }
      case "versions":
        return this.converter(shape.resp3, tests);
      case "name":
        return this.needsConverting(shape.name, new Set()) ? `to${shape.name}` : null;
    }
  }

  /** The types and the converters: those that others refer to come first, and one that refers to itself is made lazily. */
  declarations(): string {
    const lines: string[] = [];
    const done = new Set<string>();
    const declare = (name: string): void => {
      if (done.has(name)) return;
      done.add(name);
      const shape = this.shapes.get(name);
      if (shape === undefined) throw new Error(`nothing is said of ${name}`);
      const converter = this.converter(shape);
      for (const other of this.shapes.keys()) if (other !== name && converter?.includes(`to${other}`)) declare(other);
      lines.push(`export type ${name}<${typeOf(shape).match(/\bT\b/) ? "T" : "_T"}> = ${typeOf(shape)};`);
      if (converter !== null) {
        const made = converter.includes(`to${name}`) ? `lazily(() => ${converter})` : converter;
        lines.push(`export const to${name}: Convert = ${made};`);
      }
      lines.push("");
    };
    for (const name of this.shapes.keys()) declare(name);
    return lines.join("\n");
  }

  get names(): readonly string[] {
    return [...this.shapes.keys()];
  }

  private record(parts: readonly Part[], tests: Tests): string {
    return `record(${this.converters(parts, tests)})`;
  }

  /** Elements that are there if something was asked for. */
  private named(parts: readonly Part[], tests: Tests): string {
    const names = parts.map(({ name, when }) => (when === "" ? `"${name}"` : `${tests(when)} && "${name}"`));
    const converters = this.converters(parts, tests);
    return `named([${names.join(", ")}]${converters === "{}" ? "" : `, ${converters}`})`;
  }

  /** By the names of parts. */
  private converters(parts: readonly Part[], tests: Tests): string {
    const converted = parts.flatMap((part) => {
      const converter = this.converter(part.shape, tests);
      return converter === null ? [] : [`${JSON.stringify(part.name)}: ${converter}`];
    });
    return `{ ${converted.join(", ")} }`.replace("{  }", "{}");
  }

  /** A definition may refer to itself. */
  private needsConverting(name: string, seen: Set<string>): boolean {
    if (seen.has(name)) return false;
    seen.add(name);
    const shape = this.shapes.get(name);
    if (shape === undefined) throw new Error(`nothing is said of ${name}`);
    const asks = (one: Shape): boolean => {
      switch (one.kind) {
        case "array":
        case "set":
          return asks(one.of);
        case "union":
          return one.of.some(asks);
        case "tuple":
          return one.parts.some((part) => asks(part.shape));
        case "pairs":
          return asks(one.key) || asks(one.value);
        case "versions":
          return asks(one.resp3);
        case "name":
          return this.needsConverting(one.name, seen);
        case "scalar":
          return one.type === "decimal";
        default:
          return one.kind === "record" || one.kind === "map" || one.kind === "flat";
      }
    };
    return asks(shape);
  }
}

function each(converter: string | null): string | null {
  return converter === null ? null : `each(${converter})`;
}

function noTests(condition: string): string {
  throw new Error(`what "if ${condition}" means is not known`);
}

function tuple(parts: readonly (string | null)[]): string | null {
  return parts.every((part) => part === null) ? null : `tuple([${parts.map((part) => part ?? "null").join(", ")}])`;
}

/** As typeOf has it. */
function isText(shape: Shape): boolean {
  return typeOf({ kind: "map", key: shape, value: { kind: "scalar", type: "any" } }).startsWith("Fields<");
}
