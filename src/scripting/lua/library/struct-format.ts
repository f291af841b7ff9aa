/** Formats of `struct`, read once: what has to be done for each of their options. */

const MAX_INT = 2 ** 31 - 1;
/** The largest size of an integer in bytes. */
const MAX_INTEGER_SIZE = 32;
/** What `!` without a number aligns to. */
const NATIVE_ALIGNMENT = 8;

/** Formats that are kept. */
const MOST_FORMATS = 128;

export type Step =
  | {
      readonly kind: "signed" | "unsigned" | "float" | "double";
      readonly size: number;
      readonly unit: number;
      readonly littleEndian: boolean;
    }
  /** `x`. */
  | { readonly kind: "skip"; readonly size: 1; readonly unit: number }
  /** `cN`. 0: as many as there are, or as the number before says. */
  | { readonly kind: "characters"; readonly size: number; readonly unit: 0 }
  /** `s`. */
  | { readonly kind: "string"; readonly size: 0; readonly unit: 0 }
  /** An option that has set something for those behind it. */
  | { readonly kind: "setting"; readonly size: 0; readonly unit: 0 }
  /** There is no such option. */
  | { readonly kind: "unknown"; readonly size: 0; readonly unit: 0; readonly option: string }
  /** An error: in the size of an option, which C looks at first, or in what an option sets. */
  | { readonly kind: "bad size" | "bad setting"; readonly size: 0; readonly unit: 0; readonly message: string };

type Numeric = Extract<Step, { littleEndian: boolean }>["kind"];

const NUMBERS: ReadonlyMap<string, readonly [kind: Numeric, size: number]> = new Map([
  ["b", ["signed", 1]],
  ["B", ["unsigned", 1]],
  ["h", ["signed", 2]],
  ["H", ["unsigned", 2]],
  ["l", ["signed", 8]],
  ["L", ["unsigned", 8]],
  ["T", ["unsigned", 8]],
  ["f", ["float", 4]],
  ["d", ["double", 8]],
]);

const SETTING = { kind: "setting", size: 0, unit: 0 } as const;

/** The steps of formats that were used of late. */
export class FormatCache {
  private readonly formats = new Map<string, readonly Step[]>();

  /** `text` has no zero in it. Nothing comes behind a step that is an error. */
  steps(text: string): readonly Step[] {
    const known = this.formats.get(text);
    if (known !== undefined) return known;
    const steps = new FormatReader(text).steps();
    if (this.formats.size >= MOST_FORMATS) this.formats.clear();
    this.formats.set(text, steps);
    return steps;
  }
}

/** Bytes to be left out before an element that would begin at `position`. */
export function padding({ unit }: Step, position: number): number {
  // Units that are no power of two give what the formula gives.
  return unit < 2 ? 0 : (unit - (position & (unit - 1))) & (unit - 1);
}

class FormatReader {
  private at = 0;
  private littleEndian = true;
  private alignment = 1;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  steps(): Step[] {
    const steps: Step[] = [];
    while (this.at < this.text.length) {
      const step = this.step(this.text.charAt(this.at++));
      steps.push(step);
      if (step.kind === "bad size" || step.kind === "bad setting") break;
    }
    return steps;
  }

  private step(option: string): Step {
    const number = NUMBERS.get(option);
    if (number !== undefined) return this.number(...number);
    switch (option) {
      case "i":
      case "I":
        return this.integer(option === "i" ? "signed" : "unsigned");
      case "c": {
        const size = this.digits(1);
        return size > MAX_INT ? bad("size", "integral size overflow") : { kind: "characters", size, unit: 0 };
      }
      case "s":
        return { kind: "string", size: 0, unit: 0 };
      case "x":
        return { kind: "skip", size: 1, unit: 1 };
      default:
        return this.setting(option);
    }
  }

  private number(kind: Numeric, size: number): Step {
    return { kind, size, unit: Math.min(size, this.alignment), littleEndian: this.littleEndian };
  }

  private integer(kind: "signed" | "unsigned"): Step {
    const size = this.digits(4);
    if (size > MAX_INT) return bad("size", "integral size overflow");
    if (size > MAX_INTEGER_SIZE) return bad("size", `integral size ${size} is larger than limit of ${MAX_INTEGER_SIZE}`);
    return this.number(kind, size);
  }

  private setting(option: string): Step {
    if (option === " ") return SETTING;
    if (option === "<" || option === ">") {
      this.littleEndian = option === "<";
      return SETTING;
    }
    if (option !== "!") return { kind: "unknown", size: 0, unit: 0, option };
    const alignment = this.digits(NATIVE_ALIGNMENT);
    if (alignment > MAX_INT) return bad("setting", "integral size overflow");
    if (alignment === 0 || (alignment & (alignment - 1)) !== 0) return bad("setting", `alignment ${alignment} is not a power of 2`);
    this.alignment = alignment;
    return SETTING;
  }

  /** The number at this place, more than MAX_INT if it is too large; `otherwise` if there is none. */
  private digits(otherwise: number): number {
    const [digits = ""] = /^\d*/.exec(this.text.slice(this.at)) ?? [];
    this.at += digits.length;
    return digits === "" ? otherwise : Number(digits);
  }
}

function bad(what: "size" | "setting", message: string): Step {
  return { kind: `bad ${what}`, size: 0, unit: 0, message };
}
