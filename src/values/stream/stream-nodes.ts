/**
 * The nodes of a stream. A value that is long enough for blocks is not among the bytes of its node (stream-node.ts): it is an object that they
 * refer to, and that is the node's alone.
 */

import type { BlockString } from "../../blocks/block-string.ts";
import { NodeDeque } from "../../memory/nodes.ts";
import type { ByteSpan } from "../../memory/record-table.ts";
import { eachReference, referredHandle, referredString, setReferredHandle } from "./stream-node.ts";

export class StreamNodes extends NodeDeque {
  override copy(): StreamNodes {
    return this.copyTo(new StreamNodes(this.tables));
  }

  /** Has a reference of node `index`, at `at` of `buffer`, stand for a string, which is the node's from then on. */
  refer(index: number, buffer: Buffer, at: number, value: BlockString): void {
    setReferredHandle(buffer, at, this.tables.objects.add(value));
    this.setRefers(index);
  }

  protected override copyReferences(span: ByteSpan): void {
    const { objects } = this.tables;
    eachReference(span, (buffer, at) => setReferredHandle(buffer, at, objects.add(referredString(objects, buffer, at).copy())));
  }

  protected override freeReferences(span: ByteSpan): void {
    eachReference(span, (buffer, at) => this.tables.objects.removeBytes(referredHandle(buffer, at)));
  }

  protected override referredBytes(span: ByteSpan): number {
    let bytes = 0;
    eachReference(span, (buffer, at) => {
      bytes += referredString(this.tables.objects, buffer, at).heldBytes;
    });
    return bytes;
  }
}
