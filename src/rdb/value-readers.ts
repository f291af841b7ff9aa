/** Who reads which value type. What is not here is refused with its name: modules before 4.0, hashes whose fields expire. */
import { VALUE_TYPE } from "./format.ts";
import { HashListpackReader, HashReader, HashZiplistReader, HashZipmapReader } from "./hash-value.ts";
import { ListListpacksReader, ListReader, ListZiplistReader, ListZiplistsReader } from "./list-value.ts";
import { ModuleValueSkipper } from "./module.ts";
import { SetIntsetReader, SetListpackReader, SetReader } from "./set-value.ts";
import { STREAM_FORM, StreamReader } from "./stream-value.ts";
import { StringReader } from "./string-value.ts";
import type { ValueReader } from "./value.ts";
import { ZsetListpackReader, ZsetReader, ZsetTextReader, ZsetZiplistReader } from "./zset-value.ts";

/** The readers by value type: made once per image, because they keep count of where they are. */
export const VALUE_READERS: ReadonlyMap<number, () => ValueReader> = new Map<number, () => ValueReader>([
  [VALUE_TYPE.string, () => new StringReader()],
  [VALUE_TYPE.list, () => new ListReader()],
  [VALUE_TYPE.set, () => new SetReader()],
  [VALUE_TYPE.zset, () => new ZsetTextReader()],
  [VALUE_TYPE.hash, () => new HashReader()],
  [VALUE_TYPE.zset2, () => new ZsetReader()],
  [VALUE_TYPE.module2, () => new ModuleValueSkipper()],
  [VALUE_TYPE.hashZipmap, () => new HashZipmapReader()],
  [VALUE_TYPE.listZiplist, () => new ListZiplistReader()],
  [VALUE_TYPE.setIntset, () => new SetIntsetReader()],
  [VALUE_TYPE.zsetZiplist, () => new ZsetZiplistReader()],
  [VALUE_TYPE.hashZiplist, () => new HashZiplistReader()],
  [VALUE_TYPE.listQuicklist, () => new ListZiplistsReader()],
  [VALUE_TYPE.hashListpack, () => new HashListpackReader()],
  [VALUE_TYPE.zsetListpack, () => new ZsetListpackReader()],
  [VALUE_TYPE.listQuicklist2, () => new ListListpacksReader()],
  [VALUE_TYPE.streamListpacks, () => new StreamReader(STREAM_FORM.first)],
  [VALUE_TYPE.streamListpacks2, () => new StreamReader(STREAM_FORM.withFacts)],
  [VALUE_TYPE.streamListpacks3, () => new StreamReader(STREAM_FORM.withActiveTime)],
  [VALUE_TYPE.setListpack, () => new SetListpackReader()],
]);
