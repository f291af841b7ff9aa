/** A big list, or the entries of a big stream, written node by node (streamed-value.ts); a node that changes meanwhile is copied first (memory/nodes.ts). */

import type { NodeImage } from "../memory/node-image.ts";
import type { NodeDeque } from "../memory/nodes.ts";
import type { RdbWriter } from "../rdb/writer.ts";
import type { LentValue } from "./streamed-value.ts";

/** Writes node `index` of a big list or stream. -> about how many bytes of memory that took reading. */
export type NodeWriter = (out: RdbWriter, nodes: WrittenNodes, index: number) => number;

/** Nodes as they are, or as they were when they were captured. */
export type WrittenNodes = Pick<NodeImage, "count" | "kind" | "locate" | "isCompressed" | "locateStored">;

/** What a node costs beside its bytes. */
const NODE_COST = 64;

/** What follows the last node is written by `after`. */
export class LentNodes implements LentValue {
  private readonly image: NodeImage;
  private readonly writeNode: NodeWriter;
  private readonly after: ((out: RdbWriter) => void) | null;
  private at = 0;
  private released = false;
  done = false;

  constructor(nodes: NodeDeque, writeNode: NodeWriter, after: ((out: RdbWriter) => void) | null = null) {
    this.image = nodes.capture();
    this.writeNode = writeNode;
    this.after = after;
  }

  write(out: RdbWriter, limit: number): number {
    const { image } = this;
    let written = 0;
    while (this.at < image.length && written < limit) {
      written += NODE_COST + this.writeNode(out, image, this.at++);
    }
    if (this.at < image.length || this.done) return written;
    this.done = true;
    this.after?.(out);
    this.release();
    return written;
  }

  keep(): void {}

  release(): void {
    if (this.released) return;
    this.released = true;
    this.image.release();
  }
}
