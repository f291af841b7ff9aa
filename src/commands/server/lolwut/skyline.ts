/** A city as games of eight bits had it behind their heroes: three layers of towers, the dark one in front with lit windows. */

import { Canvas } from "./canvas.ts";

const WHITE = 3;

interface Layer {
  readonly colour: number;
  /** Height of a tower, as a share of the picture: at least, and how much it may be more. */
  readonly least: number;
  readonly more: number;
  /** Columns between towers, at most; they may overlap by so much of their width. */
  readonly gap: number;
  readonly overlap: number;
  readonly windows: boolean;
}

const LAYERS: readonly Layer[] = [
  { colour: 2, least: 0.5, more: 0.5, gap: 6, overlap: 0.5, windows: false },
  { colour: 1, least: 0.4, more: 0.35, gap: 9, overlap: 0, windows: false },
  { colour: 0, least: 0.25, more: 0.45, gap: 12, overlap: 0, windows: true },
];
const NARROWEST = 8;
const WIDEST = 18;

/** Returns lines of blanks in four greys, by a terminal's escape sequences. `random` is as Math.random. */
export function skylineArt(columns: number, rows: number, random: () => number): string {
  const canvas = new Canvas(columns, rows, WHITE);
  for (const layer of LAYERS) {
    let from = -Math.floor(random() * NARROWEST);
    while (from < columns) {
      const width = NARROWEST + Math.floor(random() * (WIDEST - NARROWEST));
      const height = Math.ceil((layer.least + random() * layer.more) * rows);
      drawTower(canvas, { from, width, height, layer }, random);
      from += Math.ceil(width * (1 - layer.overlap)) + Math.floor(random() * layer.gap);
    }
  }
  return canvas.greys();
}

interface Tower {
  readonly from: number;
  readonly width: number;
  readonly height: number;
  readonly layer: Layer;
}

function drawTower(canvas: Canvas, { from, width, height, layer }: Tower, random: () => number): void {
  for (let up = 0; up < height; up++) {
    const inset = up === height - 1 ? 2 : 0; // the roof
    for (let column = inset; column < width - inset; column++) canvas.set(from + column, canvas.height - 1 - up, layer.colour);
  }
  if (!layer.windows) return;
  // Two cells wide and one high: characters are not square.
  for (let up = 2; up < height - 2; up += 2) {
    for (let column = 2; column + 3 < width; column += 4) {
      const colour = random() < 0.5 ? 1 : 2;
      canvas.set(from + column, canvas.height - 1 - up, colour);
      canvas.set(from + column + 1, canvas.height - 1 - up, colour);
    }
  }
}
