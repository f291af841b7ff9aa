/**
 * LOLWUT's picture: Edward Fredkin's replicator. In a cellular automaton where a cell lives if an odd number of its eight neighbours did,
 * any pattern whatever has copied itself eight times after 2 ** n generations, once it is smaller than that. We throw a small face and let
 * it replicate.
 */

const FACE = 7;
const SIZE = 64;
/** Rows and columns of dots in one braille character, and the bit of each. */
const BRAILLE = 0x2800;
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

/** Returns what a random face becomes after `generations`: 16 lines of 32 braille characters. `random` is as Math.random. */
export function replicatorArt(generations: number, random: () => number): string {
  let cells = seed(random);
  for (let generation = 0; generation < generations; generation++) cells = nextGeneration(cells);
  const lines: string[] = [];
  for (let row = 0; row < SIZE; row += 4) {
    let line = "";
    for (let column = 0; column < SIZE; column += 2) line += character(cells, row, column);
    lines.push(`${line}\n`);
  }
  return lines.join("");
}

/** A face whose left and right sides are the same. */
function seed(random: () => number): Uint8Array {
  const cells = new Uint8Array(SIZE * SIZE);
  const from = (SIZE - FACE) >> 1;
  for (let row = 0; row < FACE; row++) {
    for (let column = 0; column <= FACE >> 1; column++) {
      const alive = random() < 0.5 ? 1 : 0;
      cells[(from + row) * SIZE + from + column] = alive;
      cells[(from + row) * SIZE + from + FACE - 1 - column] = alive;
    }
  }
  return cells;
}

/** On a torus. */
function nextGeneration(cells: Uint8Array): Uint8Array {
  const next = new Uint8Array(cells.length);
  const wrap = (at: number) => (at + SIZE) % SIZE;
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      let parity = cells[row * SIZE + column]; // counted with its neighbours below, and so taken out again
      for (let down = -1; down <= 1; down++) {
        for (let right = -1; right <= 1; right++) parity ^= cells[wrap(row + down) * SIZE + wrap(column + right)];
      }
      next[row * SIZE + column] = parity;
    }
  }
  return next;
}

function character(cells: Uint8Array, row: number, column: number): string {
  let dots = 0;
  for (const [down, pair] of DOTS.entries()) {
    for (const [right, bit] of pair.entries()) if (cells[(row + down) * SIZE + column + right] === 1) dots |= bit;
  }
  return String.fromCharCode(BRAILLE + dots);
}
