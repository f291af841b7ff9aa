/** Answers with what a function in TypeScript returned. */

import { toBytes } from "../../base/text.ts";
import type { Reply } from "../../protocol/reply.ts";
import { type ErrorText, errorTextOf } from "./reply-error.ts";

/** A simple string, which a function makes with `call.status`. */
export class Status {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What is answered with: looked at once, before the first byte is written, since the values of functions may have code in them. */
export type Answer =
  | null
  | boolean
  | number
  | bigint
  | Buffer
  | { readonly status: string }
  | { readonly error: ErrorText }
  | { readonly array: readonly Answer[] }
  | { readonly set: readonly Answer[] }
  | { readonly map: readonly (readonly [key: Answer, value: Answer])[] };

/** So deep may values lie in each other. */
const MAX_DEPTH = 256;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** What `value` is answered with. Errors: TypeError when that cannot be. */
export function answerOf(value: unknown): Answer {
  return convert(value, 0);
}

function convert(value: unknown, depth: number): Answer {
  switch (typeof value) {
    case "undefined":
      return null;
    case "boolean":
    case "number":
    case "bigint":
      return value;
    case "string":
      return Buffer.from(value, "utf8");
    case "object":
      return value === null ? null : convertObject(value, depth);
    default:
      throw new TypeError(`a ${typeof value} cannot be answered with`);
  }
}

function convertObject(value: object, depth: number): Answer {
  if (depth === MAX_DEPTH) throw new TypeError("what is to be answered with lies too deep in itself");
  const inner = (element: unknown): Answer => convert(element, depth + 1);
  if (Array.isArray(value)) return { array: Array.from(value, inner) };
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (value instanceof Map) return { map: Array.from(value, ([key, element]) => [inner(key), inner(element)] as const) };
  if (value instanceof Set) return { set: Array.from(value, inner) };
  if (value instanceof Status) return { status: toBytes(value.text).replace(/[\r\n]/g, " ") };
  if (value instanceof Error) return { error: errorTextOf(value) };
  if (isThenable(value)) throw new TypeError("a promise cannot be answered with: functions are over when they return");
  if (isPlain(value)) return { map: Object.entries(value).map(([key, element]) => [Buffer.from(key, "utf8"), inner(element)] as const) };
  throw new TypeError(`an object of class ${className(value)} cannot be answered with`);
}

/** Whether it is, or behaves like, a promise. What becomes of it is of no interest: a rejection must not end the server. */
function isThenable(value: object): boolean {
  if (value instanceof Promise) value.catch(() => {});
  return "then" in value && typeof value.then === "function";
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function className(value: object): string {
  return String(value.constructor?.name ?? "unknown");
}

/** Writes it; `failed` is told of the errors in it. */
export function writeAnswer(reply: Reply, answer: Answer, failed: (error: ErrorText) => void): void {
  if (answer === null) reply.null();
  else if (typeof answer === "boolean") reply.boolean(answer);
  else if (typeof answer === "number") writeNumber(reply, answer);
  else if (typeof answer === "bigint") writeBigint(reply, answer);
  else if (answer instanceof Uint8Array) reply.bytesOf(answer);
  else if ("status" in answer) reply.simple(answer.status);
  else if ("error" in answer) {
    reply.error(answer.error.text);
    failed(answer.error);
  } else if ("map" in answer) {
    reply.map(answer.map.length);
    for (const [key, value] of answer.map) {
      writeAnswer(reply, key, failed);
      writeAnswer(reply, value, failed);
    }
  } else {
    const elements = "set" in answer ? answer.set : answer.array;
    if ("set" in answer) reply.set(elements.length);
    else reply.array(elements.length);
    for (const element of elements) writeAnswer(reply, element, failed);
  }
}

function writeNumber(reply: Reply, value: number): void {
  if (Number.isSafeInteger(value)) reply.integer(value + 0);
  else reply.double(value);
}

function writeBigint(reply: Reply, value: bigint): void {
  if (value >= INT64_MIN && value <= INT64_MAX) reply.bigint(value);
  else reply.bigNumber(value.toString());
}
