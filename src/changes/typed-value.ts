/** Values as JavaScript has them: a sink of the walk over values. */

import { BlockString } from "../blocks/block-string.ts";
import { NO_TIME } from "../memory/expiring-map.ts";
import { WholeValues } from "../snapshot/sinks/whole-values.ts";
import { type ReadValue, walkValue } from "../snapshot/value-walk.ts";
import type { StreamId } from "../values/stream/stream-id.ts";
import type { FieldReader } from "../values/stream/stream-node.ts";
import { TYPE_NAMES, Type } from "../values/value-types.ts";
import type { StreamEntry, Text, TextOf, TypedValue, ValueType } from "./events.ts";

/** TYPE's words are those of the events. */
export function typeName(type: Type): ValueType {
  return TYPE_NAMES[type] as ValueType;
}

/** All of them. */
export const TYPE_WORDS: readonly string[] = Object.values(TYPE_NAMES);

export class TypedValues<T extends Text> extends WholeValues {
  private readonly text: TextOf<T>;
  private type: Type = Type.STRING;
  private elements: T[] = [];
  private scores: (readonly [T, number])[] = [];
  private fields = new Map<T, T>();
  private times = new Map<T, number>();
  private entries: StreamEntry<T>[] = [];

  constructor(text: TextOf<T>) {
    super();
    this.text = text;
  }

  /** Returns what a value of this type holds. */
  of(type: Type, value: ReadValue): TypedValue<T> {
    this.type = type;
    this.elements = [];
    this.scores = [];
    this.fields = new Map();
    this.times = new Map();
    this.entries = [];
    // Strings need no walk.
    if (type === Type.STRING) return { type: "string", value: this.stringOf(value) };
    walkValue(this, type, value);
    // A large one is walked from its last member on.
    if (type === Type.ZSET && value.object !== null) this.scores.reverse();
    return this.result();
  }

  private stringOf({ object, buffer, from, to }: ReadValue): T {
    return object instanceof BlockString ? this.text(object.joined(), 0, object.length) : this.text(buffer, from, to);
  }

  private result(): TypedValue<T> {
    const { scores, times } = this;
    switch (this.type) {
      case Type.LIST:
        return { type: "list", value: this.elements };
      case Type.SET:
        return { type: "set", value: new Set(this.elements) };
      case Type.ZSET:
        return { type: "zset", value: scores };
      case Type.HASH:
        return { type: "hash", value: this.fields, ...(times.size === 0 ? {} : { fieldExpireAt: times }) };
      default:
        return { type: "stream", value: this.entries };
    }
  }

  // ---- what the walk gives

  string(): void {}
  collection(): void {}
  timedHash(): void {}

  element(bytes: Buffer, from: number, to: number): void {
    this.elements.push(this.text(bytes, from, to));
  }

  scored(bytes: Buffer, from: number, to: number, score: number): void {
    this.scores.push([this.text(bytes, from, to), score]);
  }

  field(bytes: Buffer, from: number, to: number, value: Buffer, valueFrom: number, valueTo: number, time: number): void {
    const field = this.text(bytes, from, to);
    this.fields.set(field, this.text(value, valueFrom, valueTo));
    if (time !== NO_TIME) this.times.set(field, time);
  }

  entry(id: StreamId, count: number, reader: FieldReader): void {
    const fields: (readonly [T, T])[] = [];
    for (let left = count; left > 0; left--) {
      reader.next();
      const { field, value } = reader;
      const { bytes, from, to } = value.joined();
      fields.push([this.text(field.bytes, field.from, field.to), this.text(bytes, from, to)]);
    }
    this.entries.push({ id: id.toString(), fields });
  }
}
