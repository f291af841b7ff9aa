import { describe, expect, test } from "bun:test";
import { Config } from "../../src/config/config.ts";
import { type Cursor, Journal } from "../../src/journal/journal.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { encodeCommand } from "../support/client.ts";
import { check, property, type Random } from "../support/property.ts";

const BLOCK = 512 * 1024;
const MULTI = encodeCommand(["MULTI"]).toString("latin1");
const EXEC = encodeCommand(["EXEC"]).toString("latin1");

function frame(bytes: Buffer): Frame {
  const made = new Frame();
  made.buffer = bytes;
  made.start = 0;
  made.end = bytes.length;
  return made;
}

/** `SET key value`, and what it is in the journal. */
function set(key: string, value: string | Buffer = "v"): Buffer {
  return encodeCommand(["SET", key, value]);
}

function select(index: number): string {
  return encodeCommand(["SELECT", index]).toString("latin1");
}

/** Everything from the cursor on; it ends up at the end. */
function rest(journal: Journal, cursor: Cursor): string {
  const parts: Buffer[] = [];
  journal.read(cursor, (bytes, from, to) => {
    parts.push(Buffer.from(bytes.subarray(from, to)));
    return to - from;
  });
  return Buffer.concat(parts).toString("latin1");
}

/** A recording journal that has selected database 0, and a reader at its end. */
function recording(offset = 0): { journal: Journal; cursor: Cursor; put: (bytes: Buffer, database?: number) => void } {
  const journal = new Journal();
  journal.offset = offset;
  journal.start();
  const put = (bytes: Buffer, database = 0) => journal.append(database, frame(bytes));
  put(set("first"));
  return { journal, cursor: journal.open(journal.offset), put };
}

describe("what the journal takes", () => {
  test("is the request itself, after SELECT when the database changes and only then", () => {
    const journal = new Journal();
    journal.start();
    const cursor = journal.open(0);
    const order = [2, 2, 0, 0, 1, 2];
    for (const index of order) journal.append(index, frame(set(`${index}`)));
    const expected = order.map((index, at) => (order[at - 1] === index ? "" : select(index)) + set(`${index}`).toString("latin1")).join("");
    expect(rest(journal, cursor)).toBe(expected);
    expect([journal.offset, journal.size, journal.firstOffset]).toEqual([expected.length, expected.length, 0]);
    journal.forgetSelected();
    journal.append(2, frame(set("x")));
    expect(rest(journal, cursor)).toBe(select(2) + set("x").toString("latin1"));
  });

  test("is nothing before start and after stop, while raw bytes still move the offset", () => {
    const journal = new Journal();
    journal.append(0, frame(set("a")));
    expect([journal.active, journal.offset]).toEqual([false, 0]);
    journal.appendRaw(Buffer.from("12345"), 1, 4);
    expect([journal.offset, journal.firstOffset, journal.size, journal.heldBytes]).toEqual([3, 3, 0, 0]);
    journal.start();
    journal.append(0, frame(set("a")));
    expect(journal.firstOffset).toBe(3);
    journal.stop();
    expect([journal.active, journal.size, journal.heldBytes]).toEqual([false, 0, 0]);
    const { offset } = journal;
    journal.append(0, frame(set("b")));
    expect(journal.offset).toBe(offset);
    journal.start();
    const cursor = journal.open(offset);
    journal.append(0, frame(set("c")));
    expect(rest(journal, cursor)).toBe(select(0) + set("c").toString("latin1"));
  });

  test("is only what is passed on while it follows another", () => {
    const { journal, cursor, put } = recording();
    journal.following = true;
    put(set("own"));
    journal.appendRaw(set("passed on"), 0, set("passed on").length);
    expect(rest(journal, cursor)).toBe(set("passed on").toString("latin1"));
  });

  test("goes on at another offset after rebase, what was kept being forgotten", () => {
    const { journal, put } = recording();
    journal.rebase(5_000_000_000);
    expect([journal.offset, journal.firstOffset, journal.size]).toEqual([5_000_000_000, 5_000_000_000, 0]);
    const cursor = journal.open(journal.offset);
    put(set("a"));
    expect(rest(journal, cursor)).toBe(select(0) + set("a").toString("latin1"));
    expect(journal.firstOffset).toBe(5_000_000_000);
  });

  test("is announced once until the readers have been served", () => {
    const { journal, put } = recording();
    let told = 0;
    journal.onAppend(() => told++);
    journal.flushed();
    for (let i = 0; i < 3; i++) put(set("a"));
    expect(told).toBe(1);
    journal.flushed();
    journal.appendRaw(set("a"), 0, 5);
    put(set("a"));
    expect(told).toBe(2);
  });
});

