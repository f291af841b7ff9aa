/**
 * Reads values without building them: how many elements they have and how long they are. What stands in an image as it stands is passed over
 * in pieces, so that a string of any length takes no memory. The bytes of each value can be handed on as they are, to be written elsewhere.
 *
 * Hot: a call of `begin` for each key. What is inside a packed value is not looked into but for its head; a checksum vouches for the rest, and
 * where there is none deep-check.ts looks.
 */

import { assert } from "../assert.ts";
import { packedCount } from "../memory/packed.ts";
import { RdbString } from "../rdb/entry.ts";
import { LENGTH, MODULE_OPCODE, NODE_CONTAINER, STRING_ENCODING } from "../rdb/format.ts";
import type { RdbInput } from "../rdb/input.ts";
import { lzfDecompress, lzfDecompressHead } from "../rdb/lzf.ts";
import { moduleName } from "../rdb/module.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "../rdb/value.ts";

/** How an image holds a string. */
export const STRING_FORM = { plain: 0, integer: 1, compressed: 2 } as const;
export type StringForm = (typeof STRING_FORM)[keyof typeof STRING_FORM];

/** What is known of a value once it is passed. */
export interface Outline {
  /** Where in the image the entry begins, with its value type. */
  offset: number;
  elements: number;
  /** Bytes of its strings, unpacked. */
  unpacked: number;
  /** How the last of its strings is held in the image. */
  form: StringForm;
  /** The module that a value belongs to, else "". */
  module: string;
}

/** Whom values are shown to as they are passed. */
export interface OutlineTarget {
  /** A value is whole; `offset` is where in the image it ends. */
  passed(context: ReadContext, outline: Outline, offset: number): void;
  /** A value begins, at the position `at` of the window: only asked for where it is to be copied, and `copied` gets it from there on. */
  begun?(context: ReadContext, at: number): void;
  /** bytes[from, to) of the value as they stand in the image; good until it returns. */
  copied?(bytes: Buffer, from: number, to: number): void;
}

/** Strings that are longer than this, in the image, and reach beyond what has been read, are passed in pieces. */
const PIECEWISE_BYTES = 64 * 1024;
/** Longer ones there are not: their lengths are refused. */
const MAX_STRING_BYTES = 0xffff_ffff;

/** Passes the parts that make up values. */
abstract class OutlineReader implements ValueReader {
  protected readonly target: OutlineTarget;
  protected readonly outline: Outline = { offset: 0, elements: 0, unpacked: 0, form: STRING_FORM.plain, module: "" };
  /** From where on what was passed has not been handed on. */
  private copyFrom = 0;
  /** Bytes of a string that are still to be passed. */
  private pending = 0;

  constructor(target: OutlineTarget) {
    this.target = target;
  }

  begin(context: ReadContext): Step {
    const { input } = context;
    const { outline, target } = this;
    this.copyFrom = input.pos;
    outline.elements = 0;
    outline.unpacked = 0;
    outline.offset = input.offset - input.pos + input.start;
    outline.module = "";
    this.pending = 0;
    if (!this.head(input)) return STEP.incomplete;
    target.begun?.(context, this.copyFrom);
    this.copy(input, input.pos);
    return this.pending === 0 && this.over() ? this.end(context) : STEP.more;
  }

  next(context: ReadContext): Step {
    const { input } = context;
    const from = input.pos;
    this.copyFrom = from;
    for (;;) {
      if (this.pending > 0 && !this.drain(input)) break;
      if (this.over()) {
        this.copy(input, input.pos);
        return this.end(context);
      }
      if (!this.part(input)) {
        input.pos = input.start;
        break;
      }
      input.start = input.pos;
    }
    if (input.pos === from) return STEP.incomplete;
    this.copy(input, input.pos);
    return STEP.more;
  }

  /** Hands on what was passed up to `to`. */
  private copy(input: RdbInput, to: number): void {
    if (to > this.copyFrom) this.target.copied?.(input.bytes, this.copyFrom, to);
    this.copyFrom = to;
  }

