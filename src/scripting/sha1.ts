/** SHA-1 of bytes, in hexadecimal: the names of scripts. */

/** `text`: one character a byte. Returns 40 digits in lower case. */
export function sha1hex(text: string | Buffer): string {
  return new Bun.CryptoHasher("sha1").update(typeof text === "string" ? Buffer.from(text, "latin1") : text).digest("hex");
}
