/**
 * Signs an executable of macOS ad hoc, as its linker does by itself: without a certificate, only so that every page has its hash. The system
 * kills a program on ARM that has no such signature, and one anywhere whose signature does not fit its pages, which is how Bun leaves that of
 * its runtime for x64 (1.4.5). No package of the npm registry signs: those there are call Apple's codesign, or take signatures away.
 * Sources: mach-o/loader.h and kern/cs_blobs.h of XNU (Darwin 24), which have these names and numbers.
 */

const MH_MAGIC_64 = 0xfeedfacf;
const MH_EXECUTE = 2;
const HEADER_BYTES = 32;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const SEGMENT_BYTES = 72;
const SECTION_BYTES = 80;
const SIGNATURE_COMMAND_BYTES = 16;
/** Sections of these types have no bytes in the file: S_ZEROFILL, S_GB_ZEROFILL, S_THREAD_LOCAL_ZEROFILL. */
const WITHOUT_BYTES: readonly number[] = [0x1, 0xc, 0x12];

const CSMAGIC_EMBEDDED_SIGNATURE = 0xfade0cc0;
const CSMAGIC_CODEDIRECTORY = 0xfade0c02;
const CSSLOT_CODEDIRECTORY = 0;
/** The form of a code directory that knows of executable segments, and how long it is. */
const CS_SUPPORTSEXECSEG = 0x20400;
const DIRECTORY_BYTES = 88;
/** CS_ADHOC, and CS_LINKER_SIGNED: `codesign` replaces such a signature without being forced to. */
const FLAGS = 0x2 | 0x20000;
const CS_HASHTYPE_SHA256 = 2;
const HASH_BYTES = 32;
const CS_EXECSEG_MAIN_BINARY = 1;
/** The superblob's header and its one index entry. */
const SUPERBLOB_BYTES = 20;

/** Pages of signatures have 4 KiB, those of memory up to 16 KiB. */
const HASHED_PAGE_BITS = 12;
const HASHED_PAGE = 1 << HASHED_PAGE_BITS;
const MEMORY_PAGE = 16 * 1024;
const SIGNATURE_ALIGNMENT = 16;

interface Segment {
  /** Where its load command begins. */
  readonly at: number;
  readonly address: number;
  readonly offset: number;
  readonly bytes: number;
}

interface Layout {
  readonly type: number;
  readonly text: Segment;
  readonly linkEdit: Segment;
  /** Where LC_CODE_SIGNATURE begins; null without one. */
  readonly signatureAt: number | null;
  /** The end of the load commands, and where the first section begins: room for another command is between them. */
  readonly commandsEnd: number;
  readonly firstSection: number;
}

