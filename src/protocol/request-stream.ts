/**
 * Requests out of bytes, however these are cut: what a client sends, what a master streams, what an append-only file holds. The parser,
 * the requests parsed ahead and what is left over between two chunks live here. Hot: a chunk of whole requests is parsed in place.
 */

import { assert } from "../assert.ts";
import { BLOCKS_FROM, BlockString } from "../blocks/block-string.ts";
import { Frame } from "./frame.ts";
import { type Discard, InputBuffer } from "./input-buffer.ts";
import { ProtocolError, UnexpectedEnd } from "./protocol-error.ts";
import { Lines, Parsed, type RequestLimits, RequestParser } from "./request.ts";

/** How many requests are parsed ahead at most. */
export const BATCH_REQUESTS = 32;
/** So many bytes of a chunk are copied at first, to finish the request that an earlier one began, if there are more than that. */
const FIRST_PIECE_BYTES = 1024;
/** Input above this is let go of as soon as it is used up: what a collection finds in use stays, as old, until the next full one. */
const LARGE_INPUT_BYTES = 16 * 1024;
/** What was only announced, or comes in drops at first, is not worth a block. */
const FILLED_FROM = 16 * 1024;
/** The arguments before this one, the command's name and what is mostly a key, always lie in the buffer. */
const FIRST_IN_BLOCKS = 2;
/** Redis makes room for an argument of so many bytes when it is announced (PROTO_MBULK_BIG_ARG). */
const LONG_ARGUMENT_BYTES = 32 * 1024;

const STAR = 0x2a;
const NEWLINE = Buffer.from("\n");
const NO_BYTES = Buffer.alloc(0);

/** Requests parsed ahead of their execution, so that they can be prepared together. Streams that are served one after another share one. */
export class RequestBatch {
  /** The first `count` are whole requests; the one after them may be a part of one. Reused from batch to batch. */
  readonly frames: Frame[] = Array.from({ length: BATCH_REQUESTS + 1 }, () => new Frame());
  count = 0;
  /** What broke the protocol behind the whole requests. */
  error: ProtocolError | null = null;
  /** Whether a request without words follows the whole ones: an empty line, `*0`. Of clients only: nothing else is to be told of them. */
  blank = false;
  /** Where in the buffer each request ends. */
  readonly ends = new Float64Array(BATCH_REQUESTS);
  readonly ownFirst = this.frames[0];

  /** Lets go of the bytes of requests that are done, those of earlier and longer batches included. */
  release(): void {
    for (let index = 0; index < this.frames.length; index++) this.frames[index].buffer = NO_BYTES;
  }
}

export interface StreamOptions {
  /** Where in the source the first byte is; 0 unless told. */
  readonly offset?: number;
  /** Whether what a chunk held is overwritten once it has been served; false unless told. */
  readonly chunksAreReused?: boolean;
  /**
   * Whether `buffer` and `origin` may change from one batch to the next: of a chunk that ends a request which an earlier one began only as
   * much is copied as that takes, and the rest is read where it lies. False unless told.
   */
  readonly changesBuffer?: boolean;
  /** Whether long arguments are put into blocks as they come (`Frame.long`), so that nothing of them is joined. False unless told. */
  readonly usesBlocks?: boolean;
  /**
   * Whether nothing of a request is read once it has been executed: a value may be kept in the buffer of one that came in several pieces
   * (`Frame.keepable`). False unless told.
   */
  readonly forgetsExecuted?: boolean;
}

export class RequestStream {
  readonly batch: RequestBatch;
  /** The bytes being read, and where in the source they begin. */
  buffer: Buffer = NO_BYTES;
  origin: number;
  protected end = 0;
  protected readonly parser = new RequestParser();
  protected readonly limits: RequestLimits;
  private readonly chunksAreReused: boolean;
  private readonly changesBuffer: boolean;
  private readonly forgetsExecuted: boolean;
  private readonly usesBlocks: boolean;
  /** Where the first request of the batch begins, and whether the bytes end inside the one behind the last. */
  protected begin = 0;
  protected incomplete = false;
  /** Whether the first request of the batch came with arguments in blocks, which are not in `buffer`. */
  protected lacksBytes = false;
  /** The request that the bytes end in, with the arguments read so far: a frame of the batch while it is being served, `heldFrame` between chunks. */
  protected started: Frame | null = null;
  /** What is left over of earlier chunks. */
  protected held: InputBuffer | null = null;
  protected heldFrame: Frame | null = null;
  /** What has come of a long argument, in blocks: `held` ends in front of it. */
  private filling: BlockString | null = null;
  /** The chunk that `held` ends with a piece of, which goes on with chunk[restFrom, restTo); null if all of it is held. */
  private chunk: Buffer | null = null;
  private chunkFrom = 0;
  private restFrom = 0;
  private restTo = 0;

