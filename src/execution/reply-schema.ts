/** The JSON schema of what a command answers in RESP3, as Redis's builds with LOG_REQ_RES have it in COMMAND DOCS. */

import { type Part, partOf, type Replies, type Shape } from "./reply-shape.ts";

/** Arrays hold schemas only: that is what Redis can reply. */
export interface JsonSchema {
  readonly [keyword: string]: string | number | boolean | JsonSchema | readonly JsonSchema[];
}

const SCALARS: Readonly<Record<Extract<Shape, { kind: "scalar" }>["type"], JsonSchema>> = {
  string: { type: "string" },
  id: { type: "string", pattern: "[0-9]+-[0-9]+" },
  decimal: { type: "string" },
  status: { type: "string" },
  integer: { type: "integer" },
  count: { type: "integer", minimum: 0 },
  time: { type: "integer", minimum: 0 },
  int64: { type: "integer" },
  double: { type: "number" },
  boolean: { type: "boolean" },
  text: { type: "string" },
  null: { type: "null" },
  "null-array": { type: "null" },
  any: {},
  error: { type: "string" },
  none: {},
};

/** Returns null where there is nothing to describe: no reply, or messages. */
export function schemaOf({ cases, definitions }: Replies): JsonSchema | null {
  const shapes = cases.flatMap(({ shape }) => alternatives(shape));
  if (shapes.length === 0) return null;
  const schema = anyOf(shapes);
  if (definitions.size === 0) return schema;
  return { ...schema, definitions: Object.fromEntries([...definitions].map(([name, shape]) => [name, schemaOfShape(shape)])) };
}

function isSilent(shape: Shape): boolean {
  return shape.kind === "push" || (shape.kind === "scalar" && shape.type === "none");
}

/** What has a reply among the members of a union, of those of RESP3 where the versions differ; of anything else itself. */
function alternatives(shape: Shape): readonly Shape[] {
  if (shape.kind === "versions") return alternatives(shape.resp3);
  if (shape.kind === "union") return shape.of.flatMap(alternatives);
  return isSilent(shape) ? [] : [shape];
}

/** The schema of one of these shapes; what is the same in JSON stands there once. */
function anyOf(shapes: readonly Shape[]): JsonSchema {
  const schemas = new Map(shapes.map((shape) => schemaOfShape(shape)).map((schema) => [JSON.stringify(schema), schema]));
  const [only, ...others] = schemas.values();
  return others.length === 0 ? only : { anyOf: [only, ...others] };
}

function schemaOfShape(shape: Shape): JsonSchema {
  switch (shape.kind) {
    case "scalar":
      return SCALARS[shape.type];
    case "constant":
      return { const: shape.value };
    case "array":
      return { type: "array", ...(shape.least > 0 ? { minItems: shape.least } : {}), items: schemaOfShape(shape.of) };
    case "set":
      return { type: "array", uniqueItems: true, items: schemaOfShape(shape.of) };
    case "map":
      return { type: "object", additionalProperties: schemaOfShape(shape.value) };
    case "pairs":
      return { type: "array", items: tuple([partOf(shape.key), partOf(shape.value)]) };
    case "flat":
      return { type: "array", items: anyOf([shape.key, shape.value]) };
    case "tuple":
    case "push":
      return tuple(shape.parts);
    case "record":
      return record(shape.parts);
    case "union":
    case "versions":
      return anyOf(alternatives(shape));
    case "name":
      return { $ref: `#/definitions/${shape.name}` };
  }
}

/** What a length that has no limit is limited to, as in Redis. */
const MOST_ITEMS = 2 ** 32 - 1;

/** Those that may be missing may each be any of them: which ones are there is not said. */
function tuple(parts: readonly Part[]): JsonSchema {
  if (parts.length === 0) return { type: "array", maxItems: 0 };
  const fixed = parts.filter(({ optional, when, repeated }) => !optional && !repeated && when === "");
  const others = parts.filter((each) => !fixed.includes(each));
  const maxItems = others.some(({ repeated }) => repeated) ? MOST_ITEMS : parts.length;
  const items = fixed.map(({ shape }) => schemaOfShape(shape));
  const size = { type: "array", minItems: fixed.length, maxItems };
  return others.length === 0 ? { ...size, items } : { ...size, items, additionalItems: anyOf(others.map(({ shape }) => shape)) };
}

function record(parts: readonly Part[]): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const patterns: Record<string, JsonSchema> = {};
  for (const { name, shape } of parts) {
    if (name.endsWith("*")) patterns[`^${name.slice(0, -1).replaceAll(".", "\\.")}`] = schemaOfShape(shape);
    else properties[name] = schemaOfShape(shape);
  }
  const patternProperties = Object.keys(patterns).length > 0 ? { patternProperties: patterns } : {};
  return { type: "object", additionalProperties: false, properties, ...patternProperties };
}
