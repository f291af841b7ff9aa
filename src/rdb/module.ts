/** What modules saved: there are no modules here, but the format lets anyone pass over their data. */
import { latin1 } from "../base/bytes.ts";
import { RdbString } from "./entry.ts";
import { MODULE_OPCODE } from "./format.ts";
import type { RdbInput } from "./input.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";

const NAME_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NAME_LENGTH = 9;
const ENCODING_VERSIONS = 1024;
const SHOWN_KEY_BYTES = 128;

/** Passes over the data of a module, element by element, and warns of it. */
abstract class ModuleSkipper implements ValueReader {
  /** The module and its encoding version, for messages. */
  protected module = "";
  private readonly skipped = new RdbString();

  abstract begin(context: ReadContext): Step;

  next(context: ReadContext): Step {
    const { input, handler } = context;
    const begin = input.pos;
    if (!input.readLength()) return STEP.incomplete;
    if (input.value === MODULE_OPCODE.end) {
      handler.warning(this.warning(context));
      return STEP.done;
    }
    return this.skipElement(input, input.value, begin) ? STEP.more : STEP.incomplete;
  }

  /** What to say of the data that was passed over. */
  protected abstract warning(context: ReadContext): string;

  /** Notes the module that an ID, given in unsigned halves, belongs to. */
  protected setModule(high: number, low: number): void {
    this.module = `${JSON.stringify(moduleName(high, low))} (encoding version ${low % ENCODING_VERSIONS})`;
  }

  private skipElement(input: RdbInput, opcode: number, begin: number): boolean {
    switch (opcode) {
      case MODULE_OPCODE.signed:
      case MODULE_OPCODE.unsigned:
        return input.readLength();
      case MODULE_OPCODE.float:
        return input.skip(4);
      case MODULE_OPCODE.double:
        return input.skip(8);
      case MODULE_OPCODE.string:
        return input.readString(this.skipped);
      default:
        throw input.error(`bad module data: unknown element ${opcode}`, begin);
    }
  }
}

/** Passes over what a MODULE_AUX opcode brings: data that belongs to no key. */
export class ModuleAuxSkipper extends ModuleSkipper {
  begin({ input }: ReadContext): Step {
    const begin = input.pos;
    if (!input.readLength()) return STEP.incomplete;
    const { valueHigh, valueLow } = input;
    if (!input.readLength()) return STEP.incomplete;
    if (input.value !== MODULE_OPCODE.unsigned)
      throw input.error(`bad module data: opcode ${input.value} where its place should stand`, begin);
    if (!input.readLength()) return STEP.incomplete;
    this.setModule(valueHigh, valueLow);
    return STEP.more;
  }

  protected warning(): string {
    return `the data that module ${this.module} saved beside the keys was skipped`;
  }
}

/** Passes over a key whose value is a module's. Redis without that module refuses the whole file. */
export class ModuleValueSkipper extends ModuleSkipper {
  begin({ input }: ReadContext): Step {
    if (!input.readLength()) return STEP.incomplete;
    this.setModule(input.valueHigh, input.valueLow);
    return STEP.more;
  }

  protected warning({ entry: { key } }: ReadContext): string {
    const shown = JSON.stringify(latin1(key.bytes, key.from, Math.min(key.to, key.from + SHOWN_KEY_BYTES)));
    return `key ${shown} was skipped: its value belongs to module ${this.module}, and there are no modules here`;
  }
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
