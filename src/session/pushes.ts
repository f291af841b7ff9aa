/**
 * Messages on their way to clients. Clients that wait for the same messages share them: the list of them is kept once, and joined once,
 * however many clients there are. Measured with 100 subscribers, 64 bytes a message, PUBLISH in pipelines: see docs/performance.md.
 */

/** A message that is longer is not sent together with others. */
const LONG_BYTES = 16 * 1024;

const NO_BYTES = Buffer.alloc(0);

/** What goes out in one piece. */
interface Piece {
  readonly bytes: Buffer;
  /** Whether it is one long message. */
  readonly isLong: boolean;
}

/** A message that waits, and those before it. */
export class Pushes {
  /** Nothing waits; what follows is shared by all that start here. */
  static none(): Pushes {
    return new Pushes(null, NO_BYTES);
  }

  /** Bytes of all of them. */
  readonly bytes: number;
  private readonly before: Pushes | null;
  private readonly message: Buffer;
  /** What came behind it last. */
  private next: Pushes | null = null;
  private joined: readonly Piece[] | null = null;

  private constructor(before: Pushes | null, message: Buffer) {
    this.before = before;
    this.message = message;
    this.bytes = (before?.bytes ?? 0) + message.length;
  }

  /** Returns these and `message` behind them. */
  and(message: Buffer): Pushes {
    if (this.next?.message !== message) this.next = new Pushes(this, message);
    return this.next;
  }

  /** In the order in which they came. */
  get messages(): Buffer[] {
    const messages: Buffer[] = [];
    for (let push: Pushes = this; push.before !== null; push = push.before) messages.push(push.message);
    return messages.reverse();
  }

  /** Short messages go together; a long one is a value by itself. */
  get pieces(): readonly Piece[] {
    this.joined ??= join(this.messages);
    return this.joined;
  }
}

function join(messages: readonly Buffer[]): Piece[] {
  const pieces: Piece[] = [];
  for (let index = 0; index < messages.length; ) {
    const from = index++;
    const isLong = messages[from].length > LONG_BYTES;
    while (!isLong && index < messages.length && messages[index].length <= LONG_BYTES) index++;
    pieces.push({ bytes: index === from + 1 ? messages[from] : Buffer.concat(messages.slice(from, index)), isLong });
  }
  return pieces;
}
