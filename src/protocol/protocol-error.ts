/** A request that breaks the protocol: answered with `-ERR Protocol error: <message>`, then the connection is closed. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}
