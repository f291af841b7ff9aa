/** A request that breaks the protocol: answered with `-ERR Protocol error: <message>`, then the connection is closed. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

/** A file ends before the request that it announces does. */
export class UnexpectedEnd extends ProtocolError {
  override name = "UnexpectedEnd";
}
