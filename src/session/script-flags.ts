/** What scripts and functions say about themselves in their first line, or when they are registered. */

/** Bits, and the words for them in Redis's order. */
export const ScriptFlag = {
  /** It never writes. Implies ALLOW_OOM. */
  NO_WRITES: 1 << 0,
  /** It may run, and write, while memory is at its limit. */
  ALLOW_OOM: 1 << 1,
  /** It may run while the data is stale. */
  ALLOW_STALE: 1 << 2,
  NO_CLUSTER: 1 << 3,
  ALLOW_CROSS_SLOT: 1 << 5,
  /** It says nothing about itself: what it may do is decided command by command, as before Redis 7. */
  COMPATIBLE: 1 << 4,
} as const;

export const SCRIPT_FLAG_NAMES: readonly (readonly [name: string, flag: number])[] = [
  ["no-writes", ScriptFlag.NO_WRITES],
  ["allow-oom", ScriptFlag.ALLOW_OOM],
  ["allow-stale", ScriptFlag.ALLOW_STALE],
  ["no-cluster", ScriptFlag.NO_CLUSTER],
  ["allow-cross-slot-keys", ScriptFlag.ALLOW_CROSS_SLOT],
];

/** Returns the bit for a word, or 0. */
export function scriptFlagNamed(name: string): number {
  return SCRIPT_FLAG_NAMES.find(([word]) => word === name)?.[1] ?? 0;
}
