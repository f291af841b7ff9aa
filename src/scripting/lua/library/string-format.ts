/** `string.format`: C's printf as glibc has it, to the byte, for the conversions that Lua lets through. */

import { checkNumber, checkString, cString, toInteger } from "../arguments.ts";
import { exponentialDigits, fixedDigits, generalDigits, isNegative, specialText } from "../numbers.ts";
import type { LuaState } from "../state.ts";
import type { LuaValue } from "../value.ts";

/** A part of a template: text, a conversion, or a mistake, which shows only when the text before it has been made. */
type Part = string | Conversion | Mistake;

/** What stands between `%` and the letter, and that letter. */
class Conversion {
  readonly letter: string;
  /** -1: none is given. */
  readonly precision: number;
  readonly width: number;
  /** The flags `-`, `0`, `#`. */
  readonly isLeft: boolean;
  readonly hasZeros: boolean;
  readonly isAlternate: boolean;
  /** What stands in front of a number that is not negative: the flags `+` and space. */
  readonly sign: string;

  constructor(letter: string, flags: string, width: number, precision: number) {
    this.letter = letter;
    this.precision = precision;
    this.width = width;
    this.isLeft = flags.includes("-");
    this.hasZeros = flags.includes("0");
    this.isAlternate = flags.includes("#");
    this.sign = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  }
}

class Mistake {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

const FLAGS = "-+ #0";
/** More flags than there are must be repeated ones. */
const MAX_FLAGS = FLAGS.length;
/** Strings of this length and more are not cut at a zero byte, nor padded, without a precision. */
const LONG_STRING = 100;
const DEFAULT_PRECISION = 6;
/** Templates that are kept, and how long they may be. */
const MAX_TEMPLATES = 200;
const MAX_TEMPLATE_LENGTH = 500;

/** `string.format` of one interpreter, which keeps the templates that it has read. */
export class Formatter {
  private readonly L: LuaState;
  private readonly known = new Map<string, readonly Part[]>();

  constructor(L: LuaState) {
    this.L = L;
  }

  /** The text of `string.format(...values)`. Errors: those of arguments, and of conversions that Lua does not know. */
  format(values: readonly LuaValue[]): string {
    const { L } = this;
    let text = "";
    let argument = 1;
    for (const part of this.read(checkString(L, values, 1))) {
      if (typeof part === "string") {
        text += part;
        continue;
      }
      if (++argument > values.length) throw L.argumentError(argument, "no value");
      if (part instanceof Mistake) throw L.error(part.message);
      text += convert(L, part, values, argument);
    }
    return L.made(text);
  }

