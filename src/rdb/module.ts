/** What modules saved. There are no modules here: what belongs to no key is passed over, as the format allows, and a value is refused. */
import { latin1 } from "../base/bytes.ts";
import { type RdbEntry, RdbString } from "./entry.ts";
import { MODULE_OPCODE, VALUE_TYPE } from "./format.ts";
import type { RdbInput } from "./input.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";

const NAME_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NAME_LENGTH = 9;
const ENCODING_VERSIONS = 1024;
const SHOWN_KEY_BYTES = 128;

/** A value of a module, without which it is lost: the error names the key and the module. */
export class ModuleValueReader implements ValueReader {
  begin({ input, entry: { key }, handler }: ReadContext): Step {
    const begin = input.pos;
    if (!input.readLength()) return STEP.incomplete;
    const module = describeModule(input.valueHigh, input.valueLow);
    const name = key.take();
    handler.unsupported(VALUE_TYPE.module2, name);
    const shown = JSON.stringify(latin1(name, 0, Math.min(name.length, SHOWN_KEY_BYTES)));
    throw input.error(`the value of key ${shown} belongs to module ${module}, and there are no modules here`, begin);
  }

  next(): Step {
    return STEP.done;
  }
}

/**
 * Likewise for who can do without it: `passed` is told of the key, and which module its value belongs to. A value of the type "module value"
 * says of each element how long it is.
 */
export class ModuleValueSkipper implements ValueReader {
  private readonly passed: (entry: RdbEntry, module: string) => void;
  private readonly skipped = new RdbString();
  private module = "";

  constructor(passed: (entry: RdbEntry, module: string) => void) {
    this.passed = passed;
  }

  begin({ input }: ReadContext): Step {
    if (!input.readLength()) return STEP.incomplete;
    this.module = describeModule(input.valueHigh, input.valueLow);
    return STEP.more;
  }

  next({ input, entry }: ReadContext): Step {
    const begin = input.pos;
    if (!input.readLength()) return STEP.incomplete;
    if (input.value !== MODULE_OPCODE.end) return skipElement(input, input.value, begin, this.skipped) ? STEP.more : STEP.incomplete;
    this.passed(entry, this.module);
    return STEP.done;
  }
}

/** Passes over what a module saved beside the keys, element by element, and warns of it. Redis without that module refuses the whole file. */
export class ModuleAuxSkipper implements ValueReader {
  /** The module and its encoding version, for messages. */
  private module = "";
  private readonly skipped = new RdbString();

  begin({ input }: ReadContext): Step {
    const begin = input.pos;
    if (!input.readLength()) return STEP.incomplete;
    const { valueHigh, valueLow } = input;
    if (!input.readLength()) return STEP.incomplete;
    if (input.value !== MODULE_OPCODE.unsigned)
      throw input.error(`bad module data: opcode ${input.value} where its place should stand`, begin);
    if (!input.readLength()) return STEP.incomplete;
    this.module = describeModule(valueHigh, valueLow);
    return STEP.more;
  }

  next({ input, handler }: ReadContext): Step {
    const begin = input.pos;
    if (!input.readLength()) return STEP.incomplete;
    if (input.value === MODULE_OPCODE.end) {
      handler.warning(`the data that module ${this.module} saved beside the keys was skipped`);
      return STEP.done;
    }
    return skipElement(input, input.value, begin, this.skipped) ? STEP.more : STEP.incomplete;
  }
}

/** Passes over an element of this kind; `scratch` is for strings. Returns false when the window ends inside it. */
function skipElement(input: RdbInput, opcode: number, begin: number, scratch: RdbString): boolean {
  switch (opcode) {
    case MODULE_OPCODE.signed:
    case MODULE_OPCODE.unsigned:
      return input.readLength();
    case MODULE_OPCODE.float:
      return input.skip(4);
    case MODULE_OPCODE.double:
      return input.skip(8);
    case MODULE_OPCODE.string:
      return input.readString(scratch);
    default:
      throw input.error(`bad module data: unknown element ${opcode}`, begin);
  }
}

function describeModule(high: number, low: number): string {
  return `${JSON.stringify(moduleName(high, low))} (encoding version ${low % ENCODING_VERSIONS})`;
}

/** The nine characters in the high 54 bits of a module ID given in unsigned halves; the low ten are the version of its encoding. */
export function moduleName(high: number, low: number): string {
  let name = NAME_ALPHABET[(low >>> 10) & 63];
  let rest = high * 0x10000 + (low >>> 16); // 48 bits: the 54 at once would be more than a double holds
  while (name.length < NAME_LENGTH) {
    name = NAME_ALPHABET[rest % 64] + name;
    rest = Math.floor(rest / 64);
  }
  return name;
}
