import { afterEach, describe, expect, test } from "bun:test";
import { Arena } from "../../src/memory/arena.ts";
import type { ByteMap } from "../../src/memory/bytemap.ts";
import { intsetValid } from "../../src/memory/intset.ts";
import { ObjectTable } from "../../src/memory/objects.ts";
import { Element, packedValid } from "../../src/memory/packed.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { DEFAULT_LIMITS, type ValueLimits } from "../../src/values/limits.ts";
import {
  setAdd,
  setAddHashed,
  setChoose,
  setEach,
  setExpect,
  setHas,
  setHasHashed,
  setLength,
  setRandom,
  setRead,
  setRemove,
  setRemoveAt,
  setRemoveHashed,
  setReserve,
  setToIntset,
  setToListpack,
  setWalk,
} from "../../src/values/set/set.ts";
import { setIntersect, setIntersectInto, setSubtractInto, setUniteInto, sortBySize } from "../../src/values/set/set-algebra.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { ENCODING_NAMES, Type } from "../../src/values/value-types.ts";
import { check, property, type Random } from "../support/property.ts";

const tables = { arena: new Arena(), objects: new ObjectTable(), seed: randomSeed() };
const element = new Element();
const made: Temporary[] = [];

/** Every test gives back all that it took. */
afterEach(() => {
  for (const temporary of made.splice(0)) temporary.discard();
  expect(tables.arena.usedBytes).toBe(0);
});

function empty(limits: Partial<ValueLimits> = {}): Temporary {
  const temporary = new Temporary(tables, { ...DEFAULT_LIMITS, ...limits }).begin(Type.SET);
  made.push(temporary);
  return temporary;
}

function of(words: readonly (string | number)[], limits: Partial<ValueLimits> = {}): Temporary {
  const temporary = empty(limits);
  for (const word of words) add(temporary, word);
  return temporary;
}

function range(from: number, to: number, prefix = ""): string[] {
  return Array.from({ length: to - from }, (_, index) => prefix + (from + index));
}

function add(temporary: Temporary, word: string | number): boolean {
  const bytes = Buffer.from(`<${word}>`, "latin1");
  return setAdd(temporary, bytes, 1, bytes.length - 1);
}

function has(temporary: Temporary, word: string | number): boolean {
  const bytes = Buffer.from(`<${word}>`, "latin1");
  return setHas(temporary, bytes, 1, bytes.length - 1);
}

function remove(temporary: Temporary, word: string | number): boolean {
  const bytes = Buffer.from(`<${word}>`, "latin1");
  return setRemove(temporary, bytes, 1, bytes.length - 1);
}

function expectMembers(temporary: Temporary, count: number, first: string | number): Temporary {
  const bytes = Buffer.from(String(first), "latin1");
  setExpect(temporary, count, bytes, 0, bytes.length);
  return temporary;
}

function textOf(member: Element): string {
  return member.bytes.toString("latin1", member.from, member.to);
}

function at(temporary: Temporary, place: number): string {
  setRead(temporary, place, element);
  return textOf(element);
}

function members(temporary: Temporary): string[] {
  const found: string[] = [];
  setEach(temporary, (member) => found.push(textOf(member)));
  return found;
}

function encoding(temporary: Temporary): string {
  return ENCODING_NAMES[temporary.encoding];
}

