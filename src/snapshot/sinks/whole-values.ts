/** What sinks have in common that take whole values, element by element, and of a stream its entries only. */

import { assert } from "../../assert.ts";
import type { StreamId } from "../../values/stream/stream-id.ts";
import type { FieldReader } from "../../values/stream/stream-node.ts";
import type { Type } from "../../values/value-types.ts";
import type { ValueSink } from "../value-walk.ts";

export abstract class WholeValues implements ValueSink {
  abstract string(bytes: Buffer, from: number, to: number): void;
  abstract collection(type: Type): void;
  abstract element(bytes: Buffer, from: number, to: number): void;
  abstract scored(bytes: Buffer, from: number, to: number, score: number): void;
  abstract timedHash(): void;
  abstract field(bytes: Buffer, from: number, to: number, value: Buffer, valueFrom: number, valueTo: number, time: number): void;
  abstract entry(id: StreamId, count: number, fields: FieldReader): void;

  packed(): boolean {
    return false;
  }

  node(): number {
    return -1;
  }

  // ---- parts of values, which come only to those who are given them in steps

  longNode(): Generator<number> {
    assert(false, "a whole value has no parts");
  }

  longString(): void {}
  longElement(): void {}
  longField(): void {}
  piece(): void {}
  endLong(): void {}

  // ---- what a stream has beside its entries

  streamFacts(): void {}
  group(): void {}
  pending(): void {}
  consumers(): void {}
  consumer(): void {}
  owned(): void {}
  end(): void {}
}
