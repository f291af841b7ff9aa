/** What ZRANGESTORE, ZUNIONSTORE and their kin have in common: a sorted set that was built finds its key. */

import type { Context } from "../../execution/context.ts";
import { EventClass } from "../../keyspace/events.ts";
import { NO_EXPIRY } from "../../keyspace/lookup.ts";
import { zsetLength } from "../../values/sorted-set/zset.ts";
import type { Temporary } from "../../values/temporary.ts";

/** Puts a sorted set at the key named by argument `index`, or deletes the key if it is empty; answers with how many members it has. */
export function storeZset(ctx: Context, index: number, draft: Temporary, event: string): void {
  const { database, frame, reply } = ctx;
  const count = zsetLength(draft);
  const address = ctx.write(index);
  if (count > 0) {
    database.install(draft, frame.buffer, frame.offsets[index], frame.lengths[index], address, NO_EXPIRY);
    ctx.event(EventClass.ZSET, event, index);
  } else {
    draft.discard();
    if (address !== 0) {
      database.delete(address);
      ctx.event(EventClass.GENERIC, "del", index);
    }
  }
  reply.integer(count);
}
