/** Bytes as JSON: what the runtime makes of them, for bytes of every length and kind. */

import { expect, test } from "bun:test";
import { JsonText } from "../../src/tools/convert/json-text.ts";
import { Random } from "../rdb/support.ts";

function written(build: (text: JsonText) => void): Buffer {
  const parts: Buffer[] = [];
  const text = new JsonText({ write: (bytes, from, to) => void parts.push(Buffer.from(bytes.subarray(from, to))) });
  build(text);
  text.flush();
  expect(Buffer.concat(parts).length).toBe(text.length);
  return Buffer.concat(parts);
}

function expected(bytes: Buffer): string {
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? JSON.stringify(text) : JSON.stringify({ base64: bytes.toString("base64") });
}

test("bytes are the text that they are in UTF-8, or their base64", () => {
  const random = new Random(7);
  const samples: Buffer[] = [
    Buffer.from('ä€😀\u2028\u0000"\\\x7f'),
    Buffer.of(0xc2),
    Buffer.of(0xc2, 0x41),
    Buffer.of(0xed, 0xa0, 0x80),
    Buffer.alloc(0),
  ];
  for (let length = 0; length < 70; length++)
    samples.push(random.bytes(length), random.bytes(length, 128), Buffer.from("x".repeat(length)));
  for (const length of [196_607, 196_608, 196_609, 1_500_001])
    samples.push(random.bytes(length), Buffer.alloc(length, "é"), Buffer.alloc(length, "e"));
  for (const sample of samples) {
    const framed = Buffer.concat([Buffer.of(0xff), sample, Buffer.of(0x80)]);
    expect(written((text) => text.bytes(framed, 1, framed.length - 1)).equals(Buffer.from(expected(sample)))).toBe(true);
  }
  const all = written((text) => {
    for (const sample of samples) text.bytes(sample, 0, sample.length);
  });
  expect(all.equals(Buffer.from(samples.map(expected).join("")))).toBe(true);
});
