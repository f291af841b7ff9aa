/** What several views ask the server. */

import { effect } from "@preact/signals";
import { fieldsOf, listOf } from "../reply.ts";
import { ReplyError } from "../resp.ts";
import { call, phase } from "../session.ts";
import { type Info, infoOf } from "./info.ts";
import { type Work, workOf } from "./progress.ts";

/** Errors: ReplyError, LinkError. */
export async function askInfo(...sections: readonly string[]): Promise<Info> {
  return infoOf(String(await call("INFO", ...sections)));
}

/** The server does not know REPLICANT.PROGRESS, or the user may not: asking on would only fill its logs. */
let isRefused = false;
effect(() => {
  if (phase.value !== "inside") isRefused = false;
});

/** What is under way; nothing where that is not to be had. Errors: LinkError. */
export async function askProgress(): Promise<Work[]> {
  if (isRefused) return [];
  try {
    return listOf(fieldsOf(await call("REPLICANT.PROGRESS")).running).map(workOf);
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    isRefused = true;
    return [];
  }
}
