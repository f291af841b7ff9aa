/** The lines that a program in Node and the executable exchange. */
import { describe, expect, test } from "bun:test";
import { fromLine, Lines, toLine } from "../../src/node/transfer.ts";

describe("a line of the conversation with the executable", () => {
  test("keeps bytes, sets, maps and numbers that JSON has not", () => {
    const value = {
      bytes: new Uint8Array([0, 10, 255]),
      set: new Set(["a", new Uint8Array([1])]),
      map: new Map<unknown, unknown>([["a", new Map([[1, Number.NEGATIVE_INFINITY]])]]),
      numbers: [Number.POSITIVE_INFINITY, -0.5],
      nothing: null,
      text: 'two\nlines and a "$"',
    };
    const line = toLine(value);
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(fromLine(line)).toEqual(value);
  });

  test("has a Buffer as bytes, part of a larger one too, and objects as their toJSON says", () => {
    const part = Buffer.from("abcdef").subarray(2, 4);
    expect(fromLine(toLine([part, { toJSON: () => ({ a: part }) }]))).toEqual([
      new Uint8Array([99, 100]),
      { a: new Uint8Array([99, 100]) },
    ]);
  });

  test("is put together of pieces that end anywhere", () => {
    const lines = new Lines();
    expect(lines.take("on")).toEqual([]);
    expect(lines.take("e\ntwo\nth")).toEqual(["one", "two"]);
    expect(lines.take("ree")).toEqual([]);
    expect(lines.take("\n")).toEqual(["three"]);
  });
});
