/** Options by names that are known: what a program writes in an object, and no one reads, is told to it. Hot: every command with options. */

import { nearest } from "../base/nearest.ts";
import { kindOf } from "../base/word-error.ts";

/** The keys that an object may have, and what it is for. */
export interface KnownOptions {
  readonly of: string;
  readonly keys: Readonly<Record<string, true>>;
}

/** @param of what takes the options, for messages: "SET", "Client.connect". */
export function knownOptions<Options>(of: string, keys: { readonly [Key in keyof Required<Options>]: true }): KnownOptions {
  return { of, keys };
}

/** Errors: TypeError for what is no object, and for a key that is not known: with the one that was probably meant. */
export function requireKnown(options: unknown, { of, keys }: KnownOptions): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) throw noOptions(options, of, keys);
  for (const key in options) if (keys[key] !== true) throw unknownOption(key, of, keys);
}

function noOptions(value: unknown, of: string, keys: KnownOptions["keys"]): TypeError {
  return new TypeError(`${of}: options are an object, with ${list(keys)}: not ${kindOf(value)}`);
}

function unknownOption(key: string, of: string, keys: KnownOptions["keys"]): TypeError {
  const meant = nearest(key, Object.keys(keys));
  return new TypeError(
    `${of}: there is no option ${JSON.stringify(key)}: ${meant === null ? `there are ${list(keys)}` : `is it ${meant}?`}`,
  );
}

function list(keys: KnownOptions["keys"]): string {
  return Object.keys(keys).join(", ");
}

/** Errors: TypeError where a method was given more than it takes. */
export function tooMany(of: string, given: number, most: number): TypeError {
  const takes = most === 0 ? "no arguments" : most === 1 ? "one argument" : `${most} arguments`;
  return new TypeError(
    `${of}: the method takes ${takes} at most, and is given ${given}: several of a kind are an array, options an object`,
  );
}
