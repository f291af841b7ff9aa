/** Sets in every form that an image can hold them in. */
import { intsetFits, intsetGet, intsetLength, intsetValid } from "../memory/intset.ts";
import { Element, packedCount, packedFirst, packedRead } from "../memory/packed.ts";
import { setAdd, setLength, setReserve } from "../values/set/set.ts";
import type { Temporary } from "../values/temporary.ts";
import { Encoding, Type } from "../values/value-types.ts";
import { checkListpack, duplicate, ElementsReader, isSmallListpack, PackedReader, takePacked } from "./collection-value.ts";
import { RdbString } from "./entry.ts";
import type { RdbInput } from "./input.ts";

/** A count and the members. */
export class SetReader extends ElementsReader {
  protected readonly type = Type.SET;
  private readonly member = new RdbString();

  protected override expect(draft: Temporary, count: number): void {
    setReserve(draft, count);
  }

  protected element(input: RdbInput, draft: Temporary): boolean {
    const { member } = this;
    if (!input.readString(member)) return false;
    if (!setAdd(draft, member.bytes, member.from, member.to)) throw duplicate(input, "a member of the set");
    return true;
  }
}

abstract class PackedSetReader extends PackedReader {
  protected readonly type = Type.SET;
  protected readonly member = new Element();

  protected isEmpty(draft: Temporary): boolean {
    return setLength(draft) === 0;
  }
}

export class SetIntsetReader extends PackedSetReader {
  protected fill(draft: Temporary, bytes: Buffer, from: number, to: number, _offset: number, vouched: boolean): string | null {
    if (!(vouched ? intsetFits : intsetValid)(bytes, from, to)) return "bad intset: its length or order is wrong";
    const length = intsetLength(bytes, from);
    if (length <= draft.limits.setIntegers) {
      takePacked(draft, Encoding.INTSET, bytes, from, to);
      return null;
    }
    const { member } = this;
    for (let index = 0; index < length; index++) {
      intsetGet(bytes, from, index, member);
      setAdd(draft, member.bytes, member.from, member.to);
    }
    return null;
  }
}

export class SetListpackReader extends PackedSetReader {
  protected fill(draft: Temporary, bytes: Buffer, from: number, to: number, _offset: number, vouched: boolean): string | null {
    if (vouched && isSmallListpack(bytes, from, to, 1, draft.limits.setEntries)) {
      takePacked(draft, Encoding.LISTPACK, bytes, from, to);
      return null;
    }
    const failure = checkListpack(draft, bytes, from, to, 1);
    if (failure !== null) return failure;
    if (packedCount(bytes, from) <= draft.limits.setEntries) {
      takePacked(draft, Encoding.LISTPACK, bytes, from, to);
      return null;
    }
    const { member } = this;
    for (let at = packedFirst(bytes, from); at < to - 1; ) {
      at = packedRead(bytes, at, member);
      setAdd(draft, member.bytes, member.from, member.to);
    }
    return null;
  }
}
