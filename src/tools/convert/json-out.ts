/** The keys of an image as lines of JSON; docs/tools.md has the form. A long value goes on over several lines, so that none is long. */

import { copied, copyBytes } from "../../base/bytes.ts";
import type { Counter } from "../../base/numbers/counter.ts";
import { NO_TIME } from "../../memory/expiring-map.ts";
import type { RdbEntry } from "../../rdb/entry.ts";
import type { ByteSink } from "../../rdb/writer.ts";
import { type ConsumerFacts, entriesOf, type GroupFacts, type ReadNodes } from "../../snapshot/value-walk.ts";
import type { StreamFacts } from "../../values/stream/stream.ts";
import type { PendingRecord } from "../../values/stream/stream-group.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import type { FieldReader } from "../../values/stream/stream-node.ts";
import { TYPE_NAMES, Type } from "../../values/value-types.ts";
import { JsonText } from "./json-text.ts";
import type { EntriesSink } from "./value-events.ts";

/** The version of the form of the lines. */
export const JSON_FORM = 1;
/** A line that is longer than this goes on in another, in bytes. */
const LINE_BYTES = 64 * 1024;

const id = new StreamId();

/** What a line has a list of. */
type Part = "values" | "entries" | "pending";

export class JsonOut implements EntriesSink {
  private readonly out: JsonText;
  private began = 0;
  /** The list that is open in the line under way; null: none. */
  private part: Part | null = null;
  /** What comes in pieces, and what is done with it once it is whole. */
  private gathered: { readonly bytes: Buffer; at: number; readonly give: (bytes: Buffer) => void } | null = null;
  /** Whether a value is under way. */
  private open = false;
  /** Whether nothing is in the line under way. */
  private fresh = false;

  constructor(sink: ByteSink) {
    this.out = new JsonText(sink);
    this.out.raw(`{"format":"replicant","version":${JSON_FORM}}\n`);
  }

  close(): void {
    this.out.flush();
  }

  fact(name: string, value: string): void {
    const { out } = this;
    out.raw('{"aux":[');
    this.text(name);
    out.raw(",");
    this.text(value);
    out.raw("]}\n");
  }

  library(code: Buffer): void {
    this.out.raw('{"function":');
    this.out.bytes(code, 0, code.length);
    this.out.raw("}\n");
  }

  beginEntry(database: number, { key, expireAt, farExpiry, idle, freq }: RdbEntry, type: Type): void {
    const { out } = this;
    this.began = out.length;
    this.fresh = false;
    this.open = true;
    out.raw(`{"db":${database},"key":`);
    out.bytes(key.bytes, key.from, key.to);
    out.raw(`,"type":"${TYPE_NAMES[type]}"`);
    if (expireAt !== -1) out.raw(`,"expireAt":${expireAt > Number.MAX_SAFE_INTEGER ? `"${farExpiry}"` : expireAt}`);
    if (idle >= 0) out.raw(`,"idle":${idle}`);
    if (freq >= 0) out.raw(`,"freq":${freq}`);
  }

  finishEntry(): void {}

  // ---- strings

  string(bytes: Buffer, from: number, to: number): void {
    this.out.raw(',"value":');
    this.out.bytes(bytes, from, to);
  }

  longString(length: number): void {
    this.gather(length, (bytes) => this.string(bytes, 0, bytes.length));
  }

  piece(bytes: Buffer, from: number, to: number): void {
    const { gathered } = this;
    if (gathered === null) return;
    gathered.at = copyBytes(gathered.bytes, gathered.at, bytes, from, to);
    if (gathered.at < gathered.bytes.length) return;
    this.gathered = null;
    gathered.give(gathered.bytes);
  }

  /** What comes in pieces is put together: in JSON it is one text. */
  private gather(length: number, give: (bytes: Buffer) => void): void {
    this.gathered = { bytes: Buffer.allocUnsafeSlow(length), at: 0, give };
  }

  longElement(length: number): void {
    this.gather(length, (bytes) => this.element(bytes, 0, length));
  }

  longField(bytes: Buffer, from: number, to: number, length: number, time: number): void {
    const field = copied(bytes, from, to);
    this.gather(length, (value) => this.field(field, 0, field.length, value, 0, length, time));
  }

  endLong(): void {}

  // ---- collections

  packed(): boolean {
    return false;
  }

  collection(type: Type, count: number): void {
    if (type !== Type.STREAM) this.out.raw(`,"count":${count}`);
  }

  list(): void {}

  timedHash(count: number): void {
    this.out.raw(`,"count":${count},"timed":true`);
  }