describe("a unit", () => {
  test("of one command stays as it is, and one of none leaves nothing", () => {
    const { journal, cursor, put } = recording();
    journal.beginUnit();
    journal.endUnit();
    expect(rest(journal, cursor)).toBe("");
    journal.beginUnit();
    put(set("a"));
    journal.endUnit();
    expect(rest(journal, cursor)).toBe(set("a").toString("latin1"));
  });

  test("of more than one command is wrapped, however they are nested", () => {
    const { journal, cursor, put } = recording();
    journal.beginUnit();
    for (const key of ["a", "b", "c"]) {
      journal.beginUnit();
      put(set(key));
      journal.endUnit();
    }
    journal.endUnit();
    put(set("after"));
    const wrapped = MULTI + ["a", "b", "c"].map((key) => set(key).toString("latin1")).join("") + EXEC;
    expect(rest(journal, cursor)).toBe(wrapped + set("after").toString("latin1"));
  });

  test("has the SELECT of its first command inside", () => {
    const { journal, cursor, put } = recording();
    journal.beginUnit();
    put(set("a"), 3);
    put(set("b"), 1);
    journal.endUnit();
    put(set("c"), 1);
    expect(rest(journal, cursor)).toBe(
      MULTI + select(3) + set("a").toString("latin1") + select(1) + set("b").toString("latin1") + EXEC + set("c").toString("latin1"),
    );
  });

  test("that is scattered stays single commands, but not inside a larger one", () => {
    const { journal, cursor, put } = recording();
    const walk = () => {
      journal.beginUnit();
      journal.scatterUnit();
      put(set("a"));
      put(set("b"));
      journal.endUnit();
    };
    const both = set("a").toString("latin1") + set("b").toString("latin1");
    walk();
    expect(rest(journal, cursor)).toBe(both);
    journal.beginUnit();
    walk();
    journal.endUnit();
    expect(rest(journal, cursor)).toBe(MULTI + both + EXEC);
  });

  test("starts with MULTI wherever its first command lies between blocks", () => {
    const header = set("first").length + select(0).length;
    for (const before of [BLOCK - 1, BLOCK, BLOCK + 1, BLOCK - MULTI.length, BLOCK - MULTI.length + 1, BLOCK - 5]) {
      for (const size of [1, 5, BLOCK, 3 * BLOCK + 7]) {
        const { journal, put } = recording();
        journal.retain = 16 * BLOCK;
        journal.appendRaw(Buffer.alloc(before), 0, before - header);
        const cursor = journal.open(journal.offset);
        const first = set("a", Buffer.alloc(size, "a"));
        journal.beginUnit();
        put(first);
        put(set("b"));
        journal.endUnit();
        const expected = MULTI + first.toString("latin1") + set("b").toString("latin1") + EXEC;
        expect(journal.offset).toBe(before + expected.length);
        check(rest(journal, cursor) === expected, `the unit differs: ${before} bytes before it, ${size} in its first command`);
        check(journal.firstOffset === 0, "nothing was to be dropped");
      }
    }
  });

  test("keeps the place of its MULTI though the backlog is smaller than its first command", () => {
    const { journal, cursor, put } = recording();
    journal.retain = 1;
    journal.close(cursor);
    const from = journal.offset;
    journal.beginUnit();
    put(set("a", Buffer.alloc(4 * BLOCK)));
    const late = journal.open(from);
    put(set("b"));
    journal.endUnit();
    const seen = rest(journal, late);
    expect([seen.length, seen.startsWith(`${MULTI}*3\r\n`), seen.endsWith(EXEC)]).toEqual([journal.offset - from, true, true]);
  });

  test("ends without EXEC when what it began with is forgotten meanwhile", () => {
    const restart = (journal: Journal) => {
      journal.stop();
      journal.start();
    };
    for (const forget of [(journal: Journal) => journal.rebase(100), restart]) {
      const { journal, put } = recording();
      journal.beginUnit();
      put(set("a"));
      put(set("b"));
      forget(journal);
      const cursor = journal.open(journal.offset);
      put(set("c"));
      journal.endUnit();
      expect(rest(journal, cursor)).toBe(select(0) + set("c").toString("latin1"));
    }
    const { journal, put } = recording();
    journal.beginUnit();
    put(set("a"));
    put(set("b"));
    journal.stop();
    const { offset } = journal;
    journal.endUnit();
    expect([journal.offset, journal.size, journal.heldBytes]).toEqual([offset, 0, 0]);
  });
});

