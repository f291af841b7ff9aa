/**
 * The executables of `npm run build -- --all` in the folder that REPLICANT_EXECUTABLES names, as their files have it; without that skipped.
 * `scripts/try-executables.sh` runs this, and runs those that it can.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkSignature } from "./macho.ts";

const FOLDER = process.env.REPLICANT_EXECUTABLES ?? "";

function read(name: string): Buffer {
  return readFileSync(join(FOLDER, `replicant-${name}`));
}

/** The shared libraries that an ELF file of 64 bits needs, and the newest glibc that it asks for. */
function needs(file: Buffer): { readonly libraries: readonly string[]; readonly glibc: string } {
  const headers = Array.from({ length: file.readUInt16LE(56) }, (_, i) => {
    const at = Number(file.readBigUInt64LE(32)) + i * file.readUInt16LE(54);
    const [offset, address, , bytes] = [8, 16, 24, 32].map((field) => Number(file.readBigUInt64LE(at + field)));
    return { type: file.readUInt32LE(at), offset, address, bytes };
  });
  const dynamic = headers.find(({ type }) => type === 2);
  if (dynamic === undefined) throw new Error("no dynamic section");
  const entries: [number, number][] = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.bytes; at += 16) {
    entries.push([Number(file.readBigInt64LE(at)), Number(file.readBigUInt64LE(at + 8))]);
  }
  const entry = (tag: number): number => entries.find(([found]) => found === tag)?.[1] ?? 0;
  const strings = entry(5);
  const segment = headers.find(({ type, address, bytes }) => type === 1 && strings >= address && strings < address + bytes);
  if (segment === undefined) throw new Error("no strings");
  const table = file.subarray(segment.offset + strings - segment.address).subarray(0, entry(10));
  const textAt = (at: number): string => table.toString("latin1", at, table.indexOf(0, at));
  const versions = table.toString("latin1").match(/(?<=\0GLIBC_)2\.\d+/g) ?? [];
  return {
    libraries: entries.filter(([tag]) => tag === 1).map(([, at]) => textAt(at)),
    glibc: versions.sort((a, b) => Number(a.slice(2)) - Number(b.slice(2))).at(-1) ?? "",
  };
}

describe.skipIf(FOLDER === "")("executables (needs REPLICANT_EXECUTABLES)", () => {
  test.each(["macos-x64", "macos-arm64"])("%s has a signature that fits every page", (name) => {
    const { faults, identifier, flags, pages } = checkSignature(read(name));
    expect({ faults, identifier, flags }).toEqual({ faults: [], identifier: "replicant", flags: 0x20002 });
    expect(pages).toBeGreaterThan(20_000);
  });

  test.each(["x64", "arm64"])("linux-%s needs glibc 2.17 and nothing else", (processor) => {
    const { libraries, glibc } = needs(read(`linux-${processor}`));
    const loader = processor === "x64" ? "ld-linux-x86-64.so.2" : "ld-linux-aarch64.so.1";
    expect({ libraries: libraries.toSorted(), glibc }).toEqual({
      libraries: [loader, "libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0"],
      glibc: "2.17",
    });
  });

  test.each(["x64", "arm64"])("linux-%s-musl needs musl, and libstdc++ as the README says", (processor) => {
    const libc = `libc.musl-${processor === "x64" ? "x86_64" : "aarch64"}.so.1`;
    expect(needs(read(`linux-${processor}-musl`)).libraries.toSorted()).toEqual([libc, "libstdc++.so.6"]);
  });

  test("windows-x64 is a program of the console", () => {
    const file = read("windows-x64.exe");
    const header = file.readUInt32LE(0x3c);
    expect(file.toString("latin1", header, header + 4)).toBe("PE\0\0");
    expect({ machine: file.readUInt16LE(header + 4), subsystem: file.readUInt16LE(header + 24 + 68) }).toEqual({
      machine: 0x8664,
      subsystem: 3,
    });
  });
});
