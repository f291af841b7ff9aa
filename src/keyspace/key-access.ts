/** How keys are looked at: what a lookup must know of the command that it is for. */

import type { Frame } from "../protocol/frame.ts";

/** What happens to an expired key when it is looked up. */
export const ExpiryMode = {
  /** It is deleted, and the deletion journalled: a master. */
  DELETE: 0,
  /** It reads as missing and stays until the master deletes it: a replica serving clients. */
  HIDE: 1,
  /** It reads as present: commands from the master, and loading. */
  KEEP: 2,
} as const;
export type ExpiryMode = (typeof ExpiryMode)[keyof typeof ExpiryMode];

/** The command that is being run is one (execution/call.ts). */
export interface KeyAccess {
  /** What becomes of an expired key. */
  readonly expiryMode: ExpiryMode;
  /** Whether reads leave the access bits alone (CLIENT NO-TOUCH). */
  readonly noTouch: boolean;
  /** The request being executed: the hashes of its keys may be known already. Null outside of commands. */
  readonly frame: Frame | null;
  /** The hash of the key last looked up, which creating that key takes. Written by lookups. */
  keyHash: number;
}
