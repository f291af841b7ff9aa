/** DEBUG RELOAD: through the file and back. */

import { commandError } from "../../../errors.ts";
import type { Context } from "../../../execution/context.ts";

export function reload(ctx: Context): void {
  const words = new Set<string>();
  for (let index = 2; index < ctx.count; index++) words.add(ctx.text(index).toLowerCase());
  for (const word of words) {
    if (word !== "nosave" && word !== "noflush" && word !== "merge") {
      throw commandError("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    }
  }
  ctx.host.persistence.reload({ save: !words.has("nosave"), flush: !words.has("noflush"), merge: words.has("merge") });
  ctx.reply.ok();
}
