/** What a version of the format can hold, and in which form: whether a value type of an image goes into another as it stands. */

import { familyOf, RDB_BITMAP_VERSION, RDB_COMMON_VERSION, type RdbFamily, REDIS_TYPE, VALKEY_TYPE, VALUE_TYPE } from "../../rdb/format.ts";
import { STREAM_FORM, type StreamForm } from "../../rdb/stream-value.ts";

/** Versions that can be written. 9 is what Redis 5 and 6 read. */
export const WRITTEN_VERSIONS: readonly number[] = [9, 10, 11, 12, 13, 14, 15, 16, 80, 81];

/** The first version that has listpacks and function libraries. */
export const LISTPACK_VERSION = 10;

/** The first version with each type that came later than version 9, where both families have it. */
const COMMON_SINCE: Readonly<Record<number, number>> = {
  [VALUE_TYPE.hashListpack]: LISTPACK_VERSION,
  [VALUE_TYPE.zsetListpack]: LISTPACK_VERSION,
  [VALUE_TYPE.listQuicklist2]: LISTPACK_VERSION,
  [VALUE_TYPE.streamListpacks2]: LISTPACK_VERSION,
  [VALUE_TYPE.setListpack]: RDB_COMMON_VERSION,
  [VALUE_TYPE.streamListpacks3]: RDB_COMMON_VERSION,
};
/** Likewise those of one family. Hashes by the number of a template go as plain hashes always. */
const OWN_SINCE: Readonly<Record<RdbFamily, Readonly<Record<number, number>>>> = {
  redis: {
    [REDIS_TYPE.timedHashPreGa]: 12,
    [REDIS_TYPE.timedHashListpackPreGa]: 12,
    [REDIS_TYPE.timedHash]: 12,
    [REDIS_TYPE.timedHashListpack]: 12,
    [REDIS_TYPE.streamWithProducers]: 13,
    [REDIS_TYPE.streamWithUnowned]: 14,
    [REDIS_TYPE.bitmap]: RDB_BITMAP_VERSION,
  },
  valkey: { [VALKEY_TYPE.timedHash]: 80, [VALKEY_TYPE.pathHash]: 81 },
};

/** The family whose own value types an image of this version has; null in those that both have. */
export function ownFamily(version: number): RdbFamily | null {
  return version > RDB_COMMON_VERSION ? familyOf(version) : null;
}

/** Whether values of this type of an image of version `from` stand in one of version `to` as they are. */
export function goesAsItIs(type: number, from: number, to: number): boolean {
  if (type <= VALUE_TYPE.streamListpacks3) return (COMMON_SINCE[type] ?? 0) <= to;
  const family = ownFamily(from);
  if (family === null || family !== ownFamily(to)) return false;
  return (OWN_SINCE[family][type] ?? Number.POSITIVE_INFINITY) <= to;
}

/** The form of streams that a version has, and its value type. */
export function streamForm(version: number): { readonly form: StreamForm; readonly type: number } {
  if (version < LISTPACK_VERSION) return { form: STREAM_FORM.first, type: VALUE_TYPE.streamListpacks };
  if (version < RDB_COMMON_VERSION) return { form: STREAM_FORM.withFacts, type: VALUE_TYPE.streamListpacks2 };
  return { form: STREAM_FORM.withActiveTime, type: VALUE_TYPE.streamListpacks3 };
}

/** The form that a value type has streams in, or null where it is none. */
export function formOfStream(type: number, version: number): StreamForm | null {
  if (type === VALUE_TYPE.streamListpacks) return STREAM_FORM.first;
  if (type === VALUE_TYPE.streamListpacks2) return STREAM_FORM.withFacts;
  if (type === VALUE_TYPE.streamListpacks3) return STREAM_FORM.withActiveTime;
  if (ownFamily(version) !== "redis") return null;
  return type === REDIS_TYPE.streamWithProducers ? STREAM_FORM.withProducers : null;
}
