/**
 * Hashes that share the names of their fields (Redis 8.10), read as hashes like others:
 *
 *     opcode 242   number of the template; count and names of its fields. Before all keys
 *     type 29      names; listpack of a number without meaning and the values
 *     type 30      listpack of the template's number and the values
 *     type 31      names; the values
 *     type 32      the template's number; the values
 *
 * Names stand in a payload as 0 and a listpack, or as 1, a count and strings. Redis sorts them; nothing here depends on that.
 */

import { Element, packedAtEnd, packedFirst, packedNumber, packedRead, packedValid } from "../memory/packed.ts";
import { hashExpect, hashSet } from "../values/hash/hash.ts";
import type { Temporary } from "../values/temporary.ts";
import { Type } from "../values/value-types.ts";
import { BAD_LISTPACK, duplicate } from "./collection-value.ts";
import { RdbString } from "./entry.ts";
import { integrityFailure } from "./error.ts";
import type { RdbInput } from "./input.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";

const BAD = integrityFailure("Hash template listpack", BAD_LISTPACK);

const text = new RdbString();
const element = new Element();

/** The templates of one image, and who reads them: a name is an atom. */
export class HashTemplates implements ValueReader {
  private readonly byNumber = new Map<number, readonly Buffer[]>();
  private names: Buffer[] = [];
  private left = 0;

  begin({ input }: ReadContext): Step {
    if (!input.readLength()) return STEP.incomplete;
    const number = input.value;
    if (!input.readLength()) return STEP.incomplete;
    if (this.byNumber.has(number)) throw input.error(`hash template ${number} is there twice`, input.start);
    if (input.value === 0) throw input.error(`hash template ${number} has no fields`, input.start);
    this.left = input.value;
    this.names = [];
    this.byNumber.set(number, this.names);
    return STEP.more;
  }

  next({ input }: ReadContext): Step {
    if (!input.readString(text)) return STEP.incomplete;
    this.names.push(text.take());
    return --this.left > 0 ? STEP.more : STEP.done;
  }

  /** Returns the names of the fields of a template. Errors: RdbError where there is none of this number. */
  fieldsOf(number: number, input: RdbInput): readonly Buffer[] {
    const names = this.byNumber.get(number);
    if (names === undefined) throw input.error(`there is no hash template ${number}`, input.start);
    return names;
  }
}

/** Whether the names stand with the value, or the number of a template does. */
export interface TemplateForm {
  readonly byNumber: boolean;
}

/** One whose values are a listpack: one atom. */
export class TemplateListpackReader implements ValueReader {
  private readonly form: TemplateForm;
  private readonly packed = new RdbString();

  constructor(form: TemplateForm) {
    this.form = form;
  }

  begin(context: ReadContext): Step {
    const { input, entry, handler } = context;
    const own = this.form.byNumber ? null : readNames(input);
    if (!this.form.byNumber && own === null) return STEP.incomplete;
    const start = input.pos;
    if (!input.readString(this.packed)) return STEP.incomplete;
    const { bytes, from, to } = this.packed;
    if (!packedValid(bytes, from, to)) throw input.error(BAD, start);
    const first = packedFirst(bytes, from);
    const number = packedAtEnd(bytes, first) ? Number.NaN : packedNumber(bytes, first);
    if (!Number.isInteger(number)) throw input.error("the values of a hash by template do not begin with a number", start);
    const names = own ?? templateNames(context, number);
    const draft = begun(context, names);
    let at = packedRead(bytes, first, element);
    for (const name of names) {
      if (packedAtEnd(bytes, at)) throw input.error("a hash by template has fewer values than its template has fields", start);
      at = packedRead(bytes, at, element);
      put(input, draft, name, element);
    }
    if (!packedAtEnd(bytes, at)) throw input.error("a hash by template has more values than its template has fields", start);
    handler.collection(entry, draft);
    return STEP.done;
  }

  next(): Step {
    return STEP.done;
  }
}

/** One whose values stand one by one: an atom each. */
export class TemplateElementsReader implements ValueReader {
  private readonly form: TemplateForm;
  private names: readonly Buffer[] = [];
  private draft: Temporary | null = null;
  private at = 0;

  constructor(form: TemplateForm) {
    this.form = form;
  }

  begin(context: ReadContext): Step {
    const { input } = context;
    if (this.form.byNumber) {
      if (!input.readLength()) return STEP.incomplete;
      this.names = templateNames(context, input.value);
    } else {
      const names = readNames(input);
      if (names === null) return STEP.incomplete;
      this.names = names;
    }
    this.draft = begun(context, this.names);
    this.at = 0;
    return STEP.more;
  }

  next({ input, entry, handler }: ReadContext): Step {
    const draft = this.draft as Temporary;
    if (!input.readString(text)) return STEP.incomplete;
    put(input, draft, this.names[this.at], text);
    if (++this.at < this.names.length) return STEP.more;
    this.draft = null;
    handler.collection(entry, draft);
    return STEP.done;
  }
}

function templateNames({ input, templates }: ReadContext, number: number): readonly Buffer[] {
  if (templates === null) throw input.error("a hash by template has no names of fields, and a payload has no templates", input.start);
  return templates.fieldsOf(number, input);
}

function begun({ input, handler }: ReadContext, names: readonly Buffer[]): Temporary {
  const draft = handler.draft(Type.HASH);
  hashExpect(draft, Math.min(names.length, input.mostExpected), 0, 0);
  return draft;
}

function put(input: RdbInput, draft: Temporary, name: Buffer, { bytes, from, to }: RdbString | Element): void {
  if (!hashSet(draft, name, 0, name.length, bytes, from, to)) throw duplicate(input, "fields of a hash by template");
}

/** Reads the names of a payload. Returns null when the window ends inside them. */
function readNames(input: RdbInput): Buffer[] | null {
  if (!input.readLength()) return null;
  const form = input.value;
  const names: Buffer[] = [];
  if (form === 0) {
    if (!input.readString(text)) return null;
    const { bytes, from, to } = text;
    if (!packedValid(bytes, from, to)) throw input.error(BAD, input.start);
    for (let at = packedFirst(bytes, from); !packedAtEnd(bytes, at); ) {
      at = packedRead(bytes, at, element);
      names.push(Buffer.from(element.bytes.subarray(element.from, element.to)));
    }
  } else if (form === 1) {
    if (!input.readLength()) return null;
    for (let left = input.value; left > 0; left--) {
      if (!input.readString(text)) return null;
      names.push(text.take());
    }
  } else throw input.error(`the names of the fields of a hash by template have the unknown form ${form}`, input.start);
  if (names.length === 0) throw input.error("a hash by template has no fields", input.start);
  return names;
}
