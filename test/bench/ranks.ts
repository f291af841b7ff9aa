/** Ranks in command lines: `__rank__` becomes a random number without leading zeros, `__rank+9__` the same number and nine. */

const RANK = /__rank(?:\+(\d+))?__/g;

/** Whether the word asks for a rank, which redis-benchmark cannot send. */
export function hasRank(word: string): boolean {
  return word.search(RANK) >= 0;
}

/** The words with `rank` in place. */
export function withRank(words: readonly string[], rank: number): string[] {
  return words.map((word) => word.replaceAll(RANK, (_, more: string | undefined) => String(rank + Number(more ?? 0))));
}
