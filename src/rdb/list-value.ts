/** Lists in every form that an image can hold them in. */
import { BLOCKS_FROM } from "../blocks/block-string.ts";
import { MAX_PACKED_BYTES, packedAppend, packedCount, packedValid } from "../memory/packed.ts";
import { ListEnd, listBuilding, listLength, listPush } from "../values/list/list.ts";
import { exceedsListLimit } from "../values/list/quicklist.ts";
import { Temporary } from "../values/temporary.ts";
import { Encoding, Type } from "../values/value-types.ts";
import { BAD_LISTPACK, type ElementsForm, isSmallListpack, type PackedForm, takePacked } from "./collection-value.ts";
import { CompressedNode, LIST_FORM } from "./compressed-node.ts";
import { RdbString } from "./entry.ts";
import { integrityFailure } from "./error.ts";
import { NODE_CONTAINER } from "./format.ts";
import type { RdbInput } from "./input.ts";
import { ZiplistReader } from "./ziplist.ts";

/** Scratch of what is read at the moment: an element or a node. */
const text = new RdbString();
const ziplist = new ZiplistReader();
const compressed = new CompressedNode();

/** A count and the elements, first to last. */
export const LIST_ELEMENTS: ElementsForm = {
  type: Type.LIST,
  element(input, draft) {
    if (!input.readString(text)) return false;
    listPush(draft, text.bytes, text.from, text.to, ListEnd.TAIL);
    return true;
  },
};

/** A list that is one ziplist: before version 7. */
export const LIST_ZIPLIST: PackedForm = {
  type: Type.LIST,
  length: listLength,
  fill(draft, bytes, from, to, offset) {
    ziplist.open("List ziplist", bytes, from, to, offset);
    while (ziplist.next()) listPush(draft, ziplist.bytes, ziplist.from, ziplist.to, ListEnd.TAIL);
    return null;
  },
};

/** A count of nodes, runs of elements that stay as they are (empty ones are passed over), and the nodes: ziplists, versions 7 to 9. */
export function listZiplists(): ElementsForm {
  /** The node as a listpack. */
  let converted: Temporary | null = null;
  return {
    type: Type.LIST,
    length: listLength,
    element(input, draft) {
      const { offset } = input;
      if (!input.readString(text)) return false;
      converted ??= new Temporary(draft.tables, draft.limits);
      converted.begin(Type.LIST);
      ziplist.open("Ziplist", text.bytes, text.from, text.to, offset);
      while (ziplist.next()) packedAppend(converted, ziplist.bytes, ziplist.from, ziplist.to);
      appendPacked(draft, converted.buffer, converted.from, converted.to);
      return true;
    },
  };
}

/** Nodes that are listpacks, or one long element each. Those in the middle of a list that is vouched for are not decompressed. */
export const LIST_LISTPACKS: ElementsForm = {
  type: Type.LIST,
  length: listLength,
  element(input, draft, left) {
    if (!input.readLength()) return false;
    const container = input.value;
    if (container !== NODE_CONTAINER.plain && container !== NODE_CONTAINER.packed)
      throw input.error(integrityFailure("Quicklist", `unknown container ${container} of a node`), input.start);
    if (!input.readCompressed(text)) return false;
    if (input.unpacked >= 0) {
      const inner = input.vouched && left > 1 && listLength(draft) > 0;
      if (container === NODE_CONTAINER.packed && inner && compressed.takeList(input)) {
        listBuilding(draft).appendCompressed(compressed.bytes, compressed.length, compressed.count, LIST_FORM);
        return true;
      }
      input.expand(text);
    }
    const { bytes, from, to } = text;
    if (from === to) throw input.error("a node of the list has no bytes", input.start);
    if (container === NODE_CONTAINER.plain) {
      listBuilding(draft).appendPlain(bytes, from, to);
      return true;
    }
    if (to - from > MAX_PACKED_BYTES || !(isVouched(input, bytes, from, to) || packedValid(bytes, from, to)))
      throw input.error(integrityFailure("Listpack", BAD_LISTPACK), input.start);
    appendPacked(draft, bytes, from, to);
    return true;
  },
};

/** Whether the listpack need not be looked into: not even for how many elements it has, or for some that are to be in blocks. */
function isVouched(input: RdbInput, bytes: Buffer, from: number, to: number): boolean {
  return input.vouched && to - from <= BLOCKS_FROM && isSmallListpack(bytes, from, to, 1, MAX_PACKED_BYTES);
}

/** Adds a listpack, well formed, at the tail. The first becomes the list itself if it is small enough. */
function appendPacked(draft: Temporary, bytes: Buffer, from: number, to: number): void {
  const count = packedCount(bytes, from);
  if (count === 0) return;
  if (listLength(draft) === 0 && !exceedsListLimit(draft.limits.listSize, to - from, count))
    takePacked(draft, Encoding.LISTPACK, bytes, from, to);
  else listBuilding(draft).appendPacked(bytes, from, to, count);
}
