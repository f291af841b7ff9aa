/** What macOS checks of an executable before it runs it, read without the code that signs. Source: xnu/bsd/kern/ubc_subr.c, cs_validate_csblob. */
import { createHash } from "node:crypto";

export interface MachOSignature {
  readonly identifier: string;
  readonly flags: number;
  readonly pages: number;
  /** Which pages are not as their hashes say. */
  readonly wrongPages: readonly number[];
  /** What the system would refuse. */
  readonly faults: readonly string[];
}

/** Where LC_CODE_SIGNATURE says that the signature is, how many load commands there are, and the end of __LINKEDIT in the file and in memory. */
export function readCommands(file: Buffer) {
  let at = 32;
  let signature: { readonly offset: number; readonly bytes: number } | null = null;
  let linkEditEnd = -1;
  let linkEditRoom = -1;
  const count = file.readUInt32LE(16);
  for (let i = 0; i < count; i++) {
    const command = file.readUInt32LE(at);
    if (command === 0x1d) signature = { offset: file.readUInt32LE(at + 8), bytes: file.readUInt32LE(at + 12) };
    if (command === 0x19 && file.toString("latin1", at + 8, at + 19) === "__LINKEDIT\0") {
      const bytes = Number(file.readBigUInt64LE(at + 48));
      linkEditEnd = Number(file.readBigUInt64LE(at + 40)) + bytes;
      linkEditRoom = Number(file.readBigUInt64LE(at + 32)) - bytes;
    }
    at += file.readUInt32LE(at + 4);
  }
  return { signature, linkEditEnd, linkEditRoom, commandsEnd: at, announcedEnd: 32 + file.readUInt32LE(20) };
}

/** Checks the signature of `file`, a Mach-O file. Errors: Error when there is none to check. */
export function checkSignature(file: Buffer): MachOSignature {
  const { signature, linkEditEnd, linkEditRoom, commandsEnd, announcedEnd } = readCommands(file);
  if (signature === null) throw new Error("there is no LC_CODE_SIGNATURE");
  const faults: string[] = [];
  const must = (holds: boolean, fault: string): void => {
    if (!holds) faults.push(fault);
  };
  must(commandsEnd === announcedEnd, "sizeofcmds is not the size of the load commands");
  must(signature.offset % 16 === 0, "the signature is not aligned");
  must(signature.offset + signature.bytes === file.length, "the signature is not the last thing in the file");
  must(linkEditEnd === file.length, "__LINKEDIT does not end with the file");
  must(linkEditRoom >= 0, "__LINKEDIT has less room in memory than in the file");

  const blob = file.subarray(signature.offset, signature.offset + signature.bytes);
  must(blob.readUInt32BE(0) === 0xfade0cc0, "it is no superblob");
  must(blob.readUInt32BE(4) === blob.length, "the superblob has another length");
  const found = Array.from({ length: blob.readUInt32BE(8) }, (_, i) => [blob.readUInt32BE(12 + 8 * i), blob.readUInt32BE(16 + 8 * i)]);
  const directory = blob.subarray(found.find(([slot]) => slot === 0)?.[1] ?? 0);
  must(directory.readUInt32BE(0) === 0xfade0c02, "it has no code directory");
  must(directory.readUInt32BE(4) <= directory.length, "the code directory is longer than the signature");
  const [version, flags, hashes, name, special, pages, limit] = [8, 12, 16, 20, 24, 28, 32].map((field) => directory.readUInt32BE(field));
  must(version >= 0x20400, "its version knows of no executable segment");
  must(directory[36] === 32 && directory[37] === 2, "its hashes are not SHA-256");
  const pageBytes = 1 << directory[39];
  must(pages === Math.ceil(limit / pageBytes), "it has not one hash a page");
  must(hashes + 32 * pages <= directory.readUInt32BE(4), "hashes are beyond its end");
  must(hashes - 32 * special >= directory.indexOf(0, name) + 1, "the identifier runs into the hashes");
  must(limit === signature.offset, "not all that comes before the signature is hashed");
  const wrongPages: number[] = [];
  for (let page = 0; page < pages; page++) {
    const hash = createHash("sha256").update(file.subarray(page * pageBytes, Math.min((page + 1) * pageBytes, limit)));
    if (!hash.digest().equals(directory.subarray(hashes + 32 * page, hashes + 32 * page + 32))) wrongPages.push(page);
  }
  must(wrongPages.length === 0, `${wrongPages.length} of ${pages} page hashes are wrong`);
  return { identifier: directory.toString("utf8", name, directory.indexOf(0, name)), flags, pages, wrongPages, faults };
}