  node(): number {
    return -1;
  }

  element(bytes: Buffer, from: number, to: number): void {
    this.item("values");
    this.out.bytes(bytes, from, to);
  }

  scored(bytes: Buffer, from: number, to: number, score: number): void {
    const { out } = this;
    this.item("values");
    out.raw("[");
    out.bytes(bytes, from, to);
    out.raw(`,${scoreText(score)}]`);
  }

  field(bytes: Buffer, from: number, to: number, value: Buffer, valueFrom: number, valueTo: number, time: number): void {
    const { out } = this;
    this.item("values");
    out.raw("[");
    out.bytes(bytes, from, to);
    out.raw(",");
    out.bytes(value, valueFrom, valueTo);
    out.raw(time === NO_TIME ? "]" : `,${time}]`);
  }

  // ---- streams

  entry(entryId: StreamId, count: number, fields: FieldReader): void {
    const { out } = this;
    this.item("entries");
    out.raw(`["${entryId.toString()}",[`);
    for (let index = 0; index < count; index++) {
      fields.next();
      const { field, value } = fields;
      if (index > 0) out.raw(",");
      out.bytes(field.bytes, field.from, field.to);
      out.raw(",");
      const { bytes, from, to } = value.joined();
      out.bytes(bytes, from, to);
    }
    out.raw("]]");
  }

  *longNode(nodes: ReadNodes, index: number): Generator<number> {
    for (const { reader, fields } of entriesOf(nodes, index)) {
      this.entry(reader.id, reader.fields, fields);
      yield reader.fields;
    }
  }

  streamFacts(_length: number, { lastId, maxDeletedId, entriesAdded }: StreamFacts): void {
    this.member("facts");
    this.out.raw(
      `{"lastId":"${lastId.toString()}","maxDeletedId":"${maxDeletedId.toString()}","entriesAdded":${counterText(entriesAdded)}}`,
    );
  }

  group({ name, lastId, entriesRead, consumers }: GroupFacts): void {
    const { out } = this;
    this.breakLine();
    this.member("group");
    out.raw('{"name":');
    out.bytes(name, 0, name.length);
    out.raw(`,"lastId":"${lastId.toString()}","entriesRead":${counterText(entriesRead)},"consumers":[`);
    for (const [index, consumer] of consumers.entries()) {
      out.raw(index === 0 ? "[" : ",[");
      out.bytes(consumer.name, 0, consumer.name.length);
      out.raw(`,${consumer.seenTime},${consumer.activeTime}]`);
    }
    out.raw("]}");
  }

  pending({ consumerNames }: GroupFacts, bytes: Buffer, at: number, { time, deliveries, consumer }: PendingRecord): void {
    const { out } = this;
    const name = consumerNames.get(consumer);
    if (name === undefined) return;
    this.item("pending");
    out.raw(`["${id.read(bytes, at).toString()}",${time},${counterText(deliveries)},`);
    out.bytes(name, 0, name.length);
    out.raw("]");
  }

  consumers(): void {}

  consumer(_group: GroupFacts, _consumer: ConsumerFacts): void {}

  owned(): void {}

  end(): void {
    // A value that is given in steps ends twice.
    if (!this.open) return;
    this.open = false;
    this.closeList();
    this.out.raw("}\n");
  }

  // ---- lines

  /** An item of a list follows: in the list that is open, in another one of this line, or (the line is long) in the same list of the next. */
  private item(part: Part): void {
    const { out } = this;
    if (this.part === part) {
      if (out.length - this.began < LINE_BYTES) return out.raw(",");
      this.breakLine();
    }
    this.member(part);
    out.raw("[");
    this.part = part;
  }

  /** Another name follows in the line. */
  private member(name: string): void {
    this.closeList();
    this.out.raw(this.fresh ? `"${name}":` : `,"${name}":`);
    this.fresh = false;
  }

  private closeList(): void {
    if (this.part !== null) this.out.raw("]");
    this.part = null;
  }

  /** The value goes on in another line. */
  private breakLine(): void {
    this.closeList();
    this.out.raw(',"more":true}\n{');
    this.began = this.out.length;
    this.fresh = true;
  }

  private text(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.out.bytes(bytes, 0, bytes.length);
  }
}

/** A score as JSON: a number, or as text what JSON has no number for. */
function scoreText(score: number): string {
  if (Number.isFinite(score) && !Object.is(score, -0)) return String(score);
  return score === 0 ? '"-0"' : score > 0 ? '"inf"' : '"-inf"';
}

function counterText(value: Counter): string {
  return typeof value === "number" ? String(value) : `"${value}"`;
}
