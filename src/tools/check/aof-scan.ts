/**
 * Passes the commands of an append-only file without building them: how many there are of each name, where transactions and timestamps are,
 * and up to where the file is whole. What is checked is what redis-check-aof checks and what loading a file does beside: no command is
 * without words.
 *
 *     *<words>\r\n, then of each $<bytes>\r\n<bytes>\r\n      #TS:<seconds>\r\n between commands
 *
 * Hot: a few bytes of each word are looked at.
 */

const STAR = 0x2a;
const DOLLAR = 0x24;
const HASH = 0x23;
const CR = 0x0d;
const LF = 0x0a;
/** Redis's limit of an annotation's line, and of the line of a number, in bytes. */
const LONGEST_ANNOTATION = 1024;
const LONGEST_NUMBER = 32;
/** Longer names are no command's; they are counted under their beginning. */
const NAME_BYTES = 64;
/** No more names than this are told apart: a file of made-up commands must not fill the memory. */
const MOST_NAMES = 10_000;
const OTHERS = "(others)";
const SELECT = "SELECT";

export interface CommandCounts {
  calls: number;
  bytes: number;
}

/** What an append-only file is broken by. */
export class AofDamage extends Error {
  override name = "AofDamage";
  /** Where in the file. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

type State = "between" | "line" | "bulk" | "bulk end";

export class AofScan {
  /** Up to where the file is whole commands, none of them in a transaction that has no end. */
  goodUpTo: number;
  /** Commands up to there. */
  commands = 0;
  transactions = 0;
  /** Timestamps of the annotations, in s since 1970; -1 for none. */
  firstTimestamp = -1;
  lastTimestamp = -1;
  readonly byName = new Map<string, CommandCounts>();
  /** The greatest database that a SELECT names; 0 without any. */
  greatestDatabase = 0;
  /** Where the first annotation is that is later than `until`, and it; -1 for none. */
  laterAt = -1;
  laterTimestamp = -1;
  private readonly until: number;
  private state: State = "between";
  private readonly lineBytes = Buffer.alloc(LONGEST_ANNOTATION);
  private lineLength = 0;
  /** Where the line, or the word, that is being passed begins; where the command does. */
  private began = 0;
  private commandAt = 0;
  private words = 0;
  private wordsLeft = 0;
  private left = 0;
  private readonly name = Buffer.alloc(NAME_BYTES);
  private nameLength = 0;
  /** The word behind SELECT. */
  private readonly index = Buffer.alloc(LONGEST_NUMBER);
  private indexLength = 0;
  private inTransaction = false;
  /** Commands of the transaction under way, MULTI included. */
  private uncounted = 0;

  /** A scan of a file that begins with commands at `offset`. It stops at the first annotation later than `until`. */
  constructor(offset: number, until: number = Number.POSITIVE_INFINITY) {
    this.goodUpTo = offset;
    this.until = until;
  }

  /** Whether what follows is not wanted: an annotation is later than was asked for. */
  get stopped(): boolean {
    return this.laterAt >= 0;
  }

  /** Takes bytes[from, to), which are from `offset` of the file on. Errors: AofDamage. */
  push(bytes: Buffer, from: number, to: number, offset: number): void {
    const shift = offset - from;
    let at = from;
    while (at < to && !this.stopped) {
      switch (this.state) {
        case "between":
          this.beginLine(bytes[at], at + shift);
          break;
        case "line":
          at = this.takeLine(bytes, at, to, shift);
          break;
        case "bulk":
          at = this.takeBulk(bytes, at, to);
          break;
        case "bulk end":
          at = this.takeBulkEnd(bytes, at, shift);
      }
    }
  }

  /** The file is over, at `offset`. Errors: AofDamage. */
  finish(offset: number): void {
    if (this.stopped) return;
    if (this.state === "line" || (this.state === "between" && this.wordsLeft > 0))
      throw new AofDamage(`the file ends in a ${this.what}, where a line should follow`, this.began);
    if (this.state !== "between")
      throw new AofDamage(`the file ends in ${this.what}, of which at least ${this.left + 2} bytes are missing`, offset);
    if (this.inTransaction) throw new AofDamage("the file ends before the EXEC of a MULTI", offset);
  }

  /** What is being passed, for messages. */
  get what(): string {
    if (this.words === 0) return "command";
    const name = this.nameLength > 0 && this.words - this.wordsLeft > 0 ? ` (${this.nameText})` : "";
    return `command${name} that begins at byte ${this.commandAt}, word ${this.words - this.wordsLeft + 1} of ${this.words}`;
  }

  private get nameText(): string {
    return this.name.latin1Slice(0, this.nameLength).toUpperCase();
  }

  private beginLine(first: number, offset: number): void {
    this.began = offset;
    this.lineLength = 0;
    this.state = "line";
    if (this.wordsLeft > 0) {
      if (first !== DOLLAR) throw this.wrongFirst("$", first, offset);
      return;
    }
    if (first !== STAR && first !== HASH) throw this.wrongFirst("*", first, offset);
    this.words = 0;
    this.commandAt = offset;
  }