describe("the encoding of a set", () => {
  test("is intset for integers, listpack with the first string, hashtable when there are too many", () => {
    const set = of(range(0, 100));
    expect(encoding(set)).toBe("intset");
    add(set, "x");
    expect(encoding(set)).toBe("listpack");
    expect(members(set)).toEqual([...range(0, 100), "x"]);
    for (const word of range(100, 127)) add(set, word);
    expect([encoding(set), setLength(set)]).toEqual(["listpack", 128]);
    add(set, "0");
    expect(encoding(set)).toBe("listpack");
    add(set, "y");
    expect([encoding(set), setLength(set)]).toEqual(["hashtable", 129]);
    expect(members(set).sort()).toEqual([...range(0, 127), "x", "y"].sort());
  });

  test("goes from intset to hashtable past set-max-intset-entries", () => {
    const set = of(range(0, 512));
    expect(encoding(set)).toBe("intset");
    add(set, 0);
    expect(encoding(set)).toBe("intset");
    add(set, 512);
    expect([encoding(set), setLength(set)]).toEqual(["hashtable", 513]);
  });

  test("goes from intset to hashtable with a string when there are as many integers as a listpack may have", () => {
    expect(encoding(of([...range(0, 127), "x"]))).toBe("listpack");
    expect(encoding(of([...range(0, 128), "x"]))).toBe("hashtable");
  });

  test("becomes hashtable with a string that is too long, also as its first", () => {
    const longest = "v".repeat(64);
    expect(encoding(of([longest]))).toBe("listpack");
    expect(encoding(of([`${longest}v`]))).toBe("hashtable");
    expect(encoding(of(["x", `${longest}v`]))).toBe("hashtable");
    expect(encoding(of([1, `${longest}v`]))).toBe("hashtable");
    expect(encoding(of(["", "x"]))).toBe("listpack");
  });

  test("does not become listpack when an integer of the intset is longer than set-max-listpack-value", () => {
    const limits = { setValueBytes: 4 };
    expect(encoding(of([1234, "abc"], limits))).toBe("listpack");
    expect(encoding(of([12345, "abc"], limits))).toBe("hashtable");
    expect(encoding(of([-1234, 5, "abc"], limits))).toBe("hashtable");
    // Only the outermost are looked at.
    expect(encoding(of([-100, 5, 1000, "abc"], limits))).toBe("listpack");
  });

  test("of one that is made depends on the first member and on how many are to come", () => {
    expect(encoding(expectMembers(empty(), 512, 1))).toBe("intset");
    expect(encoding(expectMembers(empty(), 513, 1))).toBe("hashtable");
    expect(encoding(expectMembers(empty(), 128, "x"))).toBe("listpack");
    expect(encoding(expectMembers(empty(), 129, "x"))).toBe("hashtable");
    expect(encoding(expectMembers(empty({ setIntegers: 2 }), 3, 1))).toBe("listpack");
    const few = expectMembers(empty({ setIntegers: 0 }), 1, 1);
    add(few, 1);
    expect(encoding(few)).toBe("listpack");
  });

  test("of one that is there changes only when what is to come alone is too much", () => {
    expect(encoding(expectMembers(of(["x"]), 128, "y"))).toBe("listpack");
    expect(encoding(expectMembers(of(["x"]), 129, "y"))).toBe("hashtable");
    expect(encoding(expectMembers(of([1]), 512, "y"))).toBe("intset");
    expect(encoding(expectMembers(of([1]), 513, "y"))).toBe("hashtable");
    expect(members(expectMembers(of([1, 2]), 513, "y")).sort()).toEqual(["1", "2"]);
  });

  test("an intset in name only is made of integers on demand, unless they are too many", () => {
    const set = of(["x", 3, 2 ** 40, -7]);
    remove(set, "x");
    expect(encoding(set)).toBe("listpack");
    setToIntset(set);
    expect([encoding(set), members(set)]).toEqual(["intset", ["-7", "3", `${2 ** 40}`]]);
    const large = of(["x", ...range(0, 300)]);
    remove(large, "x");
    setToIntset(large);
    expect([encoding(large), members(large)]).toEqual(["intset", range(0, 300)]);
    const larger = of(["x", ...range(0, 513)]);
    remove(larger, "x");
    setToIntset(larger);
    expect(encoding(larger)).toBe("hashtable");
  });

  test("is hashtable from the start only where it would become one anyhow", () => {
    for (const [count, name] of [
      [512, "intset"],
      [513, "hashtable"],
    ] as const) {
      const set = empty();
      setReserve(set, count);
      expect(encoding(set)).toBe(name);
    }
  });
});

/** Words that make sets of every encoding. */
function vocabulary(random: Random): string[] {
  const size = random.pick([5, 60, 200, 900]);
  const kind = random.below(4);
  return Array.from({ length: size }, (_, index) => {
    if (kind === 0) return String(index - 30);
    if (kind === 1) return String(BigInt(random.below(2 ** 32)) * 2n ** 31n - 2n ** 62n);
    if (kind === 2) return random.bytes(random.below(70)).toString("latin1");
    return index % 10 === 9 ? `word-${index}` : String(index * 1000);
  });
}

function checkSame(set: Temporary, model: ReadonlySet<string>): void {
  check(setLength(set) === model.size, "length");
  const found = members(set);
  check(new Set(found).size === found.length, "no member twice");
  check(found.length === model.size && found.every((word) => model.has(word)), "members");
  if (set.object !== null || model.size === 0) return;
  const name = encoding(set);
  check((name === "intset" ? intsetValid : packedValid)(set.buffer, set.from, set.to), "valid bytes");
  if (name === "intset")
    check(
      found.every((word, index) => index === 0 || BigInt(word) > BigInt(found[index - 1])),
      "ascending",
    );
}

