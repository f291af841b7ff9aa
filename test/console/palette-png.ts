/** Makes a screenshot small: a PNG of 256 colors at most, the most frequent ones of the picture. */

import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MOST_COLORS = 256;
const PALETTE = 3;

interface Picture {
  readonly width: number;
  readonly height: number;
  /** 0xRRGGBB, row by row. */
  readonly pixels: Uint32Array;
}

/** PNG, specification of W3C, third edition: of 8 bits a channel, RGB or RGBA, not interlaced, as browsers write them. */
export function withPalette(png: Buffer): Buffer {
  const { width, height, pixels } = read(png);
  const counts = new Map<number, number>();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const palette = [...counts]
    .sort((one, other) => other[1] - one[1])
    .slice(0, MOST_COLORS)
    .map(([color]) => color);
  const indices = new Map(palette.map((color, index) => [color, index]));
  const rows = Buffer.alloc((width + 1) * height);
  for (let at = 0; at < pixels.length; at++) {
    const color = pixels[at] ?? 0;
    let index = indices.get(color);
    if (index === undefined) {
      index = nearest(palette, color);
      indices.set(color, index);
    }
    rows[Math.floor(at / width) * (width + 1) + 1 + (at % width)] = index;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, PALETTE], 8);
  const colors = Buffer.from(palette.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]));
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", colors),
    chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function nearest(palette: readonly number[], color: number): number {
  const distance = (other: number): number =>
    ((other >> 16) - (color >> 16)) ** 2 + (((other >> 8) & 255) - ((color >> 8) & 255)) ** 2 + ((other & 255) - (color & 255)) ** 2;
  let best = 0;
  for (let index = 1; index < palette.length; index++) if (distance(palette[index] ?? 0) < distance(palette[best] ?? 0)) best = index;
  return best;
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(Bun.hash.crc32(body), body.length + 4);
  return framed;
}

function read(png: Buffer): Picture {
  const parts: Buffer[] = [];
  let [width, height, channels] = [0, 0, 0];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const name = png.toString("latin1", at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (name === "IHDR") {
      [width, height, channels] = [data.readUInt32BE(0), data.readUInt32BE(4), data[9] === 6 ? 4 : 3];
      if (data[8] !== 8 || (data[9] !== 6 && data[9] !== 2) || data[12] !== 0) throw new Error("a PNG of another kind");
    } else if (name === "IDAT") parts.push(data);
    at += length + 12;
  }
  const raw = inflateSync(Buffer.concat(parts));
  const stride = width * channels;
  for (let row = 0; row < height; row++) unfilter(raw, row * (stride + 1), stride, channels, row > 0);
  const pixels = new Uint32Array(width * height);
  for (let at = 0; at < pixels.length; at++) {
    const from = Math.floor(at / width) * (stride + 1) + 1 + (at % width) * channels;
    pixels[at] = raw.readUIntBE(from, 3);
  }
  return { width, height, pixels };
}

/** Undoes the filter of the row that begins at `at`. */
function unfilter(raw: Buffer, at: number, stride: number, channels: number, hasAbove: boolean): void {
  const kind = raw[at];
  for (let index = 0; index < stride; index++) {
    const here = at + 1 + index;
    const left = index < channels ? 0 : (raw[here - channels] ?? 0);
    const above = hasAbove ? (raw[here - stride - 1] ?? 0) : 0;
    const corner = hasAbove && index >= channels ? (raw[here - stride - 1 - channels] ?? 0) : 0;
    const add = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][kind ?? 0] ?? 0;
    raw[here] = ((raw[here] ?? 0) + add) & 255;
  }
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}
