/** Streams and hashes by template, passed without being built. rdb/stream-value.ts and rdb/template-hash.ts have their forms. */

import { RdbString } from "../rdb/entry.ts";
import type { RdbInput } from "../rdb/input.ts";
import { STREAM_FORM, type StreamForm } from "../rdb/stream-value.ts";
import type { ReadContext, Step } from "../rdb/value.ts";
import { ID_BYTES } from "../values/stream/stream-id.ts";
import { countListpack, countStreamNode, type OutlineTarget, PackedOutline } from "./outline.ts";

type Kind = "length" | "string" | "node" | "id" | "eight bytes";

/** A part of a stream, and the first form that has it. */
interface StreamPart {
  readonly kind: Kind;
  readonly since: StreamForm;
}

const part = (kind: Kind, since: StreamForm = STREAM_FORM.first): StreamPart => ({ kind, since });

const LENGTH = part("length");
const STRING = part("string");
const NODE = part("node");
const ID = part("id");
const TIME = part("eight bytes");
const FACT = part("length", STREAM_FORM.withFacts);
const ACTIVE_TIME = part("eight bytes", STREAM_FORM.withActiveTime);
const PRODUCER_LENGTH = part("length", STREAM_FORM.withProducers);
const PRODUCER_STRING = part("string", STREAM_FORM.withProducers);
const UNOWNED_LENGTH = part("length", STREAM_FORM.withUnowned);
const UNOWNED_ID = part("id", STREAM_FORM.withUnowned);

/** The parts of a stream of this form, in their order; each is answered with the number that it was. */
function* partsOf(form: StreamForm): Generator<StreamPart, void, number> {
  for (let nodes = yield LENGTH; nodes > 0; nodes--) {
    yield STRING;
    yield NODE;
  }
  for (let index = 0; index < 3; index++) yield LENGTH; // how many entries, and the last id
  if (form >= STREAM_FORM.withFacts) for (let index = 0; index < 5; index++) yield FACT;
  for (let groups = yield LENGTH; groups > 0; groups--) {
    yield STRING;
    yield LENGTH;
    yield LENGTH;
    if (form >= STREAM_FORM.withFacts) yield FACT;
    for (let pending = yield LENGTH; pending > 0; pending--) {
      yield ID;
      yield TIME;
      yield LENGTH;
    }
    for (let consumers = yield LENGTH; consumers > 0; consumers--) {
      yield STRING;
      yield TIME;
      if (form >= STREAM_FORM.withActiveTime) yield ACTIVE_TIME;
      for (let owned = yield LENGTH; owned > 0; owned--) yield ID;
    }
    if (form < STREAM_FORM.withUnowned) continue;
    for (let unowned = yield UNOWNED_LENGTH; unowned > 0; unowned--) yield UNOWNED_ID;
  }
  if (form < STREAM_FORM.withProducers) return;
  yield PRODUCER_LENGTH;
  yield PRODUCER_LENGTH;
  for (let producers = yield PRODUCER_LENGTH; producers > 0; producers--) {
    yield PRODUCER_STRING;
    for (let ids = yield PRODUCER_LENGTH; ids > 0; ids--) {
      yield PRODUCER_STRING;
      yield PRODUCER_LENGTH;
      yield PRODUCER_LENGTH;
    }
  }
  yield PRODUCER_LENGTH;
  yield PRODUCER_LENGTH;
}

const skipped = new RdbString();

export class StreamOutline extends PackedOutline {
  private readonly form: StreamForm;
  private readonly kept: StreamForm;
  private parts: Generator<StreamPart, void, number> = partsOf(STREAM_FORM.first);
  private current: StreamPart | null = null;

  /** What is handed on of a stream of this form is one of the form `kept`, where that is an older one. */
  constructor(target: OutlineTarget, form: StreamForm, kept: StreamForm = form) {
    super(target);
    this.form = form;
    this.kept = kept;
  }

