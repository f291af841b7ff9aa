/** What was probably meant by a word that is not known. */

/** Words are not compared further than so many letters apart. */
const MOST_APART = 3;

/** Returns the word nearest to `word`, whatever its case; null where none is near. */
export function nearest(word: string, words: Iterable<string>): string | null {
  let found: string | null = null;
  // Of a short word every letter counts: "ttl" is not "get".
  let least = Math.min(MOST_APART, Math.ceil(word.length / 3)) + 1;
  for (const one of words) {
    const distance = editDistance(word.toLowerCase(), one.toLowerCase(), least);
    if (distance >= least) continue;
    least = distance;
    found = one;
  }
  return found;
}

/** How many letters must change to make one word of the other; `most` or more is not worked out. */
function editDistance(one: string, other: string, most: number): number {
  if (Math.abs(one.length - other.length) >= most) return most;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const changed = row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[other.length];
}
