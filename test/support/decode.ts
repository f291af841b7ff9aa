/** Replies as nested values, for tests that compare structure rather than bytes. It shares no code with src/. */

/** A one-line or bulk reply is its mark and its text ("+OK", "$value", ":1", "_" or "$-1" for null); an aggregate is its mark and its elements. */
export type Decoded = string | Aggregate;

/** Elements in order; of a map, keys and values by turns. */
export interface Aggregate {
  readonly mark: "*" | "~" | "%" | ">";
  readonly items: readonly Decoded[];
}

/** One whole reply. */
export function decode(reply: Buffer): Decoded {
  const [value, end] = decodeAt(reply.toString("latin1"), 0);
  if (end !== reply.length) throw new Error(`${reply.length - end} bytes after the reply`);
  return value;
}

function decodeAt(text: string, at: number): [value: Decoded, end: number] {
  const lineEnd = text.indexOf("\r\n", at);
  const mark = text[at];
  const header = text.slice(at + 1, lineEnd);
  let end = lineEnd + 2;
  if (mark === "$" || mark === "=") {
    if (header === "-1") return ["$-1", end];
    const size = Number(header);
    return [mark + text.slice(end, end + size), end + size + 2];
  }
  if (mark !== "*" && mark !== "~" && mark !== "%" && mark !== ">") return [mark + header, end];
  if (header === "-1") return ["*-1", end];
  const items: Decoded[] = [];
  const count = Number(header) * (mark === "%" ? 2 : 1);
  for (let index = 0; index < count; index++) {
    const [item, next] = decodeAt(text, end);
    items.push(item);
    end = next;
  }
  return [{ mark, items }, end];
}

/** The elements of an aggregate. Throws for anything else. */
export function itemsOf(value: Decoded | undefined): readonly Decoded[] {
  if (value === undefined || typeof value === "string") throw new Error(`not an aggregate: ${String(value)}`);
  return value.items;
}

/** A map, or an array of keys and values by turns (RESP2), by key; the marks of the keys are dropped. */
export function mapOf(value: Decoded | undefined): Map<string, Decoded> {
  const items = itemsOf(value);
  const map = new Map<string, Decoded>();
  for (let index = 0; index < items.length; index += 2) map.set(textOf(items[index]), items[index + 1]);
  return map;
}

/** The text of a one-line or bulk reply. Throws for anything else. */
export function textOf(value: Decoded | undefined): string {
  if (typeof value !== "string") throw new Error("not a text");
  return value.slice(1);
}
