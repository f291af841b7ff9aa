/** An RDB file or stream that cannot be read, and where: `offset` is the byte offset from its first byte, `REDIS...` being at 0. */
export class RdbError extends Error {
  override name: string = "RdbError";
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(`RDB, byte ${offset}: ${what}`);
    this.offset = offset;
  }
}

/** The file ends with a checksum (RdbReaderOptions.checksumPresent), but the image in it does not: it is to be read again without that belief. */
export class ChecksumMissing extends RdbError {
  override name = "ChecksumMissing";
}
