/** Text and its bytes, which stand in strings of one character a byte (latin1). */

/** The UTF-8 bytes of an ordinary string, one character a byte. */
export function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The ordinary string that bytes (one character each) spell in UTF-8: what the file system wants. */
export function fromBytes(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
