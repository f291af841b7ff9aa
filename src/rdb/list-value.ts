/** Lists in every form that an image can hold them in. */
import { MAX_PACKED_BYTES, packedAppend, packedCount, packedValid } from "../memory/packed.ts";
import { ListEnd, listAppendCompressed, listAppendPacked, listAppendPlain, listLength, listPush } from "../values/list/list.ts";
import { exceedsListLimit } from "../values/list/quicklist.ts";
import { Temporary } from "../values/temporary.ts";
import { Encoding, Type } from "../values/value-types.ts";
import { ElementsReader, isSmallListpack, PackedReader, takePacked } from "./collection-value.ts";
import { CompressedNode, LIST_FORM } from "./compressed-node.ts";
import { RdbString } from "./entry.ts";
import { NODE_CONTAINER } from "./format.ts";
import type { RdbInput } from "./input.ts";
import { ZiplistReader } from "./ziplist.ts";

/** A count and the elements, first to last. */
export class ListReader extends ElementsReader {
  protected readonly type = Type.LIST;
  private readonly value = new RdbString();

  protected element(input: RdbInput, draft: Temporary): boolean {
    const { value } = this;
    if (!input.readString(value)) return false;
    listPush(draft, value.bytes, value.from, value.to, ListEnd.TAIL);
    return true;
  }
}

/** A list that is one ziplist: before version 7. */
export class ListZiplistReader extends PackedReader {
  protected readonly type = Type.LIST;
  private readonly ziplist = new ZiplistReader();

  protected fill(draft: Temporary, bytes: Buffer, from: number, to: number, offset: number): string | null {
    const { ziplist } = this;
    ziplist.open(bytes, from, to, offset);
    while (ziplist.next()) listPush(draft, ziplist.bytes, ziplist.from, ziplist.to, ListEnd.TAIL);
    return null;
  }

  protected isEmpty(draft: Temporary): boolean {
    return listLength(draft) === 0;
  }
}

/** A count of nodes and the nodes, which stay as they are: each a run of elements. Some versions of Redis left empty ones, which are passed over. */
abstract class NodesReader extends ElementsReader {
  protected readonly type = Type.LIST;
  protected readonly node = new RdbString();

  protected override isEmpty(draft: Temporary): boolean {
    return listLength(draft) === 0;
  }
}

/** Nodes that are ziplists: versions 7 to 9. */
export class ListZiplistsReader extends NodesReader {
  private readonly ziplist = new ZiplistReader();
  /** The node as a listpack. */
  private converted: Temporary | null = null;

  protected element(input: RdbInput, draft: Temporary): boolean {
    const { node, ziplist } = this;
    const { offset } = input;
    if (!input.readString(node)) return false;
    this.converted ??= new Temporary(draft.tables, draft.limits);
    const converted = this.converted.begin(Type.LIST);
    ziplist.open(node.bytes, node.from, node.to, offset);
    while (ziplist.next()) packedAppend(converted, ziplist.bytes, ziplist.from, ziplist.to);
    appendPacked(draft, converted.buffer, converted.from, converted.to);
    return true;
  }
}

/** Nodes that are listpacks, or one long element each. Those in the middle of a list that is vouched for are not decompressed. */
export class ListListpacksReader extends NodesReader {
  private readonly compressed = new CompressedNode();

  protected element(input: RdbInput, draft: Temporary): boolean {
    const { node } = this;
    if (!input.readLength()) return false;
    const container = input.value;
    if (container !== NODE_CONTAINER.plain && container !== NODE_CONTAINER.packed)
      throw input.error(`unknown container ${container} of a list's node`, input.start);
    if (!input.readCompressed(node)) return false;
    if (input.unpacked >= 0) {
      if (container === NODE_CONTAINER.packed && this.isInner(input, draft) && this.compressed.takeList(input)) {
        listAppendCompressed(draft, this.compressed.bytes, this.compressed.length, this.compressed.count, LIST_FORM);
        return true;
      }
      input.expand(node);
    }
    const { bytes, from, to } = node;
    if (from === to) throw input.error("a node of the list has no bytes", input.start);
    if (container === NODE_CONTAINER.plain) {
      listAppendPlain(draft, bytes, from, to);
      return true;
    }
    if (to - from > MAX_PACKED_BYTES || !(isVouched(input, bytes, from, to) || packedValid(bytes, from, to)))
      throw input.error("bad listpack: its lengths or counts do not fit", input.start);
    appendPacked(draft, bytes, from, to);
    return true;
  }

  /** Whether the node is neither at the head nor at the tail, and may stay as it is. */
  private isInner(input: RdbInput, draft: Temporary): boolean {
    return input.vouched && this.left > 1 && listLength(draft) > 0;
  }
}

/** Whether the listpack need not be looked into: not even for how many elements it has. */
function isVouched(input: RdbInput, bytes: Buffer, from: number, to: number): boolean {
  return input.vouched && isSmallListpack(bytes, from, to, 1, MAX_PACKED_BYTES);
}

/** Adds a listpack, well formed, at the tail. The first becomes the list itself if it is small enough. */
function appendPacked(draft: Temporary, bytes: Buffer, from: number, to: number): void {
  const count = packedCount(bytes, from);
  if (count === 0) return;
  if (listLength(draft) === 0 && !exceedsListLimit(draft.limits.listSize, to - from, count))
    takePacked(draft, Encoding.LISTPACK, bytes, from, to);
  else listAppendPacked(draft, bytes, from, to);
}
