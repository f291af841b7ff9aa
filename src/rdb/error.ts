/** An RDB file or stream that cannot be read, and where: `offset` is the byte offset from its first byte, `REDIS...` being at 0. */
export class RdbError extends Error {
  override name: string = "RdbError";
  /** What is wrong there. */
  readonly reason: string;
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(`RDB, byte ${offset}: ${reason}`);
    this.reason = reason;
    this.offset = offset;
  }
}

/** What is well formed as far as can be told, but this reader does not know: a later version, a value type or an opcode of other builds. */
export class RdbUnsupported extends RdbError {
  override name = "RdbUnsupported";
}

/** What is wrong with a structure that has bytes of its own, `what` being "Hash ziplist" and the like: logs have these words of Redis. */
export function integrityFailure(what: string, detail: string): string {
  return `${what} integrity check failed: ${detail}`;
}

/** The file ends with a checksum (RdbReaderOptions.checksumPresent), but the image in it does not: it is to be read again without that belief. */
export class ChecksumMissing extends RdbError {
  override name = "ChecksumMissing";
}