  /** The part that has just been passed, all of it, is not handed on. */
  protected leaveOut(input: RdbInput): void {
    this.copy(input, input.start);
    this.copyFrom = input.pos;
  }

  /** Passes what stands first, with the key in one atom. Returns false when the window ends inside it. */
  protected abstract head(input: RdbInput): boolean;
  /** Passes the next part. Returns false, with no note of it taken, when the window ends inside it. */
  protected abstract part(input: RdbInput): boolean;
  /** Whether nothing comes any more. */
  protected abstract over(): boolean;

  private end(context: ReadContext): Step {
    this.target.passed(context, this.outline, context.input.offset);
    return STEP.done;
  }

  /** Passes what is left of a long string. Returns whether all of it is passed. */
  private drain(input: RdbInput): boolean {
    const count = Math.min(this.pending, input.left);
    input.skip(count);
    this.pending -= count;
    input.start = input.pos;
    if (this.pending === 0) return true;
    input.has(1);
    return false;
  }

  /** Passes a string. Returns its length unpacked, -1 when the window ends inside it. */
  protected passString(input: RdbInput): number {
    const { bytes, pos } = input;
    if (!input.has(1)) return -1;
    const first = bytes[pos];
    if (first < LENGTH.bits14) {
      this.outline.form = STRING_FORM.plain;
      return input.skip(first + 1) ? first : -1;
    }
    if (first < LENGTH.encoded) {
      if (!input.readLength()) return -1;
      this.outline.form = STRING_FORM.plain;
      const { value } = input;
      return this.passBytes(input, value) ? value : -1;
    }
    if (first !== (LENGTH.encoded | STRING_ENCODING.lzf)) {
      this.outline.form = STRING_FORM.integer;
      return input.readString(scratch) ? scratch.length : -1;
    }
    this.outline.form = STRING_FORM.compressed;
    input.skip(1);
    if (!input.readLength()) return -1;
    const packed = input.value;
    if (!input.readLength()) return -1;
    const unpacked = input.value;
    return this.passBytes(input, packed) ? unpacked : -1;
  }

  private passBytes(input: RdbInput, length: number): boolean {
    if (length <= input.left || length <= PIECEWISE_BYTES || length > MAX_STRING_BYTES) return input.skip(length);
    this.pending = length;
    return true;
  }

  /** Whether what was passed last goes on. */
  protected get goesOn(): boolean {
    return this.pending > 0;
  }
}

const scratch = new RdbString();

export class StringOutline extends OutlineReader {
  protected head(input: RdbInput): boolean {
    const length = this.passString(input);
    this.outline.unpacked = length;
    this.outline.elements = 1;
    return length >= 0;
  }

  protected part(): boolean {
    return true;
  }

  protected over(): boolean {
    return true;
  }
}

/** What an element is made of. */
export const PART = { string: 0, textDouble: 1, eightBytes: 2, length: 3 } as const;
export type Part = (typeof PART)[keyof typeof PART];

/** A count, and so many elements of some parts each; `ahead` bytes stand before the count. */
export class ElementsOutline extends OutlineReader {
  private readonly parts: readonly Part[];
  private readonly ahead: number;
  private left = 0;
  private at = 0;

  constructor(target: OutlineTarget, parts: readonly Part[], ahead = 0) {
    super(target);
    this.parts = parts;
    this.ahead = ahead;
  }

  protected head(input: RdbInput): boolean {
    if (!input.skip(this.ahead) || !input.readLength()) return false;
    this.left = input.value;
    this.at = 0;
    this.outline.elements = this.left;
    return true;
  }

  protected part(input: RdbInput): boolean {
    switch (this.parts[this.at]) {
      case PART.string: {
        const length = this.passString(input);
        if (length < 0) return false;
        this.outline.unpacked += length;
        break;
      }
      case PART.textDouble:
        if (!input.readTextDouble()) return false;
        break;
      case PART.eightBytes:
        if (!input.skip(8)) return false;
        break;
      default:
        if (!input.readLength()) return false;
    }
    if (++this.at === this.parts.length) {
      this.at = 0;
      this.left--;
    }
    return true;
  }

