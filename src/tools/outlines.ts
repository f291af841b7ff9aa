/** Which value type is passed how. As rdb/value-readers.ts, and what no server here can hold beside: values of modules. */

import { familyOf, RDB_BITMAP_VERSION, RDB_COMMON_VERSION, REDIS_TYPE, VALKEY_TYPE, VALUE_TYPE } from "../rdb/format.ts";
import { STREAM_FORM } from "../rdb/stream-value.ts";
import type { ValueReader } from "../rdb/value.ts";
import {
  BitmapOutline,
  type CountElements,
  countIntset,
  countListpack,
  countZiplist,
  countZipmap,
  ElementsOutline,
  ModuleOutline,
  NodesOutline,
  type OutlineTarget,
  PART,
  type Part,
  PathsOutline,
  StringOutline,
  WholeOutline,
} from "./outline.ts";
import { StreamOutline, TemplateOutline } from "./outline-stream.ts";

type MakeReader = (target: OutlineTarget) => ValueReader;

const elements =
  (...parts: readonly Part[]): MakeReader =>
  (target) =>
    new ElementsOutline(target, parts);
const whole =
  (count: CountElements, ahead = 0): MakeReader =>
  (target) =>
    new WholeOutline(target, count, ahead);
const { string, textDouble, eightBytes, length } = PART;

const COMMON: Readonly<Record<number, MakeReader>> = {
  [VALUE_TYPE.string]: (target) => new StringOutline(target),
  [VALUE_TYPE.list]: elements(string),
  [VALUE_TYPE.set]: elements(string),
  [VALUE_TYPE.zset]: elements(string, textDouble),
  [VALUE_TYPE.hash]: elements(string, string),
  [VALUE_TYPE.zset2]: elements(string, eightBytes),
  [VALUE_TYPE.module2]: (target) => new ModuleOutline(target),
  [VALUE_TYPE.hashZipmap]: whole(countZipmap),
  [VALUE_TYPE.listZiplist]: whole(countZiplist(1)),
  [VALUE_TYPE.setIntset]: whole(countIntset),
  [VALUE_TYPE.zsetZiplist]: whole(countZiplist(2)),
  [VALUE_TYPE.hashZiplist]: whole(countZiplist(2)),
  [VALUE_TYPE.listQuicklist]: (target) => new NodesOutline(target, { contained: false }),
  [VALUE_TYPE.streamListpacks]: (target) => new StreamOutline(target, STREAM_FORM.first),
  [VALUE_TYPE.hashListpack]: whole(countListpack(2)),
  [VALUE_TYPE.zsetListpack]: whole(countListpack(2)),
  [VALUE_TYPE.listQuicklist2]: (target) => new NodesOutline(target, { contained: true }),
  [VALUE_TYPE.streamListpacks2]: (target) => new StreamOutline(target, STREAM_FORM.withFacts),
  [VALUE_TYPE.setListpack]: whole(countListpack(1)),
  [VALUE_TYPE.streamListpacks3]: (target) => new StreamOutline(target, STREAM_FORM.withActiveTime),
};

const REDIS: Readonly<Record<number, MakeReader>> = {
  [REDIS_TYPE.timedHashPreGa]: elements(length, string, string),
  [REDIS_TYPE.timedHashListpackPreGa]: whole(countListpack(3)),
  [REDIS_TYPE.timedHash]: (target) => new ElementsOutline(target, [length, string, string], 8),
  [REDIS_TYPE.timedHashListpack]: whole(countListpack(3), 8),
  [REDIS_TYPE.streamWithProducers]: (target) => new StreamOutline(target, STREAM_FORM.withProducers),
  [REDIS_TYPE.streamWithUnowned]: (target) => new StreamOutline(target, STREAM_FORM.withUnowned),
  [REDIS_TYPE.templateListpack]: (target) => new TemplateOutline(target, { byNumber: false, elements: false }),
  [REDIS_TYPE.templateListpackByNumber]: (target) => new TemplateOutline(target, { byNumber: true, elements: false }),
  [REDIS_TYPE.templateElements]: (target) => new TemplateOutline(target, { byNumber: false, elements: true }),
  [REDIS_TYPE.templateElementsByNumber]: (target) => new TemplateOutline(target, { byNumber: true, elements: true }),
};

const VALKEY: Readonly<Record<number, MakeReader>> = {
  [VALKEY_TYPE.timedHash]: elements(string, string, eightBytes),
  [VALKEY_TYPE.pathHash]: (target) => new PathsOutline(target),
};

/** Returns who passes the values of an image of this version, by value type. */
export function outlines(version: number, target: OutlineTarget): Map<number, () => ValueReader> {
  const family = version > RDB_COMMON_VERSION ? familyOf(version) : null;
  const own = family === null ? {} : family === "valkey" ? VALKEY : REDIS;
  const makers = new Map<number, () => ValueReader>();
  for (const [type, make] of Object.entries({ ...COMMON, ...own })) makers.set(Number(type), () => make(target));
  if (own === REDIS && version >= RDB_BITMAP_VERSION) makers.set(REDIS_TYPE.bitmap, () => new BitmapOutline(target));
  return makers;
}
