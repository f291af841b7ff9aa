/** An RDB file or stream that cannot be read, and where: `offset` is the byte offset from its first byte, `REDIS...` being at 0. */
export class RdbError extends Error {
  override name = "RdbError";
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(`RDB, byte ${offset}: ${what}`);
    this.offset = offset;
  }
}
