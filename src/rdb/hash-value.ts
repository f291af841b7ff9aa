/** Hashes in every form that an image can hold them in, but those whose fields expire (Redis 7.4). */
import { Element, packedCount, packedFirst, packedRead } from "../memory/packed.ts";
import { hashExpect, hashLength, hashSet } from "../values/hash/hash.ts";
import type { Temporary } from "../values/temporary.ts";
import { Encoding, Type } from "../values/value-types.ts";
import { checkListpack, duplicate, ElementsReader, isSmallListpack, PackedReader, takePacked } from "./collection-value.ts";
import { RdbString } from "./entry.ts";
import type { RdbInput } from "./input.ts";
import { ZiplistReader } from "./ziplist.ts";
import { ZipmapReader } from "./zipmap.ts";

const TWICE = "a field of the hash is there twice";

/** A count, and fields and values by turns. */
export class HashReader extends ElementsReader {
  protected readonly type = Type.HASH;
  private readonly field = new RdbString();
  private readonly value = new RdbString();

  protected override expect(draft: Temporary, count: number): void {
    hashExpect(draft, count, 0, 0);
  }

  protected element(input: RdbInput, draft: Temporary): boolean {
    const { field, value } = this;
    if (!input.readString(field) || !input.readString(value)) return false;
    if (!hashSet(draft, field.bytes, field.from, field.to, value.bytes, value.from, value.to))
      throw duplicate(input, "a field of the hash");
    return true;
  }
}

abstract class PackedHashReader extends PackedReader {
  protected readonly type = Type.HASH;

  protected isEmpty(draft: Temporary): boolean {
    return hashLength(draft) === 0;
  }
}

export class HashListpackReader extends PackedHashReader {
  private readonly field = new Element();
  private readonly value = new Element();

  protected fill(draft: Temporary, bytes: Buffer, from: number, to: number, _offset: number, vouched: boolean): string | null {
    if (vouched && isSmallListpack(bytes, from, to, 2, draft.limits.hashEntries)) {
      takePacked(draft, Encoding.LISTPACK, bytes, from, to);
      return null;
    }
    const failure = checkListpack(draft, bytes, from, to, 2);
    if (failure !== null) return failure;
    if (packedCount(bytes, from) / 2 <= draft.limits.hashEntries) {
      takePacked(draft, Encoding.LISTPACK, bytes, from, to);
      return null;
    }
    const { field, value } = this;
    for (let at = packedFirst(bytes, from); at < to - 1; ) {
      at = packedRead(bytes, packedRead(bytes, at, field), value);
      hashSet(draft, field.bytes, field.from, field.to, value.bytes, value.from, value.to);
    }
    return null;
  }
}

export class HashZiplistReader extends PackedHashReader {
  private readonly ziplist = new ZiplistReader();
  private field = Buffer.alloc(64);

  protected fill(draft: Temporary, bytes: Buffer, from: number, to: number, offset: number): string | null {
    const { ziplist } = this;
    ziplist.open(bytes, from, to, offset);
    while (ziplist.next()) {
      // An integer's digits are where the next one's will be.
      const length = ziplist.to - ziplist.from;
      if (length > this.field.length) this.field = Buffer.allocUnsafeSlow(length * 2);
      const { field } = this;
      ziplist.bytes.copy(field, 0, ziplist.from, ziplist.to);
      if (!ziplist.next()) return "a field of the hash has no value";
      if (!hashSet(draft, field, 0, length, ziplist.bytes, ziplist.from, ziplist.to)) return TWICE;
    }
    return null;
  }
}

export class HashZipmapReader extends PackedHashReader {
  private readonly zipmap = new ZipmapReader();

  protected fill(draft: Temporary, bytes: Buffer, from: number, to: number, offset: number): string | null {
    const { zipmap } = this;
    zipmap.open(bytes, from, to, offset);
    while (zipmap.next())
      if (!hashSet(draft, bytes, zipmap.fieldFrom, zipmap.fieldTo, bytes, zipmap.valueFrom, zipmap.valueTo)) return TWICE;
    return null;
  }
}