  /** `limits` is read for each batch: it may change meanwhile. */
  constructor(batch: RequestBatch, limits: RequestLimits, options: StreamOptions = {}) {
    this.batch = batch;
    this.limits = limits;
    this.origin = options.offset ?? 0;
    this.chunksAreReused = options.chunksAreReused ?? false;
    this.changesBuffer = options.changesBuffer ?? false;
    this.usesBlocks = options.usesBlocks ?? false;
    this.forgetsExecuted = options.forgetsExecuted ?? false;
  }

  // ---- bytes in

  /** Takes in chunk[from, to). Returns whether there may be something to read: `next` is to be called then, and `keep` at the end. */
  take(chunk: Buffer, from: number, to: number): boolean {
    if (this.filling !== null) {
      from = this.fill(this.filling, chunk, from, to);
      if (from === to) return false;
    }
    if (this.held !== null) {
      const piece = this.changesBuffer ? this.firstPiece(this.held, to - from) : to - from;
      this.held.add(chunk, from, from + piece, this.chunksAreReused);
      if (piece < to - from) {
        this.chunk = chunk;
        this.chunkFrom = from;
        this.restFrom = from + piece;
        this.restTo = to;
      }
      return this.takeHeld();
    }
    this.buffer = chunk;
    this.end = to;
    this.origin -= from;
    this.parser.position = from;
    return true;
  }

  /** How many of the `length` bytes that go on with a request are copied behind its beginning. */
  private firstPiece(held: InputBuffer, length: number): number {
    const missing = this.parser.needed - held.size;
    // Whole requests are held, or it goes on behind this chunk.
    if (missing <= 0 || missing > length) return length;
    return Math.min(length, Math.max(missing, FIRST_PIECE_BYTES));
  }

  /** The piece of the chunk did not end the request: copies another one, twice as long. Returns whether there was more. */
  private takePiece(): boolean {
    const { chunk, held, restFrom, restTo } = this;
    if (chunk === null || held === null) return false;
    const length = Math.min(restTo - restFrom, Math.max(held.size, this.parser.needed - held.size));
    held.add(chunk, restFrom, restFrom + length, this.chunksAreReused);
    this.restFrom += length;
    if (this.restFrom === restTo) this.chunk = null;
    held.join();
    this.buffer = held.buffer;
    this.end = held.length;
    return true;
  }

  /** Once the request is whole, what comes behind it is read in the chunk itself. */
  private leaveHeld(chunk: Buffer): void {
    const { parser } = this;
    const position = this.restFrom - this.unreadHere;
    if (position < this.chunkFrom) return;
    this.origin += parser.position - position;
    this.buffer = chunk;
    this.end = this.restTo;
    parser.position = position;
    this.chunk = null;
    this.held = null;
    this.heldFrame = null;
  }

  /** Takes in a chunk that must wait until `takeHeld`. */
  hold(chunk: Buffer): void {
    const from = this.filling === null ? 0 : this.fill(this.filling, chunk, 0, chunk.length);
    if (from === chunk.length) return;
    this.held ??= new InputBuffer();
    this.held.add(chunk, from, chunk.length, this.chunksAreReused);
  }

  /** Whether a long argument is on its way. */
  get isFilling(): boolean {
    return this.filling !== null;
  }

  /** Whether the argument under way, of which so many bytes are here, is worth blocks. */
  private isLong(bytes: number): boolean {
    const { parser, started } = this;
    return this.usesBlocks && started !== null && parser.bulk > BLOCKS_FROM && started.count >= FIRST_IN_BLOCKS && bytes >= FILLED_FROM;
  }

  /** Puts what is held of such an argument into blocks. */
  private fillHeld(): void {
    const { held, parser } = this;
    if (held === null || this.filling !== null || !this.isLong(held.size - parser.position)) return;
    held.cut(parser.position, (bytes, from, to) => this.beginFilling(held, bytes, from, to));
  }

  /** Begins to put the argument into blocks, with bytes[from, to); `held` ends in front of it. */
  private beginFilling(held: InputBuffer, bytes: Buffer, from: number, to: number): void {
    this.filling = new BlockString();
    const rest = this.fill(this.filling, bytes, from, to);
    if (rest < to) held.add(bytes, rest, to, true); // the first half of its line end
  }

