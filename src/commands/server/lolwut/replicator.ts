/**
 * Edward Fredkin's replicator. In a cellular automaton where a cell lives if an odd number of its eight neighbours did, any pattern whatever
 * has copied itself eight times after 2 ** n generations, once it is smaller than that. We throw a small face and let it replicate.
 */

import { Canvas } from "./canvas.ts";

const FACE = 7;
const SIZE = 64;

/** Returns what a random face becomes after `generations`: 16 lines of 32 braille characters. `random` is as Math.random. */
export function replicatorArt(generations: number, random: () => number): string {
  let cells = seed(random);
  for (let generation = 0; generation < generations; generation++) cells = nextGeneration(cells);
  return cells.braille();
}

/** A face whose left and right sides are the same. */
function seed(random: () => number): Canvas {
  const cells = new Canvas(SIZE, SIZE);
  const from = (SIZE - FACE) >> 1;
  for (let row = 0; row < FACE; row++) {
    for (let column = 0; column <= FACE >> 1; column++) {
      const alive = random() < 0.5 ? 1 : 0;
      cells.set(from + column, from + row, alive);
      cells.set(from + FACE - 1 - column, from + row, alive);
    }
  }
  return cells;
}

/** On a torus. */
function nextGeneration(cells: Canvas): Canvas {
  const next = new Canvas(SIZE, SIZE);
  const wrap = (at: number) => (at + SIZE) % SIZE;
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      let parity = cells.at(column, row); // counted with its neighbours below, and so taken out again
      for (let down = -1; down <= 1; down++) {
        for (let right = -1; right <= 1; right++) parity ^= cells.at(wrap(column + right), wrap(row + down));
      }
      next.set(column, row, parity);
    }
  }
  return next;
}
