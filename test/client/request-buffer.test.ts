import { expect, test } from "bun:test";
import type { Word } from "../../src/client/link.ts";
import { RequestBuffer } from "../../src/client/request-buffer.ts";
import { encodeCommand } from "../support/client.ts";

function bytesOf(buffer: RequestBuffer): Buffer {
  return Buffer.from(buffer.bytes.subarray(buffer.start, buffer.end));
}

test("requests are arrays of bulk strings, whatever their words are and however long", () => {
  const lengths = [0, 1, 9, 10, 39, 40, 41, 99, 100, 1000, 70_000];
  const requests: Word[][] = [
    ["PING"],
    ["SET", "k", 12, -7, 1.5, 10n ** 20n, Number.MAX_SAFE_INTEGER],
    ["SET", new Uint8Array([0, 255, 13, 10]), ""],
    ...lengths.map((length) => [
      "A",
      "x".repeat(length),
      "é".repeat(length),
      `${"x".repeat(length)}\u{1f600}`,
      new Uint8Array(length).fill(200),
    ]),
    Array.from({ length: 12_345 }, (_, at) => `word ${at}`),
  ];
  const buffer = new RequestBuffer();
  for (const request of requests) buffer.add(request);
  const expected = requests.map((request) => encodeCommand(request.map((word) => (typeof word === "bigint" ? String(word) : word))));
  expect(bytesOf(buffer).equals(Buffer.concat(expected))).toBe(true);
});

test("numbers that JavaScript writes in its own way are written as servers read them", () => {
  const buffer = new RequestBuffer();
  buffer.add(["A", Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e21]);
  expect(bytesOf(buffer).toString()).toBe(encodeCommand(["A", "inf", "-inf", "-0", "1e+21"]).toString());
});

test("a word that is none is refused with its place, and nothing is added", () => {
  const buffer = new RequestBuffer();
  buffer.add(["GET", "k"]);
  expect(() => buffer.add(["SET", "k", undefined as never])).toThrow("SET: argument 2 is undefined");
  expect(() => buffer.add(["SET", null as never])).toThrow(TypeError);
  expect(() => buffer.add(["SET", {} as never])).toThrow(TypeError);
  expect(() => buffer.add([])).toThrow("a request has words");
  expect(bytesOf(buffer).toString()).toBe(encodeCommand(["GET", "k"]).toString());
});

test("what was not written stays, at its place, and the room is used again", () => {
  const buffer = new RequestBuffer();
  const request = encodeCommand(["SET", "key", "value"]);
  for (let round = 0; round < 5000; round++) {
    expect(buffer.position).toBe(round * request.length);
    buffer.add(["SET", "key", "value"]);
    if (round % 7 === 3) buffer.taken(buffer.length - 5);
  }
  expect(buffer.bytes.length).toBeLessThan(1 << 17);
  const { position } = buffer;
  buffer.skipTo(position - request.length);
  expect(bytesOf(buffer).toString()).toBe(request.toString());
  buffer.dropFrom(position - request.length);
  expect(buffer.length).toBe(0);
});