  protected over(): boolean {
    return this.left === 0;
  }
}

/** Counts the elements of a packed value: bytes[from, to) are its first HEAD_BYTES or all of it. Returns -1 where its head does not tell. */
export type CountElements = (bytes: Buffer, from: number, to: number, whole: boolean) => number;

const HEAD_BYTES = 16;
const head = Buffer.alloc(HEAD_BYTES);
/** In the place of a count that does not fit. */
const MANY = 0xffff;

/** Elements of a listpack, of `step` entries each. */
export const countListpack =
  (step: number): CountElements =>
  (bytes, from, to, whole) => {
    if (to - from < 6) return 0;
    const count = bytes.readUInt16LE(from + 4);
    if (count !== MANY) return Math.floor(count / step);
    return whole ? Math.floor(packedCount(bytes, from) / step) : -1;
  };

export const countZiplist =
  (step: number): CountElements =>
  (bytes, from, to) =>
    to - from < 10 ? 0 : Math.floor(bytes.readUInt16LE(from + 8) / step);

export const countZipmap: CountElements = (bytes, from, to) => (to > from ? bytes[from] : 0);

export const countIntset: CountElements = (bytes, from, to) => (to - from < 8 ? 0 : bytes.readUInt32LE(from + 4));

/** Live entries of a stream's node: the first number in its listpack, in one of the two forms of small numbers or in 16 or more bits. */
export const countStreamNode: CountElements = (bytes, from, to) => {
  if (to - from < 10) return 0;
  const first = bytes[from + 6];
  if (first < 0x80) return first;
  if ((first & 0xe0) === 0xc0) return ((first & 0x1f) << 8) | bytes[from + 7];
  return first === 0xf1 ? bytes.readUInt16LE(from + 7) : 0;
};

/** Passes strings with a structure of their own. */
export abstract class PackedOutline extends OutlineReader {
  private readonly text = new RdbString();

  /** Passes one, and takes note of its elements. Returns false when the window ends inside it. */
  protected passPacked(input: RdbInput, count: CountElements): boolean {
    const { text, outline } = this;
    if (!input.readCompressed(text)) return false;
    const { unpacked, packedFrom, packedTo, bytes } = input;
    if (unpacked < 0) {
      outline.unpacked += text.length;
      outline.elements += Math.max(0, count(text.bytes, text.from, text.to, true));
      return true;
    }
    outline.unpacked += unpacked;
    const length = lzfDecompressHead(bytes, packedFrom, packedTo, head, 0, Math.min(HEAD_BYTES, unpacked));
    let elements = count(head, 0, length, length === unpacked);
    if (elements < 0) {
      const whole = Buffer.allocUnsafeSlow(unpacked);
      lzfDecompress(bytes, packedFrom, packedTo, whole, 0, unpacked, input.offset);
      elements = count(whole, 0, unpacked, true);
    }
    outline.elements += elements;
    return true;
  }
}

/** A collection that is one string with a structure of its own; `ahead` bytes stand before it. */
export class WholeOutline extends PackedOutline {
  private readonly count: CountElements;
  private readonly ahead: number;

  constructor(target: OutlineTarget, count: CountElements, ahead = 0) {
    super(target);
    this.count = count;
    this.ahead = ahead;
  }

  protected head(input: RdbInput): boolean {
    return input.skip(this.ahead) && this.passPacked(input, this.count);
  }

  protected part(): boolean {
    return true;
  }

  protected over(): boolean {
    return true;
  }
}

/** A list of nodes: ziplists, or (`contained`) what each says that it is. */
export class NodesOutline extends PackedOutline {
  private readonly contained: boolean;
  private left = 0;

  constructor(target: OutlineTarget, options: { readonly contained: boolean }) {
    super(target);
    this.contained = options.contained;
  }

