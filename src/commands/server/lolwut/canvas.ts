/** What LOLWUT's pictures are drawn on: cells, shown as dots of braille characters or as grey blocks of a terminal. */

/** Rows and columns of dots in one braille character, and the bit of each. */
const BRAILLE = 0x2800;
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
/** From black to white: foreground and background of a terminal's four greys. */
const GREYS = ["0;30;40m", "0;90;100m", "0;37;47m", "0;97;107m"] as const;

export class Canvas {
  readonly width: number;
  readonly height: number;
  private readonly cells: Uint8Array;

  constructor(width: number, height: number, colour = 0) {
    this.width = width;
    this.height = height;
    this.cells = new Uint8Array(width * height).fill(colour);
  }

  /** 0 outside. */
  at(column: number, row: number): number {
    return column < 0 || column >= this.width || row < 0 || row >= this.height ? 0 : this.cells[row * this.width + column];
  }

  /** Outside nothing is drawn. */
  set(column: number, row: number, colour: number): void {
    if (column >= 0 && column < this.width && row >= 0 && row < this.height) this.cells[row * this.width + column] = colour;
  }

  /** A straight line of dots between two points. */
  line(from: readonly [number, number], to: readonly [number, number]): void {
    const across = to[0] - from[0];
    const down = to[1] - from[1];
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(across), Math.abs(down))));
    for (let step = 0; step <= steps; step++) {
      this.set(Math.round(from[0] + (across * step) / steps), Math.round(from[1] + (down * step) / steps), 1);
    }
  }

  /** Two columns and four rows of cells in a character. */
  braille(): string {
    let text = "";
    for (let row = 0; row < this.height; row += 4) {
      for (let column = 0; column < this.width; column += 2) text += this.character(column, row);
      text += "\n";
    }
    return text;
  }

  private character(column: number, row: number): string {
    let dots = 0;
    for (const [down, pair] of DOTS.entries()) {
      for (const [right, bit] of pair.entries()) if (this.at(column + right, row + down) !== 0) dots |= bit;
    }
    return String.fromCharCode(BRAILLE + dots);
  }

  /** One cell in a blank of its grey. */
  greys(): string {
    let text = "";
    for (let row = 0; row < this.height; row++) {
      for (let column = 0; column < this.width; column++) text += `\x1b[${GREYS[this.at(column, row)]} \x1b[0m`;
      text += "\n";
    }
    return text;
  }
}
