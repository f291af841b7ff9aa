/** Which value type is read how. What is not here is refused with its name: modules before 4.0, arrays. */
import { BitmapReader } from "./bitmap-value.ts";
import { type ElementsForm, ElementsReader, type PackedForm, PackedReader } from "./collection-value.ts";
import { familyOf, RDB_BITMAP_VERSION, RDB_COMMON_VERSION, type RdbFamily, REDIS_TYPE, VALKEY_TYPE, VALUE_TYPE } from "./format.ts";
import * as keyed from "./keyed-values.ts";
import { LIST_ELEMENTS, LIST_LISTPACKS, LIST_ZIPLIST, listZiplists } from "./list-value.ts";
import { ModuleValueReader } from "./module.ts";
import { PathHashReader } from "./path-hash.ts";
import { STREAM_FORM, StreamReader } from "./stream-value.ts";
import { TemplateElementsReader, TemplateListpackReader } from "./template-hash.ts";
import { TimedFieldsReader, TimedListpackReader } from "./timed-hash.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";

/** Strings: always one atom. */
class StringReader implements ValueReader {
  begin({ input, entry, handler }: ReadContext): Step {
    if (!input.readString(entry.value)) return STEP.incomplete;
    handler.string(entry);
    return STEP.done;
  }

  next(): Step {
    return STEP.done;
  }
}

const elements = (form: ElementsForm) => (): ValueReader => new ElementsReader(form);
const packed = (form: PackedForm) => (): ValueReader => new PackedReader(form);

/** The readers by value type: made once per image, because they keep count of where they are. */
export const VALUE_READERS: ReadonlyMap<number, () => ValueReader> = new Map<number, () => ValueReader>([
  [VALUE_TYPE.string, () => new StringReader()],
  [VALUE_TYPE.list, elements(LIST_ELEMENTS)],
  [VALUE_TYPE.set, elements(keyed.SET_MEMBERS)],
  [VALUE_TYPE.zset, elements(keyed.ZSET_TEXT)],
  [VALUE_TYPE.hash, elements(keyed.HASH_FIELDS)],
  [VALUE_TYPE.zset2, elements(keyed.ZSET_MEMBERS)],
  [VALUE_TYPE.module2, () => new ModuleValueReader()],
  [VALUE_TYPE.hashZipmap, packed(keyed.HASH_ZIPMAP)],
  [VALUE_TYPE.listZiplist, packed(LIST_ZIPLIST)],
  [VALUE_TYPE.setIntset, packed(keyed.SET_INTSET)],
  [VALUE_TYPE.zsetZiplist, packed(keyed.ZSET_ZIPLIST)],
  [VALUE_TYPE.hashZiplist, packed(keyed.HASH_ZIPLIST)],
  [VALUE_TYPE.listQuicklist, () => new ElementsReader(listZiplists())],
  [VALUE_TYPE.hashListpack, packed(keyed.HASH_LISTPACK)],
  [VALUE_TYPE.zsetListpack, packed(keyed.ZSET_LISTPACK)],
  [VALUE_TYPE.listQuicklist2, elements(LIST_LISTPACKS)],
  [VALUE_TYPE.streamListpacks, () => new StreamReader(STREAM_FORM.first)],
  [VALUE_TYPE.streamListpacks2, () => new StreamReader(STREAM_FORM.withFacts)],
  [VALUE_TYPE.streamListpacks3, () => new StreamReader(STREAM_FORM.withActiveTime)],
  [VALUE_TYPE.setListpack, packed(keyed.SET_LISTPACK)],
]);

const NONE: ReadonlyMap<number, () => ValueReader> = new Map();

/** Those of value types that only one family has. */
const OWN_READERS: Readonly<Record<RdbFamily, ReadonlyMap<number, () => ValueReader>>> = {
  redis: new Map<number, () => ValueReader>([
    [REDIS_TYPE.timedHashPreGa, () => new TimedFieldsReader("absolute")],
    [REDIS_TYPE.timedHashListpackPreGa, () => new TimedListpackReader({ hasSoonest: false })],
    [REDIS_TYPE.timedHash, () => new TimedFieldsReader("from the soonest")],
    [REDIS_TYPE.timedHashListpack, () => new TimedListpackReader({ hasSoonest: true })],
    [REDIS_TYPE.streamWithProducers, () => new StreamReader(STREAM_FORM.withProducers)],
    [REDIS_TYPE.streamWithUnowned, () => new StreamReader(STREAM_FORM.withUnowned)],
    [REDIS_TYPE.templateListpack, () => new TemplateListpackReader({ byNumber: false })],
    [REDIS_TYPE.templateListpackByNumber, () => new TemplateListpackReader({ byNumber: true })],
    [REDIS_TYPE.templateElements, () => new TemplateElementsReader({ byNumber: false })],
    [REDIS_TYPE.templateElementsByNumber, () => new TemplateElementsReader({ byNumber: true })],
    [REDIS_TYPE.bitmap, () => new BitmapReader()],
  ]),
  valkey: new Map<number, () => ValueReader>([
    [VALKEY_TYPE.timedHash, () => new TimedFieldsReader("behind, in 8 bytes")],
    [VALKEY_TYPE.pathHash, () => new PathHashReader()],
  ]),
};

const BEFORE_BITMAPS = new Map([...OWN_READERS.redis].filter(([type]) => type !== REDIS_TYPE.bitmap));

/** Returns the readers beside VALUE_READERS of an image of this version. */
export function ownReaders(version: number): ReadonlyMap<number, () => ValueReader> {
  const family = version > RDB_COMMON_VERSION ? familyOf(version) : null;
  if (family === null) return NONE;
  return family === "redis" && version < RDB_BITMAP_VERSION ? BEFORE_BITMAPS : OWN_READERS[family];
}
