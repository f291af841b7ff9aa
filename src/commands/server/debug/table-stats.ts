/** DEBUG HTSTATS: statistics of a hash table. */

import type { Table } from "../../../memory/record-table.ts";

/** Chains of at least this length are counted together and not shown. */
const LONGEST_SHOWN = 50;

/** Describes a table and, during a rehash, the one it moves to. `full` walks all chains. */
export function tableStats(table: Table, options: { full: boolean }): string {
  const chains = table.chainCount;
  // During a rehash the chains of the old buckets come first, then those of the new ones.
  const split = table.rehashing ? table.chainOf(0) : chains;
  let text = bucketStats(table, 0, split, "Hash table 0 stats (main hash table)", options.full);
  if (table.rehashing) text += bucketStats(table, split, chains, "Hash table 1 stats (rehashing target)", options.full);
  return text;
}

function bucketStats(table: Table, from: number, to: number, title: string, full: boolean): string {
  const lengths = new Map<number, number>();
  let records = 0;
  let longest = 0;
  for (let chain = from; chain < to; chain++) {
    let length = 0;
    for (let address = table.chain(chain); address !== 0; address = table.next(address)) length++;
    records += length;
    longest = Math.max(longest, length);
    const shown = Math.min(length, LONGEST_SHOWN - 1);
    lengths.set(shown, (lengths.get(shown) ?? 0) + 1);
  }
  if (records === 0) return `${title}:\nNo stats available for empty dictionaries\n`;
  const size = to - from;
  let text = `${title}:\n table size: ${size}\n number of elements: ${records}\n`;
  if (!full) return text;
  const used = size - (lengths.get(0) ?? 0);
  const average = (records / used).toFixed(2);
  text += ` different slots: ${used}\n max chain length: ${longest}\n avg chain length (counted): ${average}\n avg chain length (computed): ${average}\n`;
  text += " Chain length distribution:\n";
  for (let length = 0; length < LONGEST_SHOWN - 1; length++) {
    const count = lengths.get(length);
    if (count !== undefined) text += `   ${length}: ${count} (${((count / size) * 100).toFixed(2)}%)\n`;
  }
  return text;
}