describe("a set and its model", () => {
  property(
    "agree about adding, removing, finding and drawing",
    (random) => {
      const words = vocabulary(random);
      const set = empty(random.chance(0.3) ? { setEntries: 20, setIntegers: 30 } : {});
      const model = new Set<string>();
      for (let step = 0; step < 1500; step++) {
        const word = random.pick(words);
        if (random.chance(0.7)) {
          check(add(set, word) === !model.has(word), `add ${word}`);
          model.add(word);
        } else if (random.chance(0.8)) {
          check(remove(set, word) === model.delete(word), `remove ${word}`);
        } else if (model.size > 0) {
          const place = setRandom(set);
          const drawn = at(set, place);
          check(model.delete(drawn), `drawn ${drawn}`);
          setRemoveAt(set, place);
        }
        const other = random.pick(words);
        check(has(set, other) === model.has(other), `has ${other}`);
        if (step % 100 === 0) checkSame(set, model);
      }
      checkSame(set, model);
      set.discard();
    },
    20,
  );

  property(
    "agree where hashes are known",
    (random) => {
      const words = vocabulary(random);
      const set = empty();
      const model = new Set<string>();
      const other = of(["x".repeat(65)]);
      const map = other.object as ByteMap;
      for (let step = 0; step < 500; step++) {
        const bytes = Buffer.from(random.pick(words), "latin1");
        const word = bytes.toString("latin1");
        const hash = map.table.hash(bytes, 0, bytes.length);
        check(setHasHashed(set, hash, bytes, 0, bytes.length) === model.has(word), `has ${word}`);
        if (random.chance(0.7)) {
          check(setAddHashed(set, hash, bytes, 0, bytes.length) === !model.has(word), `add ${word}`);
          model.add(word);
        } else {
          check(setRemoveHashed(set, hash, bytes, 0, bytes.length) === model.delete(word), `remove ${word}`);
        }
      }
      checkSame(set, model);
      set.discard();
      other.discard();
    },
    10,
  );

  property(
    "agree on places, whose members can be taken out from the last to the first",
    (random) => {
      const words = vocabulary(random);
      const set = of(words);
      const model = new Set(words);
      const count = random.below(model.size + 2);
      const places = setChoose(set, count);
      check(places.length === Math.min(count, model.size), "as many as asked for");
      const chosen = Array.from(places, (place) => at(set, place));
      check(new Set(chosen).size === chosen.length, "no choice twice");
      for (let index = places.length - 1; index >= 0; index--) {
        setRemoveAt(set, places[index]);
        check(model.delete(chosen[index]), `chosen ${chosen[index]}`);
      }
      checkSame(set, model);
      set.discard();
    },
    20,
  );
});

describe("walking", () => {
  test("ends when the visitor says so", () => {
    for (const set of [of([1, 2, 3]), of(["a", "b", "c"]), of(range(0, 600))]) {
      let seen = 0;
      expect(setWalk(set, () => ++seen < 2)).toBe(false);
      expect(seen).toBe(2);
      expect(setWalk(set, () => true)).toBe(true);
    }
  });

  test("a hash table may be looked into meanwhile, rehash or not", () => {
    const set = of(range(0, 5000, "w"));
    for (const word of range(0, 4900, "w")) remove(set, word);
    const seen: string[] = [];
    setEach(set, (member) => {
      seen.push(textOf(member));
      expect(has(set, "w4950")).toBe(true);
    });
    expect(seen.sort()).toEqual(range(4900, 5000, "w"));
  });

  test("a visitor that throws leaves the hash table able to rehash", () => {
    const set = of(range(0, 600, "w"));
    expect(() =>
      setEach(set, () => {
        throw new Error("enough");
      }),
    ).toThrow("enough");
    expect((set.object as ByteMap).table.rehashPaused).toBe(false);
  });
});

