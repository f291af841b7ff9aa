/** An error reply: `message` is the whole line after the `-`, code first, in Redis's words. Thrown by commands, written by the executor. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** The error replies that several rooms use. One frozen instance each: throwing one makes no stack trace and no garbage. */
export const errors = {
  wrongType: fixed("WRONGTYPE Operation against a key holding the wrong kind of value"),
  syntax: fixed("ERR syntax error"),
  notInteger: fixed("ERR value is not an integer or out of range"),
  notFloat: fixed("ERR value is not a valid float"),
  notPositive: fixed("ERR value is out of range, must be positive"),
  noSuchKey: fixed("ERR no such key"),
  outOfRange: fixed("ERR index out of range"),
  overflow: fixed("ERR increment or decrement would overflow"),
  stringTooLong: fixed("ERR string exceeds maximum allowed size (proto-max-bulk-len)"),
  sameObject: fixed("ERR source and destination objects are the same"),
  invalidCursor: fixed("ERR invalid cursor"),
  loading: fixed("LOADING Redis is loading the dataset in memory"),
  readOnly: fixed("READONLY You can't write against a read only replica."),
  noAuth: fixed("NOAUTH Authentication required."),
  masterDown: fixed("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
  replicaUsesKeyspace: fixed("ERR Replica can't interact with the keyspace"),
  noReplicas: fixed("NOREPLICAS Not enough good replicas to write."),
  outOfMemory: fixed("OOM command not allowed when used memory > 'maxmemory'."),
  execAbort: fixed("EXECABORT Transaction discarded because of previous errors."),
  misconf: fixed(
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are " +
      "disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). " +
      "Please check the Redis logs for details about the RDB error.",
  ),
} as const;

function fixed(message: string): CommandError {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const error = new CommandError(message);
  Error.stackTraceLimit = limit;
  return error;
}

/** An error reply made for the occasion; `message` starts with its code. */
export function commandError(message: string): CommandError {
  return new CommandError(message);
}
