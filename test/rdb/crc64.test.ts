import { describe, expect, test } from "bun:test";
import { Crc64, crc64Hex } from "../../src/rdb/crc64.ts";
import { Random } from "./support.ts";

/** The definition, bit by bit, with nothing in common with the tables. */
function slowCrc(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ ((crc & 1n) === 1n ? 0x95ac9329ac4bc9b5n : 0n);
  }
  return crc;
}

function hexOf(bytes: Uint8Array): string {
  const crc = new Crc64();
  crc.update(bytes, 0, bytes.length);
  return crc.hex();
}

describe("CRC-64", () => {
  test("of 123456789 is the check value that Redis tests for", () => {
    expect(hexOf(Buffer.from("123456789"))).toBe("e9c6d914c4b8d9ca");
  });

  test("of nothing is zero", () => {
    expect(hexOf(Buffer.alloc(0))).toBe("0000000000000000");
  });

  test("agrees with the definition for every length around the slices", () => {
    const random = new Random(1);
    for (let length = 0; length < 70; length++) {
      const bytes = random.bytes(length);
      expect(hexOf(bytes)).toBe(slowCrc(bytes).toString(16).padStart(16, "0"));
    }
  });

  test("is the same however the bytes are cut, and reads only from..to", () => {
    const random = new Random(2);
    const bytes = random.bytes(1000);
    const whole = hexOf(bytes.subarray(3, 990));
    for (let round = 0; round < 200; round++) {
      const crc = new Crc64();
      for (let at = 3; at < 990; ) {
        const to = Math.min(990, at + random.below(60));
        crc.update(bytes, at, to);
        at = to;
      }
      expect(crc.hex()).toBe(whole);
    }
  });

  test("is written little-endian, and forgets on reset", () => {
    const crc = new Crc64();
    crc.update(Buffer.from("123456789"), 0, 9);
    const target = Buffer.alloc(10, 0x77);
    expect(crc.writeTo(target, 1)).toBe(9);
    expect(target.toString("hex")).toBe("77cad9b8c414d9c6e977");
    expect(crc64Hex(target.readInt32LE(1), target.readInt32LE(5))).toBe(crc.hex());
    crc.reset();
    expect(crc.hex()).toBe("0000000000000000");
  });
});
