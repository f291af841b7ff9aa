/** The directives that say up to where values are kept packed, and where the keyspace has them. */

import type { Config } from "../config/config.ts";
import type { ValueLimits } from "../values/limits.ts";

const DIRECTIVES = {
  hashEntries: "hash-max-listpack-entries",
  hashValueBytes: "hash-max-listpack-value",
  listSize: "list-max-listpack-size",
  setIntegers: "set-max-intset-entries",
  setEntries: "set-max-listpack-entries",
  setValueBytes: "set-max-listpack-value",
  zsetEntries: "zset-max-listpack-entries",
  zsetValueBytes: "zset-max-listpack-value",
  streamNodeBytes: "stream-node-max-bytes",
  streamNodeEntries: "stream-node-max-entries",
  hllSparseBytes: "hll-sparse-max-bytes",
} as const;

const NAMES = Object.keys(DIRECTIVES) as (keyof typeof DIRECTIVES)[];

/** Keeps `limits` as the directives have it, from now on. */
export function followLimits(config: Config, limits: ValueLimits): void {
  const take = () => {
    for (const name of NAMES) limits[name] = config.values[DIRECTIVES[name]];
    return undefined;
  };
  take();
  config.onChange(Object.values(DIRECTIVES), take);
}