  protected head(input: RdbInput): boolean {
    if (!input.readLength()) return false;
    this.parts = partsOf(this.form);
    this.parts.next(0);
    this.goOn(input.value);
    return true;
  }

  protected part(input: RdbInput): boolean {
    const { current } = this;
    if (current === null) return true;
    if (current.since <= this.kept) {
      const value = this.pass(input, current.kind);
      if (value < 0) return false;
      this.goOn(value);
      return true;
    }
    if (current.kind === "string") {
      if (!input.readString(skipped)) return false;
      this.goOn(0);
    } else {
      const value = this.pass(input, current.kind);
      if (value < 0) return false;
      this.goOn(value);
    }
    this.leaveOut(input);
    return true;
  }

  protected over(): boolean {
    return this.current === null;
  }

  private goOn(value: number): void {
    const { done, value: next } = this.parts.next(value);
    this.current = done === true ? null : (next ?? null);
  }

  /** Passes a part. Returns the number that it is, -1 when the window ends inside it. */
  private pass(input: RdbInput, kind: Kind): number {
    switch (kind) {
      case "length":
        return input.readLength() ? input.value : -1;
      case "id":
        return input.skip(ID_BYTES) ? 0 : -1;
      case "eight bytes":
        return input.skip(8) ? 0 : -1;
      case "node":
        return this.passPacked(input, countStreamNode) ? 0 : -1;
      case "string": {
        const length = this.passString(input);
        if (length > 0) this.outline.unpacked += length;
        return length;
      }
    }
  }
}

const COUNT_NAMES = countListpack(1);

/** A hash by template: its names or the number of its template, then a listpack of values or (`elements`) one after another. */
export class TemplateOutline extends PackedOutline {
  private readonly byNumber: boolean;
  private readonly elements: boolean;
  private namesLeft = 0;
  private valuesLeft = 0;
  private fieldsOf: (number: number, input: RdbInput) => number = () => 0;

  constructor(target: OutlineTarget, options: { readonly byNumber: boolean; readonly elements: boolean }) {
    super(target);
    this.byNumber = options.byNumber;
    this.elements = options.elements;
  }

  override begin(context: ReadContext): Step {
    this.fieldsOf = (number, input) => context.templates?.fieldsOf(number, input).length ?? 0;
    return super.begin(context);
  }

  protected head(input: RdbInput): boolean {
    const { outline } = this;
    this.namesLeft = 0;
    this.valuesLeft = 1;
    if (this.byNumber) {
      if (!this.elements) return this.passValues(input);
      if (!input.readLength()) return false;
      this.valuesLeft = this.fieldsOf(input.value, input);
      outline.elements = this.valuesLeft;
      return true;
    }
    if (!input.readLength()) return false;
    const form = input.value;
    if (form === 0) {
      if (!this.passPacked(input, COUNT_NAMES)) return false;
    } else if (form === 1) {
      if (!input.readLength()) return false;
      this.namesLeft = input.value;
      outline.elements = input.value;
    } else throw input.error(`the names of the fields of a hash by template have the unknown form ${form}`, input.start);
    if (this.elements) this.valuesLeft = outline.elements;
    return true;
  }

  protected part(input: RdbInput): boolean {
    const { outline } = this;
    if (this.namesLeft === 0 && !this.elements) return this.passValues(input);
    const length = this.passString(input);
    if (length < 0) return false;
    outline.unpacked += length;
    if (this.namesLeft > 0) this.namesLeft--;
    else this.valuesLeft--;
    return true;
  }

  protected over(): boolean {
    return this.namesLeft === 0 && this.valuesLeft === 0;
  }

  /** Passes the listpack of a number and the values. */
  private passValues(input: RdbInput): boolean {
    const { outline } = this;
    const names = outline.elements;
    if (!this.passPacked(input, COUNT_NAMES)) return false;
    outline.elements = this.byNumber ? outline.elements - 1 : names;
    this.valuesLeft = 0;
    return true;
  }
}