describe("a reader", () => {
  test("that takes less than it is given goes on from there", () => {
    const { journal, cursor } = recording();
    const bytes = Buffer.from("0123456789");
    journal.appendRaw(bytes, 0, 10);
    const runs: string[] = [];
    for (let i = 0; i < 4; i++) {
      journal.read(cursor, (buffer, from, to) => {
        runs.push(buffer.toString("latin1", from, to));
        return Math.min(4, to - from);
      });
    }
    expect(runs).toEqual(["0123456789", "456789", "89"]);
    expect(cursor.offset).toBe(journal.offset);
  });

  test("that takes nothing is offered nothing more", () => {
    const { journal, cursor } = recording();
    journal.appendRaw(Buffer.alloc(3 * BLOCK), 0, 3 * BLOCK);
    let offers = 0;
    journal.read(cursor, () => {
      offers++;
      return 0;
    });
    expect([offers, journal.offset - cursor.offset]).toEqual([1, 3 * BLOCK]);
  });

  test("can only start at what is kept", () => {
    const { journal, cursor } = recording();
    expect(() => journal.open(journal.offset + 1)).toThrow("a reader starts at bytes that are kept");
    journal.retain = 0;
    journal.appendRaw(Buffer.alloc(2 * BLOCK), 0, 2 * BLOCK);
    rest(journal, cursor);
    expect(journal.firstOffset).toBeGreaterThan(0);
    expect(() => journal.open(journal.firstOffset - 1)).toThrow("a reader starts at bytes that are kept");
  });

  test("has the backlog reach back to what it lacks, beyond repl-backlog-size, until it leaves", () => {
    const { journal, cursor } = recording();
    journal.retain = 1000;
    for (let i = 0; i < 5; i++) journal.appendRaw(Buffer.alloc(BLOCK, i), 0, BLOCK);
    expect(journal.backlogStart).toBe(cursor.offset);
    journal.close(cursor);
    expect(journal.backlogStart).toBe(journal.offset - 1000);
  });

  test("holds what it has not read, and lets it go when it leaves", () => {
    const { journal, cursor } = recording();
    journal.retain = BLOCK;
    const { offset } = cursor;
    for (let i = 0; i < 10; i++) journal.appendRaw(Buffer.alloc(BLOCK, i), 0, BLOCK);
    expect(journal.firstOffset).toBeLessThanOrEqual(offset);
    expect(journal.heldBytes).toBe(11 * BLOCK);
    journal.close(cursor);
    expect(journal.size).toBeGreaterThanOrEqual(BLOCK);
    expect(journal.size).toBeLessThanOrEqual(2 * BLOCK);
    expect(journal.heldBytes).toBe(2 * BLOCK);
  });
});

/** A reader and what it has been given. */
interface Reader {
  readonly cursor: Cursor;
  readonly from: number;
  readonly parts: Buffer[];
}

/** The journal beside a plain list of what it should hold. */
class Model {
  readonly journal = new Journal();
  readonly base: number;
  readonly readers: Reader[] = [];
  readonly expected: Buffer[] = [];
  private readonly random: Random;
  private selected = -1;
  private end: number;

  constructor(random: Random) {
    this.random = random;
    this.base = random.pick([0, 7, 2 ** 33]);
    this.end = this.base;
    this.journal.offset = this.base;
    this.journal.retain = random.pick([0, 1000, BLOCK, 3 * BLOCK]);
    this.journal.start();
  }

  private expect(bytes: Buffer): void {
    this.expected.push(bytes);
    this.end += bytes.length;
  }

  private size(): number {
    const { random } = this;
    return random.chance(0.9) ? random.below(2000) : random.chance(0.8) ? random.below(BLOCK) : random.below(5 * BLOCK) >> random.below(3);
  }

  /** Appends a command. -> what it is in the journal. */
  private append(): Buffer[] {
    const index = this.random.chance(0.7) ? Math.max(0, this.selected) : this.random.below(4);
    const command = set("key", this.random.bytes(this.size()));
    this.journal.append(index, frame(command));
    const wanted = index === this.selected ? [command] : [Buffer.from(select(index)), command];
    this.selected = index;
    return wanted;
  }

