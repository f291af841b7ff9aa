/**
 * Counts the replies in a stream of bytes without keeping them. Hot: it sees every byte that a benchmark receives; no value is made of one,
 * which would take three quarters of the time of a request.
 */

const LF = 0x0a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const PUSH = 0x3e; // >
const ERROR = 0x2d; // -
const BULK = 0x24; // $
const VERBATIM = 0x3d; // =
const BULK_ERROR = 0x21; // !
const ARRAY = 0x2a; // *
const SET = 0x7e; // ~
const MAP = 0x25; // %
const ATTRIBUTE = 0x7c; // |

export class ReplyCounter {
  /** The first error that the server replied with, and null while there is none. */
  error: string | null = null;
  /** Bytes of a string that are still to come, with its line end. */
  private skip = 0;
  /** Values that are still to come until the reply is whole. */
  private due = 1;
  /** Whether what is being read counts as a reply: a push does not. */
  private counts = true;
  /** The beginning of a line that was cut. */
  private cut = "";

  /** Returns how many replies end in these bytes. */
  count(bytes: Buffer): number {
    const { length } = bytes;
    let at = 0;
    let replies = 0;
    while (at < length) {
      if (this.skip > 0) {
        const skipped = Math.min(this.skip, length - at);
        at += skipped;
        this.skip -= skipped;
        if (this.skip === 0) replies += this.ended();
        continue;
      }
      let end = at;
      while (end < length && bytes[end] !== LF) end++;
      if (end === length) {
        this.cut += bytes.latin1Slice(at, length);
        break;
      }
      if (this.cut === "") replies += this.line(bytes, at, end);
      else {
        const whole = Buffer.from(this.cut + bytes.latin1Slice(at, end), "latin1");
        this.cut = "";
        replies += this.line(whole, 0, whole.length);
      }
      at = end + 1;
    }
    return replies;
  }

  /** Reads the line that begins a value, without its line feed. Returns 1 when it ends a reply. */
  private line(bytes: Buffer, from: number, end: number): number {
    const mark = bytes[from];
    switch (mark) {
      case BULK:
      case VERBATIM:
      case BULK_ERROR: {
        const size = numberIn(bytes, from + 1, end);
        if (mark === BULK_ERROR) this.error ??= "an error of more than one line";
        if (size < 0) return this.ended();
        this.skip = size + 2;
        return 0;
      }
      case ARRAY:
      case SET:
      case PUSH:
      case MAP:
      case ATTRIBUTE: {
        if (mark === PUSH && this.due === 1) this.counts = false;
        const items = numberIn(bytes, from + 1, end) * (mark === MAP || mark === ATTRIBUTE ? 2 : 1);
        if (mark === ATTRIBUTE) this.due++; // the value that they are about follows
        if (items <= 0) return this.ended();
        this.due += items - 1;
        return 0;
      }
      case ERROR:
        this.error ??= bytes.latin1Slice(from + 1, end - 1);
        return this.ended();
      default:
        return this.ended();
    }
  }

  private ended(): number {
    this.due--;
    if (this.due > 0) return 0;
    this.due = 1;
    if (this.counts) return 1;
    this.counts = true;
    return 0;
  }
}

function numberIn(bytes: Buffer, from: number, end: number): number {
  if (bytes[from] === MINUS) return -1;
  let value = 0;
  for (let at = from; at < end && bytes[at] >= ZERO && bytes[at] <= NINE; at++) value = value * 10 + bytes[at] - ZERO;
  return value;
}