  private wrongFirst(wanted: string, got: number, offset: number): AofDamage {
    return new AofDamage(`"${wanted}" should stand here, but 0x${got.toString(16).padStart(2, "0")} does (in a ${this.what})`, offset);
  }

  private takeLine(bytes: Buffer, from: number, to: number, shift: number): number {
    const end = bytes.indexOf(LF, from);
    const stop = end === -1 || end >= to ? to : end + 1;
    const { lineBytes } = this;
    const most = (this.lineLength === 0 ? bytes[from] : lineBytes[0]) === HASH ? LONGEST_ANNOTATION : LONGEST_NUMBER;
    if (this.lineLength + stop - from > most) throw new AofDamage(`a line is longer than ${most} bytes (in a ${this.what})`, this.began);
    bytes.copy(lineBytes, this.lineLength, from, stop);
    this.lineLength += stop - from;
    if (lineBytes[this.lineLength - 1] === LF) this.endLine(stop + shift);
    return stop;
  }

  private endLine(offset: number): void {
    const { lineBytes, lineLength } = this;
    if (lineBytes[0] === HASH) return this.endAnnotation(offset);
    if (lineLength < 2 || lineBytes[lineLength - 2] !== CR)
      throw new AofDamage(`a line does not end with \\r\\n (in a ${this.what})`, this.began);
    const text = lineBytes.latin1Slice(1, lineLength - 2);
    if (!/^\d{1,15}$/.test(text)) throw new AofDamage(`${JSON.stringify(text)} is no number (in a ${this.what})`, this.began);
    const value = Number(text);
    if (lineBytes[0] === STAR) {
      if (value === 0) throw new AofDamage("a command has no words", this.began);
      this.words = value;
      this.wordsLeft = value;
      this.nameLength = 0;
      this.indexLength = 0;
      this.state = "between";
      return;
    }
    this.left = value;
    this.state = value === 0 ? "bulk end" : "bulk";
    this.began = offset;
    this.lineLength = 0;
  }

  private endAnnotation(offset: number): void {
    const text = this.lineBytes.latin1Slice(0, this.lineLength);
    this.state = "between";
    const [, digits] = /^#TS:(\d{1,15})\r\n$/.exec(text) ?? [];
    if (digits === undefined) {
      if (text.startsWith("#TS:")) throw new AofDamage(`${JSON.stringify(text.trimEnd())} is no timestamp`, this.began);
    } else {
      const seconds = Number(digits);
      if (seconds > this.until) {
        this.laterAt = this.began;
        this.laterTimestamp = seconds;
        return;
      }
      if (this.firstTimestamp < 0) this.firstTimestamp = seconds;
      this.lastTimestamp = seconds;
    }
    if (!this.inTransaction) this.goodUpTo = offset;
  }

  private takeBulk(bytes: Buffer, from: number, to: number): number {
    const count = Math.min(this.left, to - from);
    if (this.wordsLeft === this.words && this.nameLength < NAME_BYTES)
      this.nameLength += bytes.copy(this.name, this.nameLength, from, from + Math.min(count, NAME_BYTES - this.nameLength));
    else if (this.wordsLeft === this.words - 1 && this.nameLength === SELECT.length && this.indexLength < LONGEST_NUMBER)
      this.indexLength += bytes.copy(this.index, this.indexLength, from, from + Math.min(count, LONGEST_NUMBER - this.indexLength));
    this.left -= count;
    if (this.left === 0) {
      this.state = "bulk end";
      this.lineLength = 0;
    }
    return from + count;
  }

  private takeBulkEnd(bytes: Buffer, at: number, shift: number): number {
    if (bytes[at] !== (this.lineLength === 0 ? CR : LF))
      throw new AofDamage(`a word does not end with \\r\\n (in a ${this.what})`, at + shift);
    if (this.lineLength++ === 0) return at + 1;
    this.state = "between";
    if (--this.wordsLeft === 0) this.endCommand(at + 1 + shift);
    return at + 1;
  }

  private endCommand(offset: number): void {
    const name = this.nameText;
    this.words = 0;
    if (name === "MULTI") {
      if (this.inTransaction) throw new AofDamage("a MULTI stands inside a transaction", this.commandAt);
      this.inTransaction = true;
      this.transactions++;
    } else if (name === "EXEC") {
      if (!this.inTransaction) throw new AofDamage("an EXEC has no MULTI before it", this.commandAt);
      this.inTransaction = false;
    } else if (name === SELECT) this.select(this.index.latin1Slice(0, this.indexLength));
    const counts = this.countsOf(name);
    counts.calls++;
    counts.bytes += offset - this.commandAt;
    this.uncounted++;
    if (this.inTransaction) return;
    this.commands += this.uncounted;
    this.uncounted = 0;
    this.goodUpTo = offset;
  }

  private select(index: string): void {
    if (/^\d{1,9}$/.test(index)) this.greatestDatabase = Math.max(this.greatestDatabase, Number(index));
  }

  private countsOf(name: string): CommandCounts {
    const { byName } = this;
    let counts = byName.get(name);
    if (counts !== undefined) return counts;
    if (byName.size >= MOST_NAMES && name !== OTHERS) return this.countsOf(OTHERS);
    counts = { calls: 0, bytes: 0 };
    byName.set(name, counts);
    return counts;
  }
}
