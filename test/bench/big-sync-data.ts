/** What the big-sync suite fills its servers with. */
import type { Word } from "../support/client.ts";
import { digits, inBatches } from "./servers.ts";

export const VALUE_BYTES = 1000;
export const BIG_HASH = "big:hash";
/** Text that does not compress: values are cuts of it. */
const NOISE = noise(1 << 20);

function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 0x9e3779b9;
  for (let index = 0; index < length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = 33 + ((state >>> 8) % 90);
  }
  return bytes;
}

export function bigKeyName(index: number): string {
  return `big:${digits(index)}`;
}

export function bigField(index: number): string {
  return `field:${digits(index)}`;
}

/** VALUE_BYTES bytes that depend on `index`. */
export function bigValue(index: number): Buffer {
  const from = (Math.imul(index, 2_654_435_761) >>> 0) % (NOISE.length - VALUE_BYTES);
  return NOISE.subarray(from, from + VALUE_BYTES);
}

/** MSETs of `keys` strings of VALUE_BYTES bytes. */
export function* bigStrings(keys: number): Generator<readonly Word[]> {
  yield* inBatches(keys, 100, (from, to) => {
    const words: Word[] = ["MSET"];
    for (let index = from; index < to; index++) words.push(bigKeyName(index), bigValue(index));
    return words;
  });
}

/** HSETs of one hash of `fields` fields. */
export function* bigHash(fields: number): Generator<readonly Word[]> {
  yield* inBatches(fields, 100, (from, to) => {
    const words: Word[] = ["HSET", BIG_HASH];
    for (let index = from; index < to; index++) words.push(bigField(index), digits(index));
    return words;
  });
}