  /** Takes of chunk[from, to) what belongs to the argument. Returns where that ends. */
  private fill(filling: BlockString, chunk: Buffer, from: number, to: number): number {
    const { parser, started } = this;
    const end = Math.min(to, from + parser.bulk - filling.length);
    filling.append(chunk, from, end);
    if (filling.length < parser.bulk) return end;
    assert(started !== null, "an argument belongs to a request");
    started.pushBlocks(parser.position, filling);
    this.filling = null;
    parser.bulkTaken();
    return end;
  }

  /** How many bytes of the request under way, or being served, are in blocks. */
  private get blockBytes(): number {
    const whole = this.heldFrame?.longBytes ?? 0;
    return this.filling === null ? whole : whole + this.filling.length;
  }

  /** Goes on with what was left over or put on hold. Returns whether there may be something to read. */
  takeHeld(): boolean {
    const { held } = this;
    if (held === null) return false;
    if (held.size < this.parser.needed) {
      this.fillHeld();
      return false;
    }
    held.join();
    this.buffer = held.buffer;
    this.end = held.length;
    return true;
  }

  /** Bytes left over. */
  get heldBytes(): number {
    return this.held === null ? 0 : this.held.size + this.blockBytes;
  }

  /** How many of them are not read into arguments yet. */
  get unreadHeldBytes(): number {
    return this.held === null ? 0 : this.held.size - this.parser.position + (this.filling?.length ?? 0);
  }

  /** Likewise, but for what comes behind the argument that is being read. */
  get heldArgumentBytes(): number {
    const { held, parser } = this;
    if (held === null) return 0;
    if (this.filling !== null) return this.filling.length;
    return (parser.bulk >= 0 ? Math.min(held.size, parser.needed) : held.size) - parser.position;
  }

  /** How long the arguments are together that were read of a request that is not whole. */
  get startedArguments(): number {
    return this.started?.argumentBytes ?? 0;
  }

  /** How many bytes of a long argument that was announced have not come yet. */
  get awaitedBytes(): number {
    const { held, parser } = this;
    if (held === null || parser.bulk < LONG_ARGUMENT_BYTES) return 0;
    return Math.max(0, parser.needed - held.size - (this.filling?.length ?? 0));
  }

  /** A copy of the first of them, at most `count`. */
  unreadHeldStart(count: number): Buffer {
    if (this.filling !== null) return this.filling.joined(0, Math.min(count, this.filling.length));
    return this.held === null ? NO_BYTES : this.held.slice(this.parser.position, count);
  }

  /** How many bytes there are where requests are being read, executed or not. */
  get readingBytes(): number {
    return this.end + this.blockBytes + (this.chunk === null ? 0 : this.restTo - this.restFrom);
  }

  /** The source is gone: lets go of what is left over. Not while requests of it are being served. */
  release(discard: Discard): void {
    this.held?.clear(discard);
    this.held = null;
    this.filling?.free();
    this.filling = null;
    this.heldFrame?.release();
    this.heldFrame = null;
    this.started = null;
  }

  /** A request that was under way has been served: its arguments in blocks are let go of. */
  private releaseServed(): void {
    if (this.heldFrame !== null && this.heldFrame !== this.started) this.heldFrame.release();
  }

  /**
   * The file is over. Returns whether it ends inside a request; a line that lacks only its end is whole. Errors: ProtocolError, when that line
   * is none of a request.
   */
  endOfFile(): boolean {
    const { held, parser } = this;
    if (held === null) return false;
    held.join();
    const unread = held.length - parser.position;
    if (parser.bulk >= 0 || unread === 0) return true;
    // Redis takes a star with nothing behind it for one that goes on, and no other line.
    const begun = parser.remaining < 0 && held.buffer[parser.position] === STAR;
    if (begun && (unread === 1 || held.buffer[parser.position + 1] === 0)) return true;
    this.take(NEWLINE, 0, 1);
    this.next();
    const { error } = this.batch;
    if (error !== null && !(error instanceof UnexpectedEnd)) throw error;
    return error !== null || parser.remaining >= 0;
  }

  /** Bytes that have not been read yet, of those being read. */
  get unread(): number {
    return this.chunk === null ? this.unreadHere : this.unreadHere + this.restTo - this.restFrom;
  }

  private get unreadHere(): number {
    return this.end - this.parser.position;
  }

  /** Where in the source the first byte is that belongs to no whole request yet. */
  get unfinished(): number {
    return this.origin + (this.started === null ? this.parser.position : this.started.start);
  }

  // ---- requests out

