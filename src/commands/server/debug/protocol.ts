/** DEBUG PROTOCOL: one reply of each type, for authors of clients. */

import { commandError } from "../../../errors.ts";
import type { Call } from "../../../execution/call.ts";
import type { Reply } from "../../../protocol/reply.ts";

const KINDS: ReadonlyMap<string, (reply: Reply) => void> = new Map<string, (reply: Reply) => void>([
  ["string", (reply) => reply.bulk("Hello World")],
  ["integer", (reply) => reply.integer(12345)],
  ["double", (reply) => reply.doubleText("3.141")],
  ["bignum", (reply) => reply.bigNumber("1234567999999999999999999999999999999")],
  ["null", (reply) => reply.null()],
  ["array", (reply) => numbers(reply, "array")],
  ["set", (reply) => numbers(reply, "set")],
  ["map", map],
  ["attrib", attribute],
  ["push", push],
  ["verbatim", (reply) => reply.verbatim("This is a verbatim\nstring")],
  ["true", (reply) => reply.boolean(true)],
  ["false", (reply) => reply.boolean(false)],
]);

export function protocol(call: Call): void {
  const write = KINDS.get(call.text(2).toLowerCase());
  if (write === undefined) {
    throw commandError(`ERR Wrong protocol type name. Please use one of the following: ${[...KINDS.keys()].join("|")}`);
  }
  write(call.reply);
}

function numbers(reply: Reply, kind: "array" | "set"): void {
  reply[kind](3);
  for (let value = 0; value < 3; value++) reply.integer(value);
}

function map(reply: Reply): void {
  reply.map(3);
  for (let value = 0; value < 3; value++) {
    reply.integer(value);
    reply.boolean(value === 1);
  }
}

/** An attribute is not a reply by itself: one follows. */
function attribute(reply: Reply): void {
  if (reply.protocol === 3) {
    reply.attribute(1);
    reply.bulk("key-popularity");
    reply.array(2);
    reply.field("key:123", 90);
  }
  reply.bulk("Some real reply following the attribute");
}

/** A push is not a reply either. */
function push(reply: Reply): void {
  if (reply.protocol !== 3) throw commandError("ERR RESP2 is not supported by this command");
  reply.push(2);
  reply.field("server-cpu-usage", 42);
  reply.bulk("Some real reply following the push reply");
}
