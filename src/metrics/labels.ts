/** What a label's value looks like. */

const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;
const ASCII = /^[\x00-\x7f]*$/;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns bytes, one a character, as they stand between a label's quotes; null where they are no UTF-8. */
export function latin1Text(bytes: string): string | null {
  if (PLAIN.test(bytes)) return bytes;
  let text = bytes;
  if (!ASCII.test(bytes)) {
    try {
      text = decoder.decode(Buffer.from(bytes, "latin1"));
    } catch {
      return null;
    }
  }
  return text.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}
