/** How places and distances are answered. */

import { MAX_FIXED_BYTES, writeDecimal, writeDistance } from "../../base/numbers/fixed-point.ts";
import type { Reply } from "../../protocol/reply.ts";

const text = Buffer.alloc(MAX_FIXED_BYTES);

/** A longitude and a latitude, each a number of up to 17 decimals. */
export function replyPlace(reply: Reply, longitude: number, latitude: number): void {
  reply.array(2);
  reply.doubleBytes(text, 0, writeDecimal(text, 0, longitude));
  reply.doubleBytes(text, 0, writeDecimal(text, 0, latitude));
}

/** A distance: a string with four decimals, whatever the client speaks. */
export function replyDistance(reply: Reply, distance: number): void {
  reply.bytes(text, 0, writeDistance(text, 0, distance));
}
