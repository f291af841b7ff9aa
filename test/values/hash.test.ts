import { describe, expect, test } from "bun:test";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { ByteMap } from "../../src/memory/bytemap.ts";
import { Element, packedEnd, packedInsertPair, packedValid } from "../../src/memory/packed.ts";
import {
  hashDelete,
  hashDraw,
  hashEach,
  hashExpect,
  hashFind,
  hashGet,
  hashLength,
  hashMap,
  hashPut,
  hashRandom,
  hashSample,
  hashSet,
} from "../../src/values/hash/hash.ts";
import { DEFAULT_LIMITS, type ValueLimits } from "../../src/values/limits.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";
import { check, property, type Random } from "../support/property.ts";

const { space } = new Keyspace({ databases: 1, now: 0 });
const shown = new Element();
const shownValue = new Element();

function temporaryOf(limits: Partial<ValueLimits> = {}): Temporary {
  return new Temporary(space, { ...DEFAULT_LIMITS, ...limits }).begin(Type.HASH);
}

function text(element: Element): string {
  return element.bytes.latin1Slice(element.from, element.to);
}

function put(hash: Temporary, field: string, value: string): boolean {
  return hashSet(hash, Buffer.from(field, "latin1"), 0, field.length, Buffer.from(value, "latin1"), 0, value.length);
}

function contents(hash: Temporary): Map<string, string> {
  const found = new Map<string, string>();
  hashEach(hash, (field, value) => found.set(text(field), text(value)));
  return found;
}

function checkEqual(hash: Temporary, model: Map<string, string>): void {
  check(hashLength(hash) === model.size, "the length is wrong");
  const found = contents(hash);
  check(found.size === model.size, "fields come twice or not at all");
  for (const [field, value] of model) check(found.get(field) === value, `field ${field} is wrong`);
  if (hash.object === null) check(packedValid(hash.buffer, hash.from, hash.to, { step: 2 }), "the packed bytes are not valid");
}

function randomText(random: Random, longest: number): string {
  if (random.chance(0.3)) return String(random.between(-200, 200));
  return random.bytes(random.below(longest)).toString("latin1");
}

for (const [name, limits, fields] of [
  ["packed", {}, 60],
  ["large", { hashEntries: 0 }, 600],
  ["on the way from packed to large", { hashEntries: 40 }, 60],
] as const) {
  property(
    `a hash that is ${name} agrees with a map`,
    (random) => {
      const used = space.arena.usedBytes;
      const hash = temporaryOf(limits);
      const model = new Map<string, string>();
      const names = Array.from({ length: fields }, () => randomText(random, 30));
      for (let step = 0; step < 1500; step++) {
        const field = random.pick(names);
        const bytes = Buffer.from(field, "latin1");
        const isLong = name === "large" && random.chance(0.01);
        const value = isLong ? random.bytes(random.between(30_000, 40_000)).toString("latin1") : randomText(random, 64);
        const wasThere = model.has(field);
        switch (random.below(4)) {
          case 0:
            check(hashDelete(hash, bytes, 0, bytes.length) === wasThere, "deleted what is not there");
            model.delete(field);
            break;
          case 1: {
            const place = hashFind(hash, bytes, 0, bytes.length);
            check((place !== 0) === wasThere, "found what is not there");
            const source = Buffer.from(value, "latin1");
            check(hashPut(hash, place, bytes, 0, bytes.length, source, 0, source.length) === !wasThere, "new or not");
            model.set(field, value);
            break;
          }
          case 2:
            check(put(hash, field, value) === !wasThere, "new or not");
            model.set(field, value);
            break;
          default:
            check(hashGet(hash, bytes, 0, bytes.length, shown) === wasThere, "got what is not there");
            if (wasThere) check(text(shown) === model.get(field), "got something else");
        }
        if (step % 20 === 0) checkEqual(hash, model);
      }
      checkEqual(hash, model);
      hash.discard();
      check(space.arena.usedBytes === used, "memory is lost");
    },
    3,
  );
}

