/** Files that are none of ours: what they are, as far as their beginning tells. */

import { ENVELOPE_MAGIC } from "../rdb/envelope.ts";
import { RDB_MAGIC } from "../rdb/format.ts";
import { ChunkedFile } from "./chunks.ts";
import { ToolError } from "./error.ts";

const HEAD_BYTES = 512;

/** What files of other kinds begin with, in hexadecimal. */
const KINDS: readonly (readonly [begin: string, what: string])[] = [
  ["1f8b", "a gzip file: unpack it first"],
  ["28b52ffd", "a Zstd file: unpack it first"],
  ["04224d18", "an LZ4 file: unpack it first"],
  ["425a68", "a bzip2 file: unpack it first"],
  ["fd377a585a00", "an xz file: unpack it first"],
  ["504b0304", "a zip file: unpack it first"],
  ["53514c69746520666f726d61742033", "a SQLite database"],
  ["7f454c46", "a program"],
  ["4d5a", "a program of Windows"],
  ["89504e47", "a picture"],
  ["25504446", "a PDF document"],
  ["3c3f786d6c", "XML"],
];
const TAR_MAGIC = "ustar";
const TAR_MAGIC_AT = 257;
/** What files of ours begin with, beside images. */
const OURS = /^[*#{]/;
const TEXT = /^[\t\n\r\x20-\x7e\x80-\xff]*$/;

/** Errors: ToolError where the file at `path` is neither an image, nor commands, nor JSON lines. `emptyIsFine`: it may have nothing in it. */
export function refuseForeign(path: string, wanted: string, { emptyIsFine }: { readonly emptyIsFine: boolean }): void {
  using file = new ChunkedFile(path);
  const head = file.peek(0, HEAD_BYTES);
  if (head.length === 0 && emptyIsFine) return;
  const kind = kindOf(head);
  if (kind !== null) throw new ToolError(`${path} is no ${wanted}: it is ${kind}`);
}

/** What a file is that begins like this; null where it is, or may be, one of ours. */
function kindOf(head: Buffer): string | null {
  const text = head.latin1Slice();
  if (text === "") return "empty";
  const magics = [...Object.values(RDB_MAGIC), ENVELOPE_MAGIC.latin1Slice()];
  if (OURS.test(text) || magics.some((magic) => text.startsWith(magic) || magic.startsWith(text))) return null;
  const known = KINDS.find(([begin]) => head.toString("hex", 0, begin.length / 2) === begin);
  if (known !== undefined) return known[1];
  if (text.startsWith(TAR_MAGIC, TAR_MAGIC_AT)) return "a tar archive: unpack it first";
  return TEXT.test(text) && Buffer.from(head.toString()).equals(head) ? "a text" : "something else";
}
