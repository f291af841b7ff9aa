/** What INFO replies, as it was written last. */

/** Takes the figures of a section one by one: as lines of INFO (below), or as series of /metrics (metrics/figures.ts). */
export interface Figures {
  /** Booleans are 1 and 0. */
  add(name: string, value: string | number | bigint | boolean): void;
  /** Of what does not exist here. */
  zeros(...names: readonly string[]): void;
  /** A whole number, rounded down. */
  whole(name: string, value: number): void;
  /** A number with `decimals` digits after the point. */
  ratio(name: string, value: number, decimals?: number, unit?: string): void;
  /** Bytes, which INFO shows in readable form too. */
  bytesOf(name: string, value: number): void;
}

const FIRST_BYTES = 1024;
const CR = 0x0d;
const LF = 0x0a;

/** A line as it was written last, in bytes[from, to); -1 where it has not been. */
interface Line {
  name: string;
  suffix: string;
  value: string | number | bigint | boolean;
  from: number;
  to: number;
}

/**
 * The text of one section: a header and `name:value` lines. It is kept from one INFO to the next and written over: a line whose value is what it was
 * last time is in its place already, and costs a few comparisons. Most lines are, so that INFO takes a few microseconds. A name
 * must always be written by the same method.
 */
export class InfoText implements Figures {
  bytes = Buffer.allocUnsafe(FIRST_BYTES);
  length: number;
  private readonly headerLength: number;
  private readonly lines: Line[] = [];
  private count = 0;

  constructor(title: string) {
    this.headerLength = this.bytes.latin1Write(`# ${title}\r\n`);
    this.length = this.headerLength;
  }

  /** Begins again after the header. Lines that were left out last time are forgotten: others may have been written where they were. */
  restart(): this {
    this.lines.length = this.count;
    this.length = this.headerLength;
    this.count = 0;
    return this;
  }

  /** A line; booleans are 1 and 0. */
  add(name: string, value: string | number | bigint | boolean): void {
    const line = this.next(name, value);
    if (line !== null) this.write(line, typeof value === "boolean" ? (value ? "1" : "0") : String(value));
  }

  /** Lines of what does not exist here. */
  zeros(...names: readonly string[]): void {
    for (const name of names) this.add(name, 0);
  }

  /** A whole number, rounded down. */
  whole(name: string, value: number): void {
    this.add(name, Math.floor(value));
  }

  /** A number with `decimals` digits after the point. */
  ratio(name: string, value: number, decimals = 2, unit = ""): void {
    const line = this.next(name, value);
    if (line !== null) this.write(line, (Number.isFinite(value) ? value : 0).toFixed(decimals) + unit);
  }

  /** Bytes, and the same in readable form as `<name>_human`. */
  bytesOf(name: string, value: number): void {
    this.add(name, value);
    const human = this.next(name, value, "_human");
    if (human !== null) this.write(human, humanBytes(value));
  }

  /** The next line, to be written; null where it stands already. */
  private next(name: string, value: Line["value"], suffix = ""): Line | null {
    let line = this.lines[this.count++];
    if (line === undefined) {
      line = { name, suffix, value, from: -1, to: -1 };
      this.lines.push(line);
    } else if (line.value === value && line.from === this.length && line.name === name && line.suffix === suffix) {
      this.length = line.to;
      return null;
    }
    line.from = -1; // until it is written
    line.name = name;
    line.suffix = suffix;
    line.value = value;
    return line;
  }

  private write(line: Line, text: string): void {
    const { name, suffix } = line;
    // A character takes three bytes at most.
    const end = this.length + (name.length + suffix.length + text.length) * 3 + 3;
    if (end > this.bytes.length) this.bytes = Buffer.concat([this.bytes], end * 2);
    line.from = this.length;
    let at = this.length + this.bytes.write(`${name}${suffix}:${text}`, this.length);
    this.bytes[at++] = CR;
    this.bytes[at++] = LF;
    this.length = at;
    line.to = at;
  }
}

const UNITS = ["K", "M", "G", "T", "P"];

/** `1536` as `1.50K`. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)}${UNITS[unit]}`;
}
