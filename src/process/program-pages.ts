/**
 * Gives back the program's own pages that only its start needed. They are as the executable has them, so that the system finds them again in its
 * cache of files when they are touched: a fault of a microsecond or two for 16 of them. What is used all the time is back at once, the rest
 * stays away (docs/performance.md). Linux only, where /proc tells of each page whether it is still the file's.
 */

import { closeSync, openSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { releaseAddresses } from "../blocks/page-release.ts";

const EXECUTABLE = "/proc/self/exe";
/** The section of the executable that has our code. It lies among what may be written, though no one writes to it. */
const CODE_SECTION = ".bun";
/** What is looked at in one go: well within a millisecond. */
const SLICE_PAGES = 4096;
/** Gives them back, a slice with each step, which yields how many bytes of addresses these were. Errors: those of reading /proc. */
export function* releaseProgramPages(): Generator<number> {
  if (process.platform !== "linux") return;
  const pageBytes = systemPageBytes();
  const pagemap = openSync("/proc/self/pagemap", "r");
  try {
    for (const { from, to } of programRanges()) {
      const first = Math.ceil(from / pageBytes);
      const end = Math.floor(to / pageBytes);
      for (let page = first; page < end; page += SLICE_PAGES) {
        const entries = new Uint32Array(2 * Math.min(SLICE_PAGES, end - page));
        const read = readSync(pagemap, entries, 0, entries.byteLength, page * ENTRY_BYTES);
        let released = 0;
        for (const run of unchangedRuns(entries.subarray(0, read >>> 2))) {
          const bytes = (run.to - run.from) * pageBytes;
          if (releaseAddresses((page + run.from) * pageBytes, bytes)) released += bytes;
        }
        yield released;
      }
    }
  } finally {
    closeSync(pagemap);
  }
}

/** An entry of /proc/self/pagemap, and bits of its upper half. Source: the kernel's admin-guide/mm/pagemap. */
const ENTRY_BYTES = 8;
const PRESENT = 1 << 31;
const SWAPPED = 1 << 30;
const OF_FILE = 1 << 29;

/** Returns the runs among `entries` (two words each) in which pages are the file's: none was written, so that the process had a copy of its own. */
export function unchangedRuns(entries: Uint32Array): { readonly from: number; readonly to: number }[] {
  const runs: { from: number; to: number }[] = [];
  let present = false;
  let from = 0;
  const pages = entries.length >>> 1;
  for (let page = 0; page <= pages; page++) {
    const entry = page < pages ? entries[2 * page + 1] : SWAPPED;
    if ((entry & SWAPPED) === 0 && (entry & (PRESENT | OF_FILE)) !== PRESENT) {
      if ((entry & PRESENT) !== 0) present = true;
      continue;
    }
    if (present) runs.push({ from, to: page });
    from = page + 1;
    present = false;
  }
  return runs;
}

/** The addresses at which the executable is mapped and not to be written, and those of our code. */
function programRanges(): { readonly from: number; readonly to: number }[] {
  const path = readlinkSync(EXECUTABLE);
  const code = codeSection();
  const ranges: { from: number; to: number }[] = [];
  for (const line of readFileSync("/proc/self/maps", "latin1").split("\n")) {
    const mapping = /^([0-9a-f]+)-([0-9a-f]+) r([-w])[-x]p ([0-9a-f]+) \S+ \d+ +(.+)$/.exec(line);
    if (mapping === null || Buffer.from(mapping[5], "latin1").toString() !== path) continue;
    const from = Number.parseInt(mapping[1], 16);
    const to = Number.parseInt(mapping[2], 16);
    if (mapping[3] === "-") {
      ranges.push({ from, to });
    } else if (code !== null) {
      const start = from + code.offset - Number.parseInt(mapping[4], 16);
      if (start >= from && start + code.bytes <= to) ranges.push({ from: start, to: start + code.bytes });
    }
  }
  return ranges;
}

/** Where our code is in the executable; null if that is Bun, which reads it from other files. Source: ELF-64. */
function codeSection(): { readonly offset: number; readonly bytes: number } | null {
  const file = openSync(EXECUTABLE, "r");
  try {
    const read = (bytes: number, position: number): Buffer => {
      const buffer = Buffer.alloc(bytes);
      readSync(file, buffer, 0, bytes, position);
      return buffer;
    };
    const head = read(64, 0);
    const size = head.readUInt16LE(58);
    const count = head.readUInt16LE(60);
    const table = read(size * count, Number(head.readBigUInt64LE(40)));
    const sections = Array.from({ length: count }, (_, index) => {
      const at = index * size;
      return {
        name: table.readUInt32LE(at),
        offset: Number(table.readBigUInt64LE(at + 24)),
        bytes: Number(table.readBigUInt64LE(at + 32)),
      };
    });
    const { offset, bytes } = sections[head.readUInt16LE(62)];
    const names = read(bytes, offset);
    return sections.find(({ name }) => names.toString("latin1", name, names.indexOf(0, name)) === CODE_SECTION) ?? null;
  } finally {
    closeSync(file);
  }
}

/** The size of a page: entry 6, AT_PAGESZ, of what the kernel tells each program. Source: getauxval(3). */
function systemPageBytes(): number {
  const words = new BigUint64Array(new Uint8Array(readFileSync("/proc/self/auxv")).buffer);
  for (let at = 0; at + 1 < words.length; at += 2) if (words[at] === 6n) return Number(words[at + 1]);
  return 4096;
}
