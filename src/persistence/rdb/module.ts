/** What modules saved beside the keys: there are no modules here, but the format lets anyone pass over their data. */
import { RdbString } from "./entry.ts";
import { MODULE_OPCODE } from "./format.ts";
import type { RdbInput } from "./input.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";

const NAME_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NAME_LENGTH = 9;
const ENCODING_VERSIONS = 1024;

/** Passes over the data of a MODULE_AUX opcode, element by element, and warns of it. */
export class ModuleAuxSkipper implements ValueReader {
  private name = "";
  private version = 0;
  private readonly skipped = new RdbString();

  begin({ input }: ReadContext): Step {
    const begin = input.pos;
    if (!input.readLength()) return STEP.incomplete;
    const { valueHigh, valueLow } = input;
    if (!input.readLength()) return STEP.incomplete;
    if (input.value !== MODULE_OPCODE.unsigned)
      throw input.error(`bad module data: opcode ${input.value} where its place should stand`, begin);
    if (!input.readLength()) return STEP.incomplete;
    this.name = moduleName(valueHigh, valueLow);
    this.version = valueLow % ENCODING_VERSIONS;
    return STEP.more;
  }

  next({ input, handler }: ReadContext): Step {
    const begin = input.pos;
    if (!input.readLength()) return STEP.incomplete;
    if (input.value === MODULE_OPCODE.end) {
      handler.warning(
        `the data that module ${JSON.stringify(this.name)} (encoding version ${this.version}) saved beside the keys was skipped`,
      );
      return STEP.done;
    }
    return this.skipElement(input, input.value, begin) ? STEP.more : STEP.incomplete;
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
