/** Where a key is shown: any view may lead there. */

import { textOf } from "./octets.ts";
import { addressOf } from "./route.ts";

/** The address of a key's value. */
export function addressOfKey(database: number, key: Uint8Array): string {
  return addressOf("keys", { db: String(database), key: textOf(key) });
}