/** Returns `file`, a Mach-O file for one processor of 64 bits, signed under the name `identifier`. Errors: Error for a file it cannot sign. */
export function signMachO(file: Uint8Array, identifier: string): Uint8Array {
  const layout = readLayout(file);
  const content = contentEnd(file, layout);
  const codeLimit = align(content, SIGNATURE_ALIGNMENT);
  const pages = Math.ceil(codeLimit / HASHED_PAGE);
  const name = Buffer.from(`${identifier}\0`, "utf8");
  const signatureBytes = SUPERBLOB_BYTES + DIRECTORY_BYTES + name.length + pages * HASH_BYTES;
  const signed = Buffer.alloc(codeLimit + signatureBytes);
  signed.set(file.subarray(0, content));
  // What the load commands say of the signature is hashed with the first page.
  announce(signed, layout, codeLimit, signatureBytes);
  writeSuperBlob(signed.subarray(codeLimit), signed.subarray(0, codeLimit), layout, name);
  return signed;
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

function readLayout(file: Uint8Array): Layout {
  const data = viewOf(file);
  if (file.length < HEADER_BYTES || data.getUint32(0, true) !== MH_MAGIC_64) throw new Error("no Mach-O file of 64 bits");
  const commands = data.getUint32(16, true);
  const commandsEnd = HEADER_BYTES + data.getUint32(20, true);
  const segments = new Map<string, Segment>();
  let signatureAt: number | null = null;
  let firstSection = file.length;
  let at = HEADER_BYTES;
  for (let i = 0; i < commands; i++) {
    if (at + 8 > commandsEnd || commandsEnd > file.length) throw new Error("the load commands of the Mach-O file are cut off");
    const command = data.getUint32(at, true);
    const bytes = data.getUint32(at + 4, true);
    if (command === LC_CODE_SIGNATURE) signatureAt = at;
    if (command === LC_SEGMENT_64) {
      segments.set(
        Buffer.from(file.subarray(at + 8, at + 24))
          .toString("latin1")
          .replace(/\0+$/, ""),
        readSegment(data, at),
      );
      firstSection = Math.min(firstSection, sectionStart(data, at));
    }
    if (bytes < 8) throw new Error(`load command ${i} of the Mach-O file has ${bytes} bytes`);
    at += bytes;
  }
  const text = segments.get("__TEXT");
  const linkEdit = segments.get("__LINKEDIT");
  if (text === undefined || linkEdit === undefined) throw new Error("the Mach-O file has no segments __TEXT and __LINKEDIT");
  for (const { offset, address } of segments.values()) {
    if (offset > linkEdit.offset || address > linkEdit.address) throw new Error("the Mach-O file goes on after __LINKEDIT");
  }
  return { type: data.getUint32(12, true), text, linkEdit, signatureAt, commandsEnd, firstSection };
}

function readSegment(data: DataView, at: number): Segment {
  const [address, offset, bytes] = [24, 40, 48].map((field) => Number(data.getBigUint64(at + field, true)));
  return { at, address, offset, bytes };
}

/** Returns where the first section of a segment has its bytes in the file, Infinity where none has. */
function sectionStart(data: DataView, at: number): number {
  let start = Number.POSITIVE_INFINITY;
  for (let i = data.getUint32(at + 64, true) - 1; i >= 0; i--) {
    const section = at + SEGMENT_BYTES + i * SECTION_BYTES;
    if (!WITHOUT_BYTES.includes(data.getUint32(section + 64, true) & 0xff)) start = Math.min(start, data.getUint32(section + 48, true));
  }
  return start;
}

/** Returns where the file ends without a signature: an old one is the last thing in it, since nothing may come behind. */
function contentEnd(file: Uint8Array, { linkEdit, signatureAt }: Layout): number {
  const end = linkEdit.offset + linkEdit.bytes;
  const endsAt = (place: number): boolean => place <= file.length && file.length - place < SIGNATURE_ALIGNMENT;
  if (!endsAt(end)) throw new Error(`__LINKEDIT ends at ${end}, the Mach-O file at ${file.length}`);
  if (signatureAt === null) return end;
  const data = viewOf(file);
  const offset = data.getUint32(signatureAt + 8, true);
  const signatureEnd = offset + data.getUint32(signatureAt + 12, true);
  if (offset < linkEdit.offset || !endsAt(signatureEnd)) {
    throw new Error(`the signature is at ${offset} to ${signatureEnd}, the Mach-O file ends at ${file.length}`);
  }
  return offset;
}

/** Has LC_CODE_SIGNATURE and __LINKEDIT name the new signature. */
function announce(signed: Buffer, layout: Layout, offset: number, bytes: number): void {
  const { linkEdit, commandsEnd, firstSection } = layout;
  let { signatureAt } = layout;
  if (signatureAt === null) {
    if (commandsEnd + SIGNATURE_COMMAND_BYTES > firstSection) throw new Error("the Mach-O file has no room for LC_CODE_SIGNATURE");
    signatureAt = commandsEnd;
    signed.writeUInt32LE(LC_CODE_SIGNATURE, signatureAt);
    signed.writeUInt32LE(SIGNATURE_COMMAND_BYTES, signatureAt + 4);
    signed.writeUInt32LE(signed.readUInt32LE(16) + 1, 16);
    signed.writeUInt32LE(commandsEnd - HEADER_BYTES + SIGNATURE_COMMAND_BYTES, 20);
  }
  signed.writeUInt32LE(offset, signatureAt + 8);
  signed.writeUInt32LE(bytes, signatureAt + 12);
  const linkEditBytes = offset + bytes - linkEdit.offset;
  signed.writeBigUInt64LE(BigInt(align(linkEditBytes, MEMORY_PAGE)), linkEdit.at + 32);
  signed.writeBigUInt64LE(BigInt(linkEditBytes), linkEdit.at + 48);
}

function writeSuperBlob(blob: Buffer, code: Uint8Array, { text, type }: Layout, name: Buffer): void {
  [CSMAGIC_EMBEDDED_SIGNATURE, blob.length, 1, CSSLOT_CODEDIRECTORY, SUPERBLOB_BYTES].forEach((field, i) => {
    blob.writeUInt32BE(field, 4 * i);
  });
  const directory = blob.subarray(SUPERBLOB_BYTES);
  const hashes = DIRECTORY_BYTES + name.length;
  const noSpecialSlots = 0;
  const fields = [
    CSMAGIC_CODEDIRECTORY,
    directory.length,
    CS_SUPPORTSEXECSEG,
    FLAGS,
    hashes,
    DIRECTORY_BYTES, // where the identifier is
    noSpecialSlots,
    Math.ceil(code.length / HASHED_PAGE),
    code.length,
  ];
  fields.forEach((field, i) => {
    directory.writeUInt32BE(field, 4 * i);
  });
  directory[36] = HASH_BYTES;
  directory[37] = CS_HASHTYPE_SHA256;
  directory[39] = HASHED_PAGE_BITS;
  // Bytes 40 to 63: no spare, scatter, team, and a limit that needs no more than 32 bits.
  directory.writeBigUInt64BE(BigInt(text.offset), 64);
  directory.writeBigUInt64BE(BigInt(text.bytes), 72);
  directory.writeBigUInt64BE(BigInt(type === MH_EXECUTE ? CS_EXECSEG_MAIN_BINARY : 0), 80);
  name.copy(directory, DIRECTORY_BYTES);
  for (let at = 0, hashAt = hashes; at < code.length; at += HASHED_PAGE, hashAt += HASH_BYTES) {
    // The last page is hashed as far as it goes.
    Bun.SHA256.hash(code.subarray(at, Math.min(at + HASHED_PAGE, code.length)), directory.subarray(hashAt, hashAt + HASH_BYTES));
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
