/** DEBUG LOADAOF and AOF-FLUSH-SLEEP. */

import type { Context } from "../../../execution/context.ts";

export function loadAppendOnly(ctx: Context): void {
  ctx.host.appendOnly.reload();
  ctx.reply.ok();
}

export function flushSleep(ctx: Context): void {
  ctx.host.appendOnly.flushSleep = Number.parseInt(ctx.text(2), 10) || 0;
  ctx.reply.ok();
}
