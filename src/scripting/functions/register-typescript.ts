/** The arguments of registerFunction, the function with which a library in TypeScript or JavaScript says what it has. */

import { toBytes } from "../../base/text.ts";
import { scriptFlagNamed } from "../../session/script-flags.ts";

/** A function to be registered. */
export interface TypeScriptRegistration {
  readonly name: string;
  /** Bytes, one character each. */
  readonly description: string | null;
  /** Bits of ScriptFlag. */
  readonly flags: number;
  /** Whether it takes keys and arguments as buffers. */
  readonly takesBytes: boolean;
  readonly body: (...values: unknown[]) => unknown;
}

const OPTIONS = ["name", "description", "flags", "bytes"];
/** Functions whose calls are not over when they return, by the names of their classes. */
const UNFINISHED: ReadonlyMap<string, string> = new Map([
  ["AsyncFunction", "async"],
  ["AsyncGeneratorFunction", "an async generator"],
  ["GeneratorFunction", "a generator"],
]);

/** Errors: TypeError, with what is wrong. */
export function readRegistration(values: readonly unknown[]): TypeScriptRegistration {
  const [options, body] = values;
  if (typeof options !== "object" || options === null)
    throw new TypeError("registerFunction takes an object with the function's name first");
  const strange = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (strange !== undefined) throw new TypeError(`registerFunction knows no option ${strange}: there are ${OPTIONS.join(", ")}`);
  const { name, description, flags = [], bytes = false }: { [option: string]: unknown } = { ...options };
  if (typeof name !== "string") throw new TypeError("registerFunction needs the name of the function, a string");
  if (description !== undefined && typeof description !== "string") throw new TypeError(`the description of function ${name} is no string`);
  if (typeof bytes !== "boolean") throw new TypeError(`option bytes of function ${name} is neither true nor false`);
  return {
    name,
    description: description === undefined ? null : toBytes(description),
    flags: readFlags(name, flags),
    takesBytes: bytes,
    body: readBody(name, body),
  };
}

function readFlags(name: string, words: unknown): number {
  if (!Array.isArray(words)) throw new TypeError(`the flags of function ${name} are no array`);
  let flags = 0;
  for (const word of words) {
    const flag = scriptFlagNamed(String(word));
    if (flag === 0) throw new TypeError(`function ${name} has an unknown flag, ${String(word)}`);
    flags |= flag;
  }
  return flags;
}

function readBody(name: string, body: unknown): TypeScriptRegistration["body"] {
  if (typeof body !== "function") throw new TypeError(`registerFunction takes the code of function ${name}, a function, second`);
  const kind = UNFINISHED.get(body.constructor.name);
  if (kind !== undefined) throw new TypeError(`function ${name} is ${kind}: functions are over when they return`);
  return body as TypeScriptRegistration["body"];
}
