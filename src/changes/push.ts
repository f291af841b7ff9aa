/** Events as RESP3 pushes: `replicant.changes`, and a map of the fields that they have. */

import type { StreamEvent } from "./events.ts";

const LINE_END = Buffer.from("\r\n");
const NULL = Buffer.from("_\r\n");

type Field = string | number | boolean | null | Buffer | readonly Buffer[];

/** `args`: what the client may see of them; null: nothing. */
export function pushOf(event: StreamEvent<Buffer>, args: readonly Buffer[] | null): Buffer {
  const { kind, command, offset, transaction, position } = event;
  const common: [string, Field][] = [
    ["command", command],
    ["args", args],
    ["offset", offset],
    ["transaction", transaction],
    ["position", position],
  ];
  switch (event.kind) {
    case "change":
      return encode([["kind", kind], ["db", event.db], ["key", event.key], ["type", event.type], ...common]);
    case "swap":
      return encode([["kind", kind], ["db", event.db], ["other", event.other], ...common]);
    case "command":
      return encode([["kind", kind], ["db", event.db], ["known", event.known], ...common]);
    case "flush":
      return encode([["kind", kind], ["db", event.db], ...common]);
  }
}

/** Nothing more comes: the server has gone on in another history than that of the position. */
export function pushOfGap(after: string): Buffer {
  return encode([
    ["kind", "gap"],
    ["reason", "history"],
    ["after", after],
  ]);
}

function encode(fields: readonly (readonly [string, Field])[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`>2\r\n$17\r\nreplicant.changes\r\n%${fields.length}\r\n`, "latin1")];
  for (const [name, value] of fields) {
    addBulk(parts, Buffer.from(name, "latin1"));
    add(parts, value);
  }
  return Buffer.concat(parts);
}

function add(parts: Buffer[], value: Field): void {
  if (value === null) parts.push(NULL);
  else if (Buffer.isBuffer(value)) addBulk(parts, value);
  else if (typeof value === "string") addBulk(parts, Buffer.from(value, "latin1"));
  else if (typeof value === "number") parts.push(Buffer.from(`:${value}\r\n`, "latin1"));
  else if (typeof value === "boolean") parts.push(Buffer.from(value ? "#t\r\n" : "#f\r\n", "latin1"));
  else {
    parts.push(Buffer.from(`*${value.length}\r\n`, "latin1"));
    for (const word of value) addBulk(parts, word);
  }
}

function addBulk(parts: Buffer[], bytes: Buffer): void {
  parts.push(Buffer.from(`$${bytes.length}\r\n`, "latin1"), bytes, LINE_END);
}
