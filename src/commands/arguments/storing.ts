/** What SORT STORE, SINTERSTORE, ZRANGESTORE, GEOSEARCHSTORE and their kin have in common: a value that was built finds its key. */

import type { Call } from "../../execution/call.ts";
import type { EventClass } from "../../keyspace/events.ts";
import { NO_EXPIRY } from "../../keyspace/lookup.ts";
import type { Temporary } from "../../values/temporary.ts";

/** Puts `draft` at the key named by argument `index`, or deletes the key if it has no elements; replies with how many it has, which is `count`. */
export function storeDraft(call: Call, index: number, draft: Temporary, count: number, event: EventClass, name: string): void {
  const { database, frame } = call;
  // Looked up only now: building may have found that the time of the key has passed.
  const address = call.write(index);
  if (count > 0) {
    database.install(draft, address, call.keyHash, frame.buffer, frame.offsets[index], frame.lengths[index], NO_EXPIRY);
    call.event(event, name, index);
  } else {
    draft.discard();
    if (address !== 0) database.delete(address);
  }
  call.reply.integer(count);
}
