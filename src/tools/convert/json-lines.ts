/** Lines of a file of JSON, and what is to be found in one: everything is checked before it is used. */

import { type Counter, counter } from "../../base/numbers/counter.ts";
import { IdText, parseStreamId, STRICT, StreamId } from "../../values/stream/stream-id.ts";
import { BrokenSource } from "./image-pipe.ts";

const LF = 0x0a;

/** A value of JSON that is not looked into yet. */
export type Json = unknown;

/** One line. Its methods give what a name stands for. Errors: BrokenSource, with the number of the line. */
export class JsonLine {
  readonly number: number;
  private readonly file: string;
  private readonly names: Readonly<Record<string, Json>>;

  constructor(file: string, number: number, text: string) {
    this.file = file;
    this.number = number;
    let value: Json;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw this.broken(`is no JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (!isObject(value)) throw this.broken("is no object");
    this.names = value;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.names, name);
  }

  broken(what: string): BrokenSource {
    return new BrokenSource(`${this.file}, line ${this.number}: ${what}`);
  }

  get(name: string): Json {
    return this.names[name];
  }

  text(name: string): string {
    const value = this.names[name];
    if (typeof value !== "string") throw this.broken(`"${name}" is no text`);
    return value;
  }

  flag(name: string): boolean {
    const value = this.names[name];
    if (value !== undefined && typeof value !== "boolean") throw this.broken(`"${name}" is neither true nor false`);
    return value === true;
  }

  list(name: string): readonly Json[] {
    return this.asList(this.names[name] ?? [], name);
  }

  asList(value: Json, what: string): readonly Json[] {
    if (!Array.isArray(value)) throw this.broken(`"${what}" is no list`);
    return value;
  }

  /** A number from 0 to 2^53 - 1, or null where there is none of this name. */
  count(name: string): number | null {
    const value = this.names[name];
    if (value === undefined) return null;
    return this.asCount(value, name);
  }

  asCount(value: Json, what: string): number {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw this.broken(`"${what}" is no whole number from 0 on`);
    return value;
  }

  /** An integer of 64 bits: a number, or text of digits. */
  asInteger(value: Json, what: string): Counter {
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    if (typeof value === "string" && /^-?\d{1,19}$/.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value))
      return counter(BigInt(value));
    throw this.broken(`"${what}" is no integer of 64 bits`);
  }

  asNumber(value: Json, what: string): number {
    const integer = this.asInteger(value, what);
    return typeof integer === "number" ? integer : Number(integer);
  }

  bytes(name: string): Buffer {
    return this.asBytes(this.names[name], name);
  }

  /** Bytes: text, or {"base64": ...}. */
  asBytes(value: Json, what: string): Buffer {
    if (typeof value === "string") return Buffer.from(value);
    if (isObject(value) && typeof value.base64 === "string") {
      const bytes = Buffer.from(value.base64, "base64");
      if (bytes.toString("base64") === value.base64) return bytes;
    }
    throw this.broken(`"${what}" is neither text nor {"base64": ...}`);
  }

  asScore(value: Json, what: string): number {
    if (typeof value === "number") return value;
    const score = { inf: Number.POSITIVE_INFINITY, "-inf": Number.NEGATIVE_INFINITY, "-0": -0 }[value as string];
    if (score === undefined) throw this.broken(`"${what}" has a score that is no number`);
    return score;
  }

  asId(value: Json, what: string): StreamId {
    const id = new StreamId();
    const bytes = Buffer.from(typeof value === "string" ? value : "", "latin1");
    if (parseStreamId(bytes, 0, bytes.length, id, STRICT) !== IdText.WHOLE)
      throw this.broken(`"${what}" has an id that is none of a stream`);
    return id;
  }

  asObject(value: Json, what: string): Readonly<Record<string, Json>> {
    if (!isObject(value)) throw this.broken(`"${what}" is no object`);
    return value;
  }
}

function isObject(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Puts lines together from chunks that are cut anywhere. */
export class LineSplitter {
  private readonly take: (bytes: Buffer, from: number, to: number) => void;
  private parts: Buffer[] = [];

  /** `take` gets each line without its end: bytes[from, to), good until it returns. */
  constructor(take: (bytes: Buffer, from: number, to: number) => void) {
    this.take = take;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
      this.line(chunk, from, end);
      from = end + 1;
    }
    if (from < chunk.length) this.parts.push(Buffer.from(chunk.subarray(from)));
  }

  /** The file is over; its last line may lack its end. */
  finish(): void {
    if (this.parts.length > 0) this.line(Buffer.alloc(0), 0, 0);
  }

  private line(chunk: Buffer, from: number, to: number): void {
    if (this.parts.length === 0) return this.take(chunk, from, to);
    const line = Buffer.concat([...this.parts, chunk.subarray(from, to)]);
    this.parts = [];
    this.take(line, 0, line.length);
  }
}
