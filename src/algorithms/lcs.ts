/** The longest common subsequence of two strings, by the usual table of the lengths for all pairs of prefixes. */

/** A run of bytes that both strings have in the subsequence: where it starts in each, and how long it is. */
export interface Match {
  inA: number;
  inB: number;
  length: number;
}

export interface CommonSubsequence {
  readonly bytes: Buffer;
  /** From the last to the first. */
  readonly matches: readonly Match[];
}

/** The length alone: two rows of the table are enough for it. */
export function commonSubsequenceLength(a: Buffer, b: Buffer): number {
  let previous = new Uint32Array(b.length + 1);
  let row = new Uint32Array(b.length + 1);
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1];
    for (let j = 1; j <= b.length; j++) {
      if (byte === b[j - 1]) row[j] = previous[j - 1] + 1;
      else row[j] = previous[j] > row[j - 1] ? previous[j] : row[j - 1];
    }
    [previous, row] = [row, previous];
  }
  return previous[b.length];
}

/**
 * A longest common subsequence, of several the one that Redis finds (it walks back through the table and prefers to shorten `b`). Takes
 * 4 * (a.length + 1) * (b.length + 1) bytes for the moment; -> null when there is not so much.
 */
export function commonSubsequence(a: Buffer, b: Buffer): CommonSubsequence | null {
  const width = b.length + 1;
  const table = allocate((a.length + 1) * width);
  if (table === null) return null;
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1];
    const row = i * width;
    for (let j = 1; j <= b.length; j++) {
      const above = table[row - width + j];
      const left = table[row + j - 1];
      if (byte === b[j - 1]) table[row + j] = table[row - width + j - 1] + 1;
      else table[row + j] = above > left ? above : left;
    }
  }
  return walkBack(a, b, table);
}

function walkBack(a: Buffer, b: Buffer, table: Uint32Array): CommonSubsequence {
  const width = b.length + 1;
  const bytes = Buffer.allocUnsafe(table[table.length - 1]);
  const matches: Match[] = [];
  let run: Match | null = null;
  let at = bytes.length;
  let i = a.length;
  let j = b.length;
  while (i > 0 && j > 0) {
    if (a[i - 1] !== b[j - 1]) {
      if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
      else j--;
      run = null;
      continue;
    }
    i--;
    j--;
    bytes[--at] = a[i];
    if (run === null) {
      run = { inA: i, inB: j, length: 1 };
      matches.push(run);
    } else {
      run.inA = i;
      run.inB = j;
      run.length++;
    }
  }
  return { bytes, matches };
}

function allocate(cells: number): Uint32Array | null {
  try {
    return new Uint32Array(cells);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
