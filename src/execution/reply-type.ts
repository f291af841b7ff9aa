/**
 * The TypeScript types of what commands answer, as the typed client decodes RESP3: `T` is what it makes of bulk strings (string or Uint8Array).
 * Keys that are bulk strings with their values, in a map or by turns, are `Fields<T, Value>`: an object, or a Map where strings are bytes.
 */

import type { Part, Shape } from "./reply-shape.ts";

const SCALARS = {
  string: "T",
  id: "T",
  decimal: "number",
  status: "string",
  integer: "number",
  count: "number",
  time: "number",
  int64: "number | bigint",
  double: "number",
  boolean: "boolean",
  text: "string",
  null: "null",
  "null-array": "null",
  any: "unknown",
  error: "ReplyError",
  none: "void",
} as const;

const PLAIN_KEY = /^[A-Za-z_]\w*$/;

/** Returns the type as text. A name of a definition has `T` as its parameter: "StreamEntry<T>[]". */
export function typeOf(shape: Shape): string {
  switch (shape.kind) {
    case "scalar":
      return SCALARS[shape.type];
    case "constant":
      return shape.of === "string" ? literals([shape.value]) : JSON.stringify(shape.value);
    case "array":
      return arrayOf(shape.of);
    case "set":
      return `Set<${typeOf(shape.of)}>`;
    case "map":
      return isText(shape.key) ? fieldsOf(shape.value) : `Map<${typeOf(shape.key)}, ${typeOf(shape.value)}>`;
    case "flat":
      return isText(shape.key) ? fieldsOf(shape.value) : arrayOf({ kind: "union", of: [shape.key, shape.value] });
    case "pairs":
      return `[${typeOf(shape.key)}, ${typeOf(shape.value)}][]`;
    case "tuple":
      if (hasConditions(shape)) return `{ ${shape.parts.map(field).join("; ")} }`;
      return `[${elements(shape.parts)}]`;
    case "push":
      return `[${elements(shape.parts)}]`;
    case "record":
      return `{ ${shape.parts.map(field).join("; ")} }`;
    case "union":
      return typesOf(shape).join(" | ");
    case "versions":
      return typeOf(shape.resp3);
    case "name":
      return `${shape.name}<T>`;
  }
}

/** Whether the places of elements depend on the request: the client makes an object of them. */
export function hasConditions(shape: Shape): boolean {
  return shape.kind === "tuple" && shape.parts.some(({ when }) => when !== "");
}

function fieldsOf(value: Shape): string {
  return `Fields<T, ${typeOf(value)}>`;
}

function arrayOf(shape: Shape): string {
  const types = typesOf(shape);
  return types.length > 1 ? `(${types.join(" | ")})[]` : `${types[0]}[]`;
}

/** Bulk strings that are always the same: their text, unless bytes are wanted. */
function literals(values: readonly string[]): string {
  return `(T extends string ? ${values.map((value) => JSON.stringify(value)).join(" | ")} : T)`;
}

/** The members of a union, each once, without those that another one includes; of anything else its type. */
function typesOf(shape: Shape): string[] {
  if (shape.kind === "versions") return typesOf(shape.resp3);
  if (shape.kind !== "union") return typeOf(shape).split(/ \| (?=bigint$)/);
  const constants = shape.of.flatMap((one) => (one.kind === "constant" && one.of === "string" ? [one.value] : []));
  const others = shape.of.filter((one) => !(one.kind === "constant" && one.of === "string")).flatMap(typesOf);
  const all = new Set([...(constants.length > 0 ? [literals(constants)] : []), ...others]);
  return [...all].filter((type) => !LITERALS.some(([whole, literal]) => all.has(whole) && type !== whole && literal.test(type)));
}

/** What is said already by a type. */
const LITERALS: readonly (readonly [whole: string, literal: RegExp])[] = [
  ["number", /^-?\d+$/],
  ["string", /^"/],
  ["T", /^\(T extends /],
];

/** Names are given where all elements have one. */
function elements(parts: readonly Part[]): string {
  const named = parts.length > 0 && parts.every(({ name }) => PLAIN_KEY.test(name));
  return parts
    .map(({ name, optional, when, repeated, shape }) => {
      const mayMiss = optional || when !== "";
      if (repeated) return `...${named ? `${name}: ` : ""}${arrayOf(shape)}`;
      if (named) return `${name}${mayMiss ? "?" : ""}: ${typeOf(shape)}`;
      return mayMiss ? `(${typeOf(shape)})?` : typeOf(shape);
    })
    .join(", ");
}

function field({ name, optional, when, shape }: Part): string {
  if (name.endsWith("*")) return `[key: \`${name.slice(0, -1)}\${string}\`]: ${typeOf(shape)}`;
  const key = PLAIN_KEY.test(name) ? name : JSON.stringify(name);
  return `${key}${optional || when !== "" ? "?" : ""}: ${typeOf(shape)}`;
}

/** Whether every value of it is a bulk string. */
function isText(shape: Shape): boolean {
  if (shape.kind === "union") return shape.of.every(isText);
  if (shape.kind === "scalar") return shape.type === "string" || shape.type === "id";
  return shape.kind === "constant" && shape.of === "string";
}