describe("drawing", () => {
  const SETS: readonly (readonly [string, readonly (string | number)[]])[] = [
    ["intset", range(0, 40)],
    ["listpack", range(0, 40, "w")],
    ["hashtable", [...range(0, 39, "w"), "v".repeat(65)]],
  ];
  for (const [name, words] of SETS) {
    test(`every member of a set that is ${name} has the same chance`, () => {
      const set = of(words);
      expect(encoding(set)).toBe(name);
      const drawn = new Map<string, number>();
      const chosen = new Map<string, number>();
      const count = (counts: Map<string, number>, word: string) => counts.set(word, (counts.get(word) ?? 0) + 1);
      for (let round = 0; round < 8000; round++) {
        count(drawn, at(set, setRandom(set)));
        for (const place of setChoose(set, round % 2 === 0 ? 5 : 30)) count(chosen, at(set, place));
      }
      // 39 degrees of freedom: 90 is passed once in some 200,000 times.
      expect(chiSquare([...drawn.values()], 40)).toBeLessThan(90);
      expect(chiSquare([...chosen.values()], 40)).toBeLessThan(90);
    });
  }

  function chiSquare(counts: readonly number[], kinds: number): number {
    const mean = counts.reduce((sum, count) => sum + count, 0) / kinds;
    expect(counts.length).toBe(kinds);
    return counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
  }
});

describe("what sets have in common, in all, and more than others", () => {
  const sameTemporary = (a: unknown, b: unknown) => a === b;

  property(
    "agrees with a model, whatever the encodings",
    (random) => {
      const words = vocabulary(random);
      const models = Array.from({ length: random.between(1, 5) }, () => {
        const share = random.pick([0, 0.05, 0.5, 0.9]);
        return new Set(words.filter(() => random.chance(share)));
      });
      const sets = models.map((model) => of([...model]));
      const union = empty();
      setUniteInto(union, sets);
      checkSame(union, new Set(models.flatMap((model) => [...model])));
      const difference = empty();
      setSubtractInto(difference, sets, sameTemporary);
      const [first, ...others] = models;
      checkSame(difference, new Set([...first].filter((word) => others.every((other) => !other.has(word)))));
      const common = new Set([...first].filter((word) => others.every((other) => other.has(word))));
      const sorted = sortBySize([...sets]);
      const intersection = empty();
      setIntersectInto(intersection, sorted);
      checkSame(intersection, common);
      const places: number[] = [];
      setIntersect(sorted, (_member, place) => places.push(place) > 0);
      check(places.length === common.size && places.every((place) => common.has(at(sorted[0], place))), "places");
      for (const set of [...sets, union, difference, intersection]) set.discard();
    },
    40,
  );

  test("results are encoded as Redis 7.2 does", () => {
    const into = (work: (temporary: Temporary, sets: Temporary[]) => void, ...sets: Temporary[]): string => {
      const temporary = empty();
      work(temporary, sets);
      return `${encoding(temporary)} ${setLength(temporary)}`;
    };
    const subtract = (temporary: Temporary, sets: Temporary[]) => setSubtractInto(temporary, sets, sameTemporary);
    const manyIntegers = of(["x", ...range(0, 200)]);
    const mixed = of(["y", ...range(0, 600)]);
    expect([encoding(manyIntegers), encoding(mixed)]).toEqual(["hashtable", "hashtable"]);
    expect(into(setIntersectInto, manyIntegers, mixed)).toBe("intset 200");
    expect(into(setIntersectInto, of(["a", "b", 1]), of([1, "a", 7, 8]))).toBe("listpack 2");
    expect(into(setIntersectInto, of(["a", 1]), of(["b", 1]))).toBe("intset 1");
    expect(into(setUniteInto, of([1, 2]), of([3]))).toBe("intset 3");
    expect(into(setUniteInto, of([1, 2]), of(["a"]))).toBe("listpack 3");
    expect(into(setUniteInto, of(range(0, 300)), of(range(300, 513)))).toBe("hashtable 513");
    expect(into(subtract, mixed, of(["y", ...range(3, 600)]))).toBe("intset 3");
    // Taking away rather than adding: what was large stays a hash table.
    const others = [of(["y", ...range(3, 600)]), of(["q"]), of(["r"]), of(["s"])];
    expect(into(subtract, mixed, ...others)).toBe("hashtable 3");
  });

  test("a set less itself is empty, wherever it stands", () => {
    const set = of([1, 2, 3]);
    const temporary = empty();
    setSubtractInto(temporary, [set, of([9]), set], sameTemporary);
    expect(setLength(temporary)).toBe(0);
  });

  test("a listpack that was made empty takes members of all kinds", () => {
    const set = empty();
    setToListpack(set);
    for (const word of [1, "a", ""]) expect(add(set, word)).toBe(true);
    expect([encoding(set), members(set)]).toEqual(["listpack", ["1", "a", ""]]);
  });
});
