/** Why a feed has ended. */

/**
 * What went wrong:
 *
 *     ADDRESS       the URL is none of a Redis
 *     OPTION        an option, or a position, is not what it should be
 *     UNREACHABLE   there is no connection, or has been none for longer than `patienceMs`
 *     REFUSED       the source does not let this user follow it: a password, an ACL rule
 *     UNSUPPORTED   the source knows no PSYNC, as managed ones do: `mode: "scan"` does without
 *     DATA          what came cannot be read
 *     DISK          what waits for the consumer, or the position, cannot be kept
 */
export type FollowErrorCode = "ADDRESS" | "OPTION" | "UNREACHABLE" | "REFUSED" | "UNSUPPORTED" | "DATA" | "DISK";

export class FollowError extends Error {
  override name = "FollowError";
  readonly code: FollowErrorCode;
  /** Where to go on from: all events up to there were delivered. Null: from the beginning. */
  position: string | null = null;

  constructor(code: FollowErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