  protected head(input: RdbInput): boolean {
    if (!input.readLength()) return false;
    this.left = input.value;
    return true;
  }

  protected part(input: RdbInput): boolean {
    if (this.contained) {
      if (!input.readLength()) return false;
      const container = input.value;
      if (container !== NODE_CONTAINER.plain && container !== NODE_CONTAINER.packed)
        throw input.error(`Quicklist integrity check failed: unknown container ${container} of a node`, input.start);
      if (container === NODE_CONTAINER.plain) {
        const length = this.passString(input);
        if (length < 0) return false;
        this.outline.unpacked += length;
        this.outline.elements++;
      } else if (!this.passPacked(input, COUNT_NODE)) return false;
    } else if (!this.passPacked(input, COUNT_ZIPLIST)) return false;
    this.left--;
    return true;
  }

  protected over(): boolean {
    return this.left === 0;
  }
}

const COUNT_NODE = countListpack(1);
const COUNT_ZIPLIST = countZiplist(1);

/** A value of a module: numbers and strings, each after its kind. */
export class ModuleOutline extends OutlineReader {
  private ended = false;

  protected head(input: RdbInput): boolean {
    if (!input.readLength()) return false;
    this.outline.module = moduleName(input.valueHigh, input.valueLow);
    this.ended = false;
    return true;
  }

  protected part(input: RdbInput): boolean {
    if (!input.readLength()) return false;
    const opcode = input.value;
    switch (opcode) {
      case MODULE_OPCODE.end:
        this.ended = true;
        return true;
      case MODULE_OPCODE.signed:
      case MODULE_OPCODE.unsigned:
        if (!input.readLength()) return false;
        break;
      case MODULE_OPCODE.float:
        if (!input.skip(4)) return false;
        break;
      case MODULE_OPCODE.double:
        if (!input.skip(8)) return false;
        break;
      case MODULE_OPCODE.string: {
        const length = this.passString(input);
        if (length < 0) return false;
        this.outline.unpacked += length;
        break;
      }
      default:
        throw input.error(`bad module data: unknown element ${opcode}`, input.start);
    }
    this.outline.elements++;
    return true;
  }

  protected over(): boolean {
    assert(!this.ended || !this.goesOn, "a value of a module ends after its last string");
    return this.ended;
  }
}

/** A path hash of Valkey 9.2: paths, each with a count and so many names and values. */
export class PathsOutline extends OutlineReader {
  private pathsLeft = 0;
  private fieldsLeft = 0;
  private at: "path" | "count" | "name" | "value" = "path";

  protected head(input: RdbInput): boolean {
    if (!input.readLength()) return false;
    this.pathsLeft = input.value;
    this.at = "path";
    return true;
  }

  protected part(input: RdbInput): boolean {
    if (this.at === "count") {
      if (!input.readLength()) return false;
      this.fieldsLeft = input.value;
      if (this.fieldsLeft === 0) throw input.error("a path of a path hash has no fields", input.start);
      this.at = "name";
      this.outline.elements += this.fieldsLeft;
      return true;
    }
    const length = this.passString(input);
    if (length < 0) return false;
    this.outline.unpacked += length;
    if (this.at === "path") this.at = "count";
    else if (this.at === "name") this.at = "value";
    else {
      this.at = --this.fieldsLeft > 0 ? "name" : "path";
      if (this.fieldsLeft === 0) this.pathsLeft--;
    }
    return true;
  }

  protected over(): boolean {
    return this.pathsLeft === 0;
  }
}

/** A Roaring bitmap: the length of the string that it stands for, and its bytes. */
export class BitmapOutline extends OutlineReader {
  protected head(input: RdbInput): boolean {
    if (!input.readLength()) return false;
    this.outline.unpacked = input.value;
    this.outline.elements = 1;
    return this.passString(input) >= 0;
  }

  protected part(): boolean {
    return true;
  }

  protected over(): boolean {
    return true;
  }
}
