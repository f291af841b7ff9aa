/** What a client is told when a request fails. */

/** The server answered with an error. `message` is its whole text, code first: "WRONGTYPE Operation against ...". */
export class ReplyError extends Error {
  override name = "ReplyError";

  /** The first word of the text: ERR, WRONGTYPE, MOVED, ... */
  get code(): string {
    const end = this.message.indexOf(" ");
    return end < 0 ? this.message : this.message.slice(0, end);
  }
}

/**
 * Gives an error of the server the stack of the async function that calls this, with those that wait for it: it was made where its bytes were
 * read. Returns the error.
 */
export function atCaller(error: unknown): unknown {
  if (error instanceof ReplyError) Error.captureStackTrace(error, atCaller);
  return error;
}

/** The link to the server is closed, or was lost: whether the request was executed is not known. */
export class LinkError extends Error {
  override name = "LinkError";
}