  /**
   * Parses the requests that come next into `batch`. Returns false when there are none, nor an error, nor one without words: the bytes are used up
   * as far as they go.
   */
  next(): boolean {
    const { parser, batch, limits, started } = this;
    this.releaseServed();
    if (this.chunk !== null && started === null) this.leaveHeld(this.chunk);
    assert(parser.position <= this.end, "a request never reaches beyond the bytes that have come in");
    if (parser.position === this.end || this.incomplete) return false;
    assert((started !== null) === parser.remaining >= 0, "a request under way has the arguments read so far in a frame");
    batch.frames[0] = started ?? batch.ownFirst;
    this.begin = started === null ? parser.position : started.start;
    // Before the login each request is parsed on its own: it may be the one that lifts the limits for the next.
    const most = limits.authenticated && this.chunk === null ? BATCH_REQUESTS : 1;
    let count = 0;
    batch.error = null;
    batch.blank = false;
    try {
      while (count < most && parser.position < this.end) {
        const result = parser.parse(batch.frames[count], this.buffer, this.end, limits);
        if (result === Parsed.INCOMPLETE) {
          if (this.takePiece()) continue;
          this.incomplete = true;
          break;
        }
        parser.needed = 0;
        if (result === Parsed.REQUEST) {
          batch.ends[count++] = parser.position;
        } else if (limits.lines === Lines.REQUESTS) {
          batch.blank = true;
          break;
        }
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      batch.error = error;
    }
    batch.count = count;
    this.started = parser.remaining >= 0 ? batch.frames[count] : null;
    const [first] = batch.frames;
    this.lacksBytes = first.long !== null;
    first.keepable = this.forgetsExecuted && count > 0 && this.held !== null && this.buffer === this.held.buffer;
    if (first.keepable) this.held?.shareBuffer();
    return count > 0 || batch.blank || batch.error !== null;
  }

  /**
   * Takes back what was parsed behind request `index` of the batch, and that one too if `inclusive`: it will be parsed again when the
   * stream goes on.
   */
  takeBack(index: number, options: { inclusive: boolean }): void {
    const { parser, batch } = this;
    assert(index < batch.count, "only requests of this batch can be taken back");
    const count = options.inclusive ? index : index + 1;
    if (index === 0 && options.inclusive && this.lacksBytes) return this.takeBackLong(batch.frames[0]);
    parser.restartAt(count === 0 ? this.begin : batch.ends[count - 1]);
    batch.count = count;
    batch.blank = false;
    this.started = null;
    this.incomplete = false;
  }

  /** Likewise the first request, with arguments in blocks: they are joined with the rest, and it is parsed again as any other. */
  private takeBackLong(frame: Frame): void {
    const { parser, batch } = this;
    const [end] = batch.ends;
    const behind = this.buffer.subarray(end, this.end);
    frame.join();
    this.buffer = Buffer.concat([frame.buffer.subarray(frame.start, frame.end), behind]);
    this.end = this.buffer.length;
    this.origin += this.begin;
    this.begin = 0;
    this.lacksBytes = false;
    parser.restartAt(0);
    batch.count = 0;
    batch.blank = false;
    this.started = null;
    this.incomplete = false;
  }

  /**
   * The bytes have been read as far as they go: keeps those from `from` on, by default from the first that belongs to no whole request,
   * for the next chunk.
   */
  keep(from = this.unfinished - this.origin): void {
    const { parser, held, buffer, end, chunk } = this;
    this.releaseServed();
    this.buffer = NO_BYTES;
    this.incomplete = false;
    if (end > LARGE_INPUT_BYTES) this.batch.release();
    this.origin += from;
    if (from === end && chunk === null) {
      this.held = null;
      this.heldFrame = null;
      parser.position = 0;
      return;
    }
    assert(from <= end, "what is kept lies within the bytes that came in");
    this.keepStarted(from);
    if (from > 0 || held === null || held.buffer !== buffer) {
      const { position } = parser;
      this.held = new InputBuffer();
      parser.position -= from;
      parser.needed = Math.max(0, parser.needed - from);
      if (this.isLong(end - position)) {
        this.held.add(buffer, from, position, true);
        this.beginFilling(this.held, buffer, position, end);
      } else this.held.add(buffer, from, end, this.chunksAreReused);
    }
    if (chunk !== null) {
      this.held?.add(chunk, this.restFrom, this.restTo, this.chunksAreReused);
      this.chunk = null;
    }
    this.fillHeld();
  }

  /** Moves the request under way out of the batch, which others use next. */
  private keepStarted(from: number): void {
    const { started } = this;
    assert(started === null || started.start >= from, "a request under way is kept whole");
    if (started !== null && started !== this.heldFrame) {
      this.started = new Frame();
      this.started.start = started.start;
      for (let index = 0; index < started.count; index++) this.started.push(started.offsets[index], started.lengths[index]);
    }
    if (from > 0) this.started?.shift(-from);
    this.heldFrame = this.started;
  }
}
