/** Places in a source's history as texts: `<replication id>:<offset>:<database>`, and behind that how many events of a unit were taken. */

import type { StreamPoint } from "../changes/change-stream.ts";
import { positionText } from "../changes/stream-event.ts";
import { FollowError } from "./error.ts";

/** To be given only: no image, what comes from now on. */
export const AT_NOW = "now";

const FORM = /^([0-9a-fA-F]{40}):(\d{1,15}):(\d{1,9})(?::(\d{1,9}))?$/;

export function textOfPoint({ id, offset, db, skip }: StreamPoint): string {
  const text = positionText(id, offset, db);
  return skip === 0 ? text : `${text}:${skip}`;
}

/** Errors: FollowError. */
export function parsePosition(text: string): StreamPoint {
  const [, id, offset, db, skip = "0"] = FORM.exec(text) ?? [];
  if (id === undefined) throw new FollowError("OPTION", `${JSON.stringify(text)} is no position of a feed`);
  return { id, offset: Number(offset), db: Number(db), skip: Number(skip) };
}