describe("a hash becomes large", () => {
  test("with one field more than hash-max-listpack-entries, not before, and stays large", () => {
    const hash = temporaryOf({ hashEntries: 3 });
    for (const field of ["1", "2", "3", "3", "2"]) put(hash, field, "x");
    expect(hash.encoding).toBe(Encoding.LISTPACK);
    put(hash, "4", "x");
    expect(hash.encoding).toBe(Encoding.HASHTABLE);
    for (const field of ["1", "2", "3"]) hashDelete(hash, Buffer.from(field), 0, 1);
    expect(hash.encoding).toBe(Encoding.HASHTABLE);
    expect(contents(hash)).toEqual(new Map([["4", "x"]]));
    hash.discard();
  });

  test("with a field or a value of more than hash-max-listpack-value bytes", () => {
    for (const [field, value, encoding] of [
      ["f".repeat(5), "v", Encoding.LISTPACK],
      ["f".repeat(6), "v", Encoding.HASHTABLE],
      ["f", "v".repeat(5), Encoding.LISTPACK],
      ["f", "123456", Encoding.HASHTABLE],
    ] as const) {
      const hash = temporaryOf({ hashValueBytes: 5 });
      put(hash, "a", "1");
      put(hash, field, value);
      expect(hash.encoding).toBe(encoding);
      expect(contents(hash)).toEqual(
        new Map([
          ["a", "1"],
          [field, value],
        ]),
      );
      hash.discard();
    }
  });

  test("with an update when the limit was lowered meanwhile", () => {
    const limits = { ...DEFAULT_LIMITS };
    const hash = new Temporary(space, limits).begin(Type.HASH);
    for (const field of ["1", "2", "3"]) put(hash, field, "x");
    limits.hashEntries = 2;
    expect(put(hash, "1", "y")).toBe(false);
    expect(hash.encoding).toBe(Encoding.HASHTABLE);
    expect(contents(hash).get("1")).toBe("y");
    hash.discard();
  });

  test("when it is told to expect too much", () => {
    for (const [fields, longest, bytes, encoding] of [
      [512, 64, 1000, Encoding.LISTPACK],
      [513, 1, 1000, Encoding.HASHTABLE],
      [1, 65, 65, Encoding.HASHTABLE],
      [1, 1, 2 ** 30, Encoding.HASHTABLE],
    ] as const) {
      const hash = temporaryOf();
      put(hash, "1", "-9223372036854775808");
      hashExpect(hash, fields, longest, bytes);
      expect(hash.encoding).toBe(encoding);
      expect(contents(hash)).toEqual(new Map([["1", "-9223372036854775808"]]));
      hash.discard();
    }
  });
});

describe("random fields", () => {
  const SIZE = 30;

  function filled(limits: Partial<ValueLimits>): Temporary {
    const hash = temporaryOf(limits);
    for (let index = 0; index < SIZE; index++) put(hash, `field:${index}`, String(index));
    return hash;
  }

  /** Members of chains of more than four entries, which are rare, are drawn less often; besides, chance may deviate. */
  function expectNear(times: number, mean: number): void {
    expect(Math.abs(times - mean)).toBeLessThan(mean / 2 + 6 * Math.sqrt(mean));
  }

  for (const [name, limits] of [
    ["packed", {}],
    ["large", { hashEntries: 5 }],
  ] as const) {
    test(`of a ${name} hash come with their values, each as often as the others`, () => {
      const hash = filled(limits);
      const rounds = 300 * SIZE;
      const drawn = new Array<number>(SIZE).fill(0);
      const note = (field: Element, value: Element): void => {
        expect(text(field)).toBe(`field:${text(value)}`);
        drawn[Number(text(value))]++;
      };
      for (let round = 0; round < rounds; round++) {
        hashRandom(hash, shown, shownValue);
        note(shown, shownValue);
      }
      let left = rounds;
      hashDraw(hash, shown, shownValue, (field, value) => {
        note(field, value);
        return --left > 0;
      });
      for (const times of drawn) expectNear(times, 600);
      hash.discard();
    });

    test(`of a ${name} hash without repetition are different, and every one comes up`, () => {
      const hash = filled(limits);
      for (const count of [1, 2, 9, 10, 11, 20, 29]) {
        const drawn = new Array<number>(SIZE).fill(0);
        for (let round = 0; round < 1000; round++) {
          const seen = new Set<string>();
          hashSample(hash, count, shown, shownValue, (field, value) => {
            expect(text(field)).toBe(`field:${text(value)}`);
            seen.add(text(field));
            drawn[Number(text(value))]++;
          });
          expect(seen.size).toBe(count);
        }
        const mean = (1000 * count) / SIZE;
        for (const times of drawn) expectNear(times, mean);
      }
      hash.discard();
    });
  }

  test("without repetition are found quickly however many are asked for", () => {
    const hash = temporaryOf({ hashEntries: 0 });
    const size = 20_000;
    for (let index = 0; index < size; index++) put(hash, `field:${index}`, "");
    for (const count of [1, size / 3, size / 3 + 1, size - 1]) {
      const seen = new Set<string>();
      hashSample(hash, Math.floor(count), shown, shownValue, (field) => seen.add(text(field)));
      expect(seen.size).toBe(Math.floor(count));
    }
    hash.discard();
  });
});

test("integers that no number holds survive that a hash becomes large", () => {
  const hash = temporaryOf({ hashEntries: 1 });
  packedInsertPair(hash, packedEnd(hash), Buffer.from("9223372036854775807"), 0, 19, Buffer.from("-1"), 0, 2);
  put(hash, "b", "2");
  expect(hashMap(hash)).toBeInstanceOf(ByteMap);
  expect(contents(hash)).toEqual(
    new Map([
      ["9223372036854775807", "-1"],
      ["b", "2"],
    ]),
  );
  hash.discard();
});
