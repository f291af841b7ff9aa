/** After Georg Nees, Schotter (1968): rows of squares that lose their order on the way down. */

import { Canvas } from "./canvas.ts";

export interface PlotterOptions {
  /** Characters of a line. */
  readonly columns: number;
  readonly squaresPerRow: number;
  readonly rows: number;
}

const MARGIN = 2;
/** The first rows are in order. */
const ORDERLY_ROWS = 2;

/** Returns lines of braille characters. `random` is as Math.random. */
export function plotterArt({ columns, squaresPerRow, rows }: PlotterOptions, random: () => number): string {
  const width = columns * 2;
  const margin = width > 2 * MARGIN ? MARGIN : 0;
  const side = (width - 2 * margin) / squaresPerRow;
  const canvas = new Canvas(width, Math.max(1, Math.floor(side * rows) + 2 * margin));
  for (let row = 0; row < rows; row++) {
    const disorder = row < ORDERLY_ROWS ? 0 : row / rows;
    const stray = (): number => (random() * 2 - 1) * disorder;
    for (let square = 0; square < squaresPerRow; square++) {
      const x = margin + (square + 0.5 + stray() / 3) * side;
      const y = margin + (row + 0.5 + stray() / 3) * side;
      drawSquare(canvas, x, y, side, stray());
    }
  }
  return canvas.braille();
}

/** Around its middle; `angle` in radians. */
function drawSquare(canvas: Canvas, x: number, y: number, side: number, angle: number): void {
  const radius = side / Math.SQRT2;
  const corners = Array.from({ length: 4 }, (_, corner): [number, number] => {
    const at = angle + Math.PI / 4 + (corner * Math.PI) / 2;
    return [x + radius * Math.cos(at), y + radius * Math.sin(at)];
  });
  for (const [index, corner] of corners.entries()) canvas.line(corner, corners[(index + 1) % 4]);
}
