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

/**
 * Passes over the data of a module, element by element, and warns of it: what a MODULE_AUX opcode brings (`aux`), which belongs to no key,
 * or a key whose value is a module's. Redis without that module refuses the whole file.
 */
export class ModuleSkipper implements ValueReader {
  private readonly belongsTo: "aux" | "key";
  /** The module and its encoding version, for messages. */
  private module = "";
  private readonly skipped = new RdbString();

  constructor(belongsTo: "aux" | "key") {
    this.belongsTo = belongsTo;
  }

  begin({ input }: ReadContext): Step {
    const begin = input.pos;
    if (!input.readLength()) return STEP.incomplete;
    const { valueHigh, valueLow } = input;
    if (this.belongsTo === "aux") {
      if (!input.readLength()) return STEP.incomplete;
      if (input.value !== MODULE_OPCODE.unsigned)
        throw input.error(`bad module data: opcode ${input.value} where its place should stand`, begin);
      if (!input.readLength()) return STEP.incomplete;
    }
    this.module = `${JSON.stringify(moduleName(valueHigh, valueLow))} (encoding version ${valueLow % ENCODING_VERSIONS})`;
    return STEP.more;
  }

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

  private warning({ entry: { key } }: ReadContext): string {
    if (this.belongsTo === "aux") return `the data that module ${this.module} saved beside the keys was skipped`;
    const shown = JSON.stringify(latin1(key.bytes, key.from, Math.min(key.to, key.from + SHOWN_KEY_BYTES)));
    return `key ${shown} was skipped: its value belongs to module ${this.module}, and there are no modules here`;
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
