/**
 * Lines of JSON that hold what JSON has no form for: bytes, sets, maps and numbers that are not finite. Those become objects with the one
 * field "$", which nothing else here has.
 */

type Tagged = { readonly $: readonly [kind: "bytes" | "set" | "map" | "number", of: unknown] };

/** Returns a line, its end included. */
export function toLine(value: unknown): string {
  return `${JSON.stringify(value, tag)}\n`;
}

/** Errors: SyntaxError for what is no such line. */
export function fromLine(line: string): unknown {
  return JSON.parse(line, untag);
}

/** `value` is what the method toJSON returned, where there is one, as in a Buffer; `this` has it as it was. */
function tag(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const bytes = this[key];
  if (bytes instanceof Uint8Array) return tagged("bytes", Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64"));
  if (value instanceof Set) return tagged("set", [...value]);
  if (value instanceof Map) return tagged("map", [...value]);
  return typeof value === "number" && !Number.isFinite(value) ? tagged("number", String(value)) : value;
}

function tagged(kind: Tagged["$"][0], of: unknown): Tagged {
  return { $: [kind, of] };
}

function untag(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("$" in value)) return value;
  const [kind, of] = (value as Tagged).$;
  switch (kind) {
    case "bytes":
      return new Uint8Array(Buffer.from(of as string, "base64"));
    case "set":
      return new Set(of as unknown[]);
    case "map":
      return new Map(of as [unknown, unknown][]);
    default:
      return Number(of);
  }
}

/** Puts lines together out of pieces. */
export class Lines {
  private rest: string[] = [];

  /** Returns the lines that `piece` completes. */
  take(piece: string): string[] {
    const [first = "", ...others] = piece.split("\n");
    this.rest.push(first);
    const last = others.pop();
    if (last === undefined) return [];
    const lines = [this.rest.join(""), ...others];
    this.rest = [last];
    return lines;
  }
}
