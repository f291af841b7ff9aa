/** Where a feed is told to begin. */

import { pointOf, type StreamPoint } from "../changes/position.ts";
import { FollowError } from "./error.ts";

/** To be given only: no image, what comes from now on. */
export const AT_NOW = "now";

/** Errors: FollowError. */
export function parsePosition(text: string): StreamPoint {
  const point = pointOf(text);
  if (point === null) throw new FollowError("OPTION", `${JSON.stringify(text)} is no position of a feed`);
  return point;
}