  private read(template: string): readonly Part[] {
    let parts = this.known.get(template);
    if (parts === undefined) {
      parts = readTemplate(template);
      if (this.known.size >= MAX_TEMPLATES) this.known.clear();
      if (template.length <= MAX_TEMPLATE_LENGTH) this.known.set(template, parts);
    }
    return parts;
  }
}

function readTemplate(template: string): Part[] {
  const parts: Part[] = [];
  let text = "";
  let copied = 0;
  for (let place = template.indexOf("%"); place >= 0; place = template.indexOf("%", copied)) {
    text += template.slice(copied, place);
    if (template.charAt(place + 1) === "%") {
      text += "%";
      copied = place + 2;
      continue;
    }
    if (text !== "") parts.push(text);
    text = "";
    const [part, length] = readConversion(template, place + 1);
    parts.push(part);
    if (part instanceof Mistake) return parts;
    copied = place + 1 + length;
  }
  text += template.slice(copied);
  if (text !== "") parts.push(text);
  return parts;
}

/** Reads what follows a `%`. Returns how long that is, too. Source: scanformat. */
function readConversion(template: string, start: number): [part: Conversion | Mistake, length: number] {
  let place = start;
  while (place < template.length && FLAGS.includes(template.charAt(place))) place++;
  const flags = template.slice(start, place);
  if (flags.length > MAX_FLAGS) return [new Mistake("invalid format (repeated flags)"), 0];
  const width = twoDigits(template, place);
  place += width.length;
  let precision = -1;
  if (template.charAt(place) === ".") {
    const digits = twoDigits(template, place + 1);
    place += 1 + digits.length;
    precision = Number(digits);
  }
  if (isDigit(template.charCodeAt(place))) return [new Mistake("invalid format (width or precision too long)"), 0];
  const letter = template.charAt(place);
  if (letter !== "" && "cdiouxXeEfgGqs".includes(letter))
    return [new Conversion(letter, flags, Number(width), precision), place + 1 - start];
  return [new Mistake(`invalid option '%${letter === "\0" ? "" : letter}' to 'format'`), 0];
}

function twoDigits(text: string, place: number): string {
  if (!isDigit(text.charCodeAt(place))) return "";
  return text.slice(place, isDigit(text.charCodeAt(place + 1)) ? place + 2 : place + 1);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function convert(L: LuaState, conversion: Conversion, values: readonly LuaValue[], argument: number): string {
  switch (conversion.letter) {
    case "s":
      return formatString(conversion, checkString(L, values, argument));
    case "q":
      return quoted(checkString(L, values, argument));
    case "c":
      return formatCharacter(conversion, checkNumber(L, values, argument));
    case "d":
    case "i":
      return formatSigned(conversion, toInteger(checkNumber(L, values, argument)));
    case "o":
    case "u":
    case "x":
    case "X":
      return formatUnsigned(conversion, checkNumber(L, values, argument));
    default:
      return formatDouble(conversion, checkNumber(L, values, argument));
  }
}

/** C's conversion of a double to an unsigned 64-bit integer as gcc compiles it for x86-64. */
function toUnsigned(n: number): number | bigint {
  if (n >= 0 && n <= Number.MAX_SAFE_INTEGER) return Math.trunc(n);
  if (n >= 2 ** 64) return 0;
  return n >= 2 ** 63 ? BigInt(n) : BigInt.asUintN(64, BigInt(toInteger(n)));
}

function formatSigned(conversion: Conversion, n: number): string {
  const text = Number.isSafeInteger(n) ? String(n) : BigInt(n).toString();
  if (conversion.width === 0 && conversion.precision < 0 && conversion.sign === "") return text;
  const digits = precise(conversion, n < 0 ? text.slice(1) : text);
  return pad(conversion, n < 0 ? "-" : conversion.sign, digits, conversion.precision < 0);
}

function formatUnsigned(conversion: Conversion, number: number): string {
  const { letter } = conversion;
  const n = toUnsigned(number);
  let digits = precise(conversion, n.toString(letter === "u" ? 10 : letter === "o" ? 8 : 16));
  let prefix = "";
  if (conversion.isAlternate) {
    if (letter === "o" && !digits.startsWith("0")) digits = `0${digits}`;
    if ((letter === "x" || letter === "X") && n !== 0 && n !== 0n) prefix = "0x";
  }
  const text = pad(conversion, prefix, digits, conversion.precision < 0);
  return letter === "X" ? text.toUpperCase() : text;
}

/** An integer with as many digits as the precision asks for; none for zero where it asks for none. */
function precise({ precision }: Conversion, digits: string): string {
  if (precision < 0) return digits;
  return precision === 0 && digits === "0" ? "" : digits.padStart(precision, "0");
}

function formatDouble(conversion: Conversion, n: number): string {
  const { letter, isAlternate } = conversion;
  const precision = conversion.precision < 0 ? DEFAULT_PRECISION : conversion.precision;
  const size = Math.abs(n);
  const isNumber = Number.isFinite(size);
  let digits: string;
  if (!isNumber) digits = specialText(size);
  else if (letter === "f") digits = fixedDigits(size, precision, isAlternate);
  else if (letter === "e" || letter === "E") digits = exponentialDigits(size, precision, isAlternate);
  else digits = generalDigits(size, Math.max(precision, 1), isAlternate);
  const text = pad(conversion, isNegative(n) ? "-" : conversion.sign, digits, isNumber);
  return letter === "E" || letter === "G" ? text.toUpperCase() : text;
}

/** Brings a number to the width, with zeros where the flags ask for them and `takesZeros`. */
function pad({ isLeft, hasZeros, width }: Conversion, prefix: string, digits: string, takesZeros: boolean): string {
  if (prefix.length + digits.length >= width) return prefix + digits;
  if (isLeft) return (prefix + digits).padEnd(width);
  if (takesZeros && hasZeros) return prefix + digits.padStart(width - prefix.length, "0");
  return (prefix + digits).padStart(width);
}

/** A zero byte ends the text, as in C. */
function formatCharacter({ isLeft, width }: Conversion, n: number): string {
  const code = toInteger(n);
  const character = code === (code | 0) ? String.fromCharCode(code & 0xff) : "\0";
  return cString(isLeft ? character.padEnd(width) : character.padStart(width));
}

function formatString({ isLeft, width, precision }: Conversion, value: string): string {
  if (precision < 0 && value.length >= LONG_STRING) return value;
  const whole = cString(value);
  const text = precision < 0 ? whole : whole.slice(0, precision);
  return isLeft ? text.padEnd(width) : text.padStart(width);
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\n", "\\\n"],
  ["\r", "\\r"],
  ["\0", "\\000"],
]);

/** The value as Lua would read it. */
function quoted(value: string): string {
  return `"${value.replace(/["\\\n\r\0]/g, (character) => ESCAPES.get(character) as string)}"`;
}