  private unit(): void {
    const { journal, random } = this;
    const parts: Buffer[] = [];
    let counted = 0;
    journal.beginUnit();
    const scattered = random.chance(0.2);
    if (scattered) journal.scatterUnit();
    for (let left = random.below(5); left > 0; left--) {
      const nested = random.chance(0.5);
      if (nested) journal.beginUnit();
      parts.push(...this.append());
      if (!scattered) counted++;
      if (nested) journal.endUnit();
    }
    journal.endUnit();
    this.expect(Buffer.concat(counted < 2 ? parts : [Buffer.from(MULTI), ...parts, Buffer.from(EXEC)]));
  }

  private read(): void {
    const { random, journal } = this;
    if (this.readers.length === 0) return;
    const { cursor, parts } = random.pick(this.readers);
    let left = random.chance(0.5) ? Number.POSITIVE_INFINITY : random.below(2 * BLOCK);
    const before = cursor.offset;
    let taken = 0;
    journal.read(cursor, (bytes, from, to) => {
      const take = Math.min(to - from, left);
      left -= take;
      taken += take;
      parts.push(Buffer.from(bytes.subarray(from, from + take)));
      return take;
    });
    check(cursor.offset === before + taken, "the cursor moved by what was taken");
    check(left === 0 || cursor.offset === journal.offset, "a reader is given all it takes");
  }

  private openOrClose(): void {
    const { random, journal, readers } = this;
    if (readers.length > 3 || (readers.length > 0 && random.chance(0.3))) {
      const [reader] = readers.splice(random.below(readers.length), 1);
      this.verify(reader);
      journal.close(reader.cursor);
      return;
    }
    const from = random.between(journal.firstOffset, journal.offset);
    readers.push({ cursor: journal.open(from), from, parts: [] });
  }

  step(): void {
    const what = this.random.below(100);
    if (what < 40) for (const part of this.append()) this.expect(part);
    else if (what < 60) this.unit();
    else if (what < 65) {
      const raw = this.random.bytes(this.size());
      const from = this.random.below(raw.length + 1);
      this.journal.appendRaw(raw, from, raw.length);
      this.expect(raw.subarray(from));
    } else if (what < 92) this.read();
    else this.openOrClose();
    this.checkOffsets();
  }

  private checkOffsets(): void {
    const { journal } = this;
    check(journal.offset === this.end, `the offset is ${journal.offset}, not ${this.end}`);
    check(journal.size === journal.offset - journal.firstOffset, "the size is what lies between both ends");
    let needed = Math.max(this.base, journal.offset - journal.retain);
    for (const { cursor } of this.readers) needed = Math.min(needed, cursor.offset);
    check(journal.firstOffset <= needed, "what a reader or the backlog needs is kept");
    check(journal.heldBytes >= journal.size && journal.heldBytes < journal.size + BLOCK + 1, "no block is held in vain");
  }

  verify(reader: Reader): void {
    const all = Buffer.concat(this.expected);
    const wanted = all.subarray(reader.from - this.base, reader.cursor.offset - this.base);
    check(Buffer.concat(reader.parts).equals(wanted), `a reader that began at ${reader.from} was given what was appended, in order`);
  }
}

property(
  "readers at any place are given what was appended, in order, and nothing they need is dropped",
  (random) => {
    const model = new Model(random);
    for (let steps = 0; steps < 150; steps++) model.step();
    const { journal, readers } = model;
    for (const reader of readers) {
      reader.parts.push(Buffer.from(rest(journal, reader.cursor), "latin1"));
      model.verify(reader);
    }
    journal.retain = 0;
    for (const { cursor } of readers) journal.close(cursor);
    journal.close({ offset: 0 });
    check(journal.size <= BLOCK, "nothing is kept that no reader needs");
  },
  12,
);

test("blocks are as small as the backlog is, so that little more than that is kept", () => {
  for (const [size, most] of [
    ["16kb", 48 * 1024],
    ["1mb", 1536 * 1024],
    ["20mb", 20.5 * 1024 * 1024],
  ] as const) {
    const journal = new Journal();
    journal.followDirective(Config.of({ "repl-backlog-size": size }));
    journal.start();
    for (let i = 0; i < 300; i++) journal.appendRaw(Buffer.alloc(100_000, i), 0, 100_000);
    expect(journal.heldBytes).toBeGreaterThanOrEqual(journal.retain);
    expect(journal.heldBytes).toBeLessThanOrEqual(most);
  }
});
