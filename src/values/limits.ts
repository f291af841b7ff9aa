/** Up to where values are kept packed: the directives `*-max-listpack-*` and their kin, kept current by the server. */
export interface ValueLimits {
  hashEntries: number;
  hashValueBytes: number;
  /** list-max-listpack-size as it stands: elements, or when negative -1 to -5 for 4 to 64 KiB. */
  listSize: number;
  /** Elements of large lists from this length on have a node of their own that is not packed. */
  plainNodeBytes: number;
  setIntegers: number;
  setEntries: number;
  setValueBytes: number;
  zsetEntries: number;
  zsetValueBytes: number;
  /** 0: no limit. */
  streamNodeBytes: number;
  streamNodeEntries: number;
  hllSparseBytes: number;
}

/** Redis's defaults. */
export const DEFAULT_LIMITS: Readonly<ValueLimits> = {
  hashEntries: 512,
  hashValueBytes: 64,
  listSize: -2,
  plainNodeBytes: 2 ** 30,
  setIntegers: 512,
  setEntries: 128,
  setValueBytes: 64,
  zsetEntries: 128,
  zsetValueBytes: 64,
  streamNodeBytes: 4096,
  streamNodeEntries: 100,
  hllSparseBytes: 3000,
};
