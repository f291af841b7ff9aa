/** Replies of RESP2 and RESP3 with their types, out of bytes however these are cut: what a server answers, as a client has it. */

import { ReplyReader } from "./reply-reader.ts";

/** Strings hold bytes, one character a byte. Numbers are kept as they came. */
export type Reply =
  | { readonly kind: "status" | "error" | "string" | "verbatim" | "integer" | "double" | "bignum"; readonly text: string }
  | { readonly kind: "nil" }
  | { readonly kind: "boolean"; readonly value: boolean }
  /** The items of a map are its keys and values by turns. */
  | { readonly kind: AggregateKind; readonly items: readonly Reply[] };

export type AggregateKind = "array" | "set" | "map" | "push";

const NIL: Reply = { kind: "nil" };
/** What stands before the text of a verbatim string: "txt:". */
const FORMAT_BYTES = 4;
/** By their marks; null: attributes, which are read and not kept. */
const AGGREGATES: Readonly<Record<string, AggregateKind | null>> = { "*": "array", "~": "set", "%": "map", ">": "push", "|": null };
const LINES: Readonly<Record<string, "status" | "error" | "integer" | "double" | "bignum">> = {
  "+": "status",
  "-": "error",
  ":": "integer",
  ",": "double",
  "(": "bignum",
};

export class ReplyDecoder extends ReplyReader<Reply> {
  protected readonly nil = NIL;

  protected line(mark: string, text: string): Reply | undefined {
    const kind = LINES[mark];
    if (kind !== undefined) return { kind, text };
    if (mark === "#") return { kind: "boolean", value: text === "t" };
    return mark === "_" ? NIL : undefined;
  }

  protected string(mark: string, bytes: Buffer, from: number, to: number): Reply {
    if (mark === "=") return { kind: "verbatim", text: bytes.latin1Slice(from + FORMAT_BYTES, to) };
    return { kind: "string", text: bytes.latin1Slice(from, to) };
  }

  protected itemsEach(mark: string): number | undefined {
    const kind = AGGREGATES[mark];
    if (kind === undefined) return undefined;
    return kind === "map" || kind === null ? 2 : 1;
  }

  protected aggregate(mark: string, items: Reply[]): Reply | undefined {
    const kind = AGGREGATES[mark] ?? null;
    return kind === null ? undefined : { kind, items };
  }
}

/** The text of a reply that is one string or number, else null. */
export function textOf(reply: Reply | undefined): string | null {
  return reply !== undefined && "text" in reply ? reply.text : null;
}

/** The items of an aggregate; none of anything else. */
export function itemsOf(reply: Reply | undefined): readonly Reply[] {
  return reply !== undefined && "items" in reply ? reply.items : [];
}
