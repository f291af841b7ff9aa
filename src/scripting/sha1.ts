/** SHA-1 of bytes, in hexadecimal: the names of scripts. */

import { createHash } from "node:crypto";

/** `text`: one character a byte. Returns 40 digits in lower case. */
export function sha1hex(text: string | Buffer): string {
  const hash = createHash("sha1");
  return (typeof text === "string" ? hash.update(text, "latin1") : hash.update(text)).digest("hex");
}
