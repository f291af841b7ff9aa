/** The fingerprint of a value of any type (digest.ts has the arithmetic), for DEBUG DIGEST and DEBUG DIGEST-VALUE. */

import { MAX_DOUBLE_BYTES, writeDouble } from "../base/numbers/doubles.ts";
import { hashEach } from "../values/hash/hash.ts";
import type { Holder } from "../values/holder.ts";
import { listEach } from "../values/list/list.ts";
import { setEach } from "../values/set/set.ts";
import { zsetEach } from "../values/sorted-set/zset.ts";
import { streamOf } from "../values/stream/stream.ts";
import { StreamCursor } from "../values/stream/stream-cursor.ts";
import { MAX_ID_TEXT } from "../values/stream/stream-id.ts";
import { Type } from "../values/value-types.ts";
import { DIGEST_TYPE, Digest, digestString } from "./digest.ts";

/** Scratch of one call: the digest of an element, and the text of a number. */
const element = new Digest();
const text = Buffer.allocUnsafeSlow(Math.max(MAX_DOUBLE_BYTES, MAX_ID_TEXT));
const DASH = 0x2d;
const POINT = 0x2e;

/** Adds what `value`, which is of this type, holds: to a cleared digest, or to that of its key. */
export function digestValue(digest: Digest, type: Type, value: Holder, hasExpiry: boolean): void {
  if (type === Type.STRING) return digestString(digest, value.buffer, value.from, value.to, hasExpiry);
  switch (type) {
    case Type.LIST:
      digest.mixType(DIGEST_TYPE.list);
      listEach(value, (each) => digest.mix(each.bytes, each.from, each.to));
      break;
    case Type.SET:
      digest.mixType(DIGEST_TYPE.set);
      setEach(value, (each) => digest.xor(each.bytes, each.from, each.to));
      break;
    case Type.ZSET:
      digest.mixType(DIGEST_TYPE.zset);
      zsetEach(value, (member, score) => {
        element.clear().mix(member.bytes, member.from, member.to);
        element.mix(text, 0, writeDouble(text, 0, score));
        digest.xorDigest(element);
      });
      break;
    case Type.HASH:
      digest.mixType(DIGEST_TYPE.hash);
      hashEach(value, (field, each) => {
        element.clear().mix(field.bytes, field.from, field.to);
        element.mix(each.bytes, each.from, each.to);
        digest.xorDigest(element);
      });
      break;
    case Type.STREAM:
      digest.mixType(DIGEST_TYPE.stream);
      mixEntries(digest, value);
      break;
  }
  if (hasExpiry) digest.xorExpiry();
}

function mixEntries(digest: Digest, value: Holder): void {
  const stream = streamOf(value);
  if (stream === null) return;
  const cursor = new StreamCursor().open(stream, null, null);
  while (cursor.next()) {
    const length = cursor.id.writeText(text, 0);
    text[text.indexOf(DASH)] = POINT; // digests have the two numbers with a point between them
    digest.mix(text, 0, length);
    const { content } = cursor;
    for (let field = 0; field < cursor.fields; field++) {
      content.next();
      digest.mix(content.field.bytes, content.field.from, content.field.to);
      digest.mix(content.value.bytes, content.value.from, content.value.to);
    }
  }
  cursor.close();
}
