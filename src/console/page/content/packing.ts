/** Compressed values: found out, unpacked, and packed again as they were. */

import { joined, utf8 } from "../octets.ts";

export type Packing = "gzip" | "deflate" | "deflate-raw";

/** What a few bytes may grow to. */
const MOST_UNPACKED = 16 << 20;
const MOST_LAYERS = 4;
/** Fewer bytes begin as raw deflate by chance. */
const LEAST_RAW = 12;

/** A value, or what was packed in it. */
export interface Layer {
  /** How it was packed, outermost first; the value as it is stored has none. */
  readonly packings: readonly Packing[];
  readonly bytes: Uint8Array;
}

/** The value as it is, and what is packed in it, layer by layer. */
export async function layersOf(bytes: Uint8Array): Promise<Layer[]> {
  let last: Layer = { packings: [], bytes };
  const layers = [last];
  while (layers.length <= MOST_LAYERS) {
    const inner = await innerOf(last);
    if (inner === null) break;
    layers.push(inner);
    last = inner;
  }
  return layers;
}

async function innerOf({ packings, bytes }: Layer): Promise<Layer | null> {
  for (const packing of packingsThatMayBe(bytes)) {
    const unpacked = await unpack(bytes, packing);
    if (unpacked === null) continue;
    // Raw deflate has neither a mark nor a checksum: what comes out must look like something.
    if (packing === "deflate-raw" && (unpacked.length === 0 || utf8(unpacked) === null)) continue;
    return { packings: [...packings, packing], bytes: unpacked };
  }
  return null;
}

function packingsThatMayBe(bytes: Uint8Array): Packing[] {
  const [first = 0, second = 0, third = 0] = bytes;
  if (first === 0x1f && second === 0x8b && third === 8) return ["gzip"];
  const found: Packing[] = [];
  // RFC 1950: method 8, a window of 32 KB at most, and a header that 31 divides.
  if ((first & 15) === 8 && first >> 4 <= 7 && (first * 256 + second) % 31 === 0) found.push("deflate");
  if (bytes.length >= LEAST_RAW && utf8(bytes) === null) found.push("deflate-raw");
  return found;
}

/** Null: it is not packed so, or would be more than 16 MiB. */
async function unpack(bytes: Uint8Array, packing: Packing): Promise<Uint8Array | null> {
  try {
    return await through(new DecompressionStream(packing), bytes);
  } catch {
    return null;
  }
}

/** Packs by `packings`, the innermost first: what `layersOf` undoes. */
export async function pack(bytes: Uint8Array, packings: readonly Packing[]): Promise<Uint8Array> {
  let result = bytes;
  for (const packing of packings.toReversed()) result = await through(new CompressionStream(packing), result);
  return result;
}

async function through(stream: CompressionStream | DecompressionStream, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const writer = stream.writable.getWriter();
  // Its errors come out at the other end.
  writer.write(new Uint8Array(bytes)).catch(() => {});
  writer.close().catch(() => {});
  const pieces: Uint8Array[] = [];
  const reader = stream.readable.getReader();
  let length = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.length;
    if (length > MOST_UNPACKED) {
      await reader.cancel();
      throw new RangeError("more than 16 MiB");
    }
    pieces.push(part.value);
  }
  return joined(pieces);
}
