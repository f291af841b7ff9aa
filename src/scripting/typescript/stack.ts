/**
 * A function that calls itself without end must end in an error of its own, and not in the middle of a command, which would be left half
 * done. So there must be room on the stack when a command is called. Nothing says how much there is, and trying takes about a microsecond
 * (20 KB), so it is tried now and then: while a function calls itself the stack grows by far less from one command to the next.
 */

/** Every so many commands. */
const INTERVAL = 16;
/** Frames of `probe`, of about 280 bytes each: the deepest command (ZUNIONSTORE) takes 5 KB. */
const FRAMES = 80;

export class StackCheck {
  private count = 0;

  /** To be called before each command. Errors: RangeError when there is no room. */
  require(): void {
    if (++this.count % INTERVAL === 0) probe(FRAMES, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  }
}

/** Not a tail call, which would take no stack. */
function probe(
  left: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
  g: number,
  h: number,
  i: number,
  j: number,
  k: number,
  l: number,
  m: number,
  n: number,
  o: number,
  p: number,
): number {
  return left === 0 ? 0 : probe(left - 1, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) + 1;
}
