/** The ad hoc signature of executables for macOS, on small files made here. test/build/executables.test.ts checks those that were built. */
import { describe, expect, test } from "bun:test";
import { signMachO } from "../../scripts/macho-signature.ts";
import { checkSignature, readCommands } from "./macho.ts";

interface Shape {
  readonly type?: number;
  /** Bytes of code, from 4096 on, and of __LINKEDIT behind them. */
  readonly code?: number;
  readonly linkEdit?: number;
  /** Bytes of a signature that does not fit, at the end of __LINKEDIT; null: LC_CODE_SIGNATURE is missing as well. */
  readonly signature?: number | null;
  /** How many bytes are free behind the load commands. */
  readonly room?: number;
}

const SEGMENT = 72;
const SECTION = 80;

/** A Mach-O file with __PAGEZERO, __TEXT with one section of bytes and one without, and __LINKEDIT. */
function machO({ type = 2, code = 5000, linkEdit = 1008, signature = 64, room = 500 }: Shape = {}): Buffer {
  const commands = SEGMENT + (SEGMENT + 2 * SECTION) + SEGMENT + (signature === null ? 0 : 16);
  const codeAt = 32 + commands + room;
  const linkEditAt = Math.ceil((codeAt + code) / 4096) * 4096;
  const file = Buffer.alloc(linkEditAt + linkEdit + (signature ?? 0), 0xaa);
  file.fill(0, 0, codeAt);
  [0xfeedfacf, 0x01000007, 3, type, signature === null ? 3 : 4, commands, 0x85, 0].forEach((field, i) => {
    file.writeUInt32LE(field, 4 * i);
  });
  const segment = (at: number, name: string, address: number, offset: number, bytes: number, sections: number): void => {
    file.writeUInt32LE(0x19, at);
    file.writeUInt32LE(SEGMENT + sections * SECTION, at + 4);
    file.write(name, at + 8, "latin1");
    [address, Math.ceil(bytes / 4096) * 4096, offset, bytes].forEach((field, i) => {
      file.writeBigUInt64LE(BigInt(field), at + 24 + 8 * i);
    });
    file.writeUInt32LE(sections, at + 64);
  };
  segment(32, "__PAGEZERO", 0, 0, 0, 0);
  segment(32 + SEGMENT, "__TEXT", 0x1_0000_0000, 0, linkEditAt, 2);
  file.writeUInt32LE(codeAt, 32 + 2 * SEGMENT + 48);
  file.writeUInt32LE(1, 32 + 2 * SEGMENT + SECTION + 64); // S_ZEROFILL, at offset 0
  const last = 32 + 2 * SEGMENT + 2 * SECTION;
  segment(last, "__LINKEDIT", 0x1_0000_0000 + linkEditAt, linkEditAt, linkEdit + (signature ?? 0), 0);
  if (signature !== null)
    [0x1d, 16, linkEditAt + linkEdit, signature].forEach((field, i) => {
      file.writeUInt32LE(field, last + SEGMENT + 4 * i);
    });
  return file;
}

/** One whose LC_CODE_SIGNATURE points into the code. */
function elsewhere(): Buffer {
  const file = machO();
  file.writeUInt32LE(4096, readCommands(file).commandsEnd - 8);
  return file;
}

const sign = (file: Buffer, identifier = "replicant"): Buffer => Buffer.from(signMachO(file, identifier));

describe("an executable for macOS", () => {
  test.each<[string, Shape]>([
    ["with the signature of its runtime", {}],
    ["whose old signature is longer than the new one", { signature: 100_000 }],
    ["without a signature", { signature: null }],
    ["without a signature, and with room for one command", { signature: null, room: 16 }],
    ["whose last page is whole", { linkEdit: 4096 }],
    ["whose end is not aligned", { linkEdit: 1001 }],
    ["of many pages", { code: 1_000_000, linkEdit: 70_000 }],
  ])("%s is signed as the system wants it", (_, shape) => {
    const file = machO(shape);
    const { faults, identifier, flags, pages } = checkSignature(sign(file));
    expect(faults).toEqual([]);
    expect({ identifier, flags }).toEqual({ identifier: "replicant", flags: 0x20002 });
    expect(pages).toBe(Math.ceil((file.length - (shape.signature === undefined ? 64 : (shape.signature ?? 0))) / 4096));
  });

  test("keeps every byte but those that tell of the signature", () => {
    const file = machO();
    const signed = sign(file);
    const { signature, commandsEnd } = readCommands(signed);
    expect(signed.subarray(commandsEnd, signature?.offset)).toEqual(file.subarray(commandsEnd, signature?.offset));
    expect(signed.subarray(0, 32)).toEqual(file.subarray(0, 32));
  });

  test("that is signed again does not change", () => {
    const signed = sign(machO());
    expect(sign(signed).equals(signed)).toBe(true);
  });

  test("has __LINKEDIT in memory as long as in the file, in whole pages of 16 KiB", () => {
    const { linkEditEnd, linkEditRoom } = readCommands(sign(machO({ linkEdit: 70_000 })));
    const start = 8192; // of __LINKEDIT in the file
    expect((linkEditEnd - start + linkEditRoom) % (16 * 1024)).toBe(0);
  });

  test("is marked as a main program, a library is not", () => {
    const marked = (type: number): bigint => {
      const signed = sign(machO({ type }));
      return signed.readBigUInt64BE((readCommands(signed).signature?.offset ?? 0) + 20 + 80);
    };
    expect([marked(2), marked(6)]).toEqual([1n, 0n]);
  });

  test("whose bytes change later no longer fits, page by page", () => {
    const signed = sign(machO({ code: 100_000 }));
    signed[50_000] ^= 1;
    signed[90_000] ^= 1;
    expect(checkSignature(signed).wrongPages).toEqual([12, 21]);
  });

  test.each<[string, Buffer, string]>([
    ["of another system", Buffer.from("\x7fELF".padEnd(64, "\0")), "no Mach-O file of 64 bits"],
    ["for several processors", Buffer.from("cafebabe".padEnd(128, "0"), "hex"), "no Mach-O file of 64 bits"],
    ["that is cut off in the load commands", machO().subarray(0, 200), "the load commands of the Mach-O file are cut off"],
    [
      "with bytes behind the end",
      Buffer.concat([machO({ signature: null }), Buffer.alloc(16)]),
      "__LINKEDIT ends at 9200, the Mach-O file at 9216",
    ],
    ["with bytes behind the signature", Buffer.concat([machO(), Buffer.alloc(16)]), "__LINKEDIT ends at 9264, the Mach-O file at 9280"],
    ["whose signature is elsewhere", elsewhere(), "the signature is at 4096 to 4160, the Mach-O file ends at 9264"],
    ["without room for a load command", machO({ signature: null, room: 15 }), "the Mach-O file has no room for LC_CODE_SIGNATURE"],
  ])("%s is refused", (_, file, message) => {
    expect(() => sign(file)).toThrow(message);
  });
});
