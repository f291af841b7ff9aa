/** A server that takes keys as a test wants it to: what it says to each request is decided there, and what it was asked is kept. */

import type { Socket } from "bun";

/** A request as it came in: its words, one character a byte. */
export type Heard = readonly string[];

/**
 * What is said to a request: an answer without its line end; null to close the connection instead; "silence" to say nothing, to this and all
 * that follows on the connection until `speak`.
 */
export type Manner = (request: Heard, connection: number) => string | null | "silence";

interface Line {
  readonly number: number;
  text: string;
  silent: boolean;
}

export class FakeTarget implements Disposable {
  manner: Manner;
  /** Every request, with the number of the connection that it came on, from 1. */
  readonly heard: { readonly connection: number; readonly words: Heard }[] = [];
  /** How many connections there have been. */
  connections = 0;
  /** Whether it reads nothing of new connections. */
  deaf = false;
  private readonly listener: Bun.TCPSocketListener<Line>;
  private readonly open = new Set<Socket<Line>>();
  private unanswered: { readonly socket: Socket<Line>; readonly words: Heard }[] = [];

  constructor(manner: Manner = () => "+OK") {
    this.manner = manner;
    this.listener = Bun.listen<Line>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          socket.data = { number: ++this.connections, text: "", silent: false };
          this.open.add(socket);
          if (this.deaf) socket.pause();
        },
        close: (socket) => void this.open.delete(socket),
        data: (socket, chunk) => this.receive(socket, chunk),
      },
    });
  }

  get port(): number {
    return this.listener.port;
  }

  /** Connections that are open. */
  get openCount(): number {
    return this.open.size;
  }

  private receive(socket: Socket<Line>, chunk: Buffer): void {
    socket.data.text += chunk.toString("latin1");
    for (let words = this.next(socket.data); words !== null; words = this.next(socket.data)) {
      this.heard.push({ connection: socket.data.number, words });
      this.answer(socket, words);
    }
  }

  private answer(socket: Socket<Line>, words: Heard): void {
    const said = socket.data.silent ? "silence" : this.manner(words, socket.data.number);
    if (said === null) return void socket.end();
    if (said !== "silence") return void socket.write(`${said}\r\n`);
    socket.data.silent = true;
    this.unanswered.push({ socket, words });
  }

  /** Says what was not said yet, in this manner. */
  speak(manner: Manner): void {
    this.manner = manner;
    const { unanswered } = this;
    this.unanswered = [];
    for (const socket of this.open) socket.data.silent = false;
    for (const { socket, words } of unanswered) this.answer(socket, words);
  }

  /** Takes the next whole request out of what has come in. */
  private next(line: Line): Heard | null {
    const header = /^\*(\d+)\r\n/.exec(line.text);
    if (header === null) return null;
    const words: string[] = [];
    let at = header[0].length;
    for (let left = Number(header[1]); left > 0; left--) {
      const length = /^\$(\d+)\r\n/.exec(line.text.slice(at, at + 16));
      if (length === null) return null;
      const from = at + length[0].length;
      const to = from + Number(length[1]);
      if (line.text.length < to + 2) return null;
      words.push(line.text.slice(from, to));
      at = to + 2;
    }
    line.text = line.text.slice(at);
    return words;
  }

  /** Closes all connections, and goes on listening. */
  hangUp(): void {
    for (const socket of [...this.open]) socket.terminate();
  }

  [Symbol.dispose](): void {
    this.listener.stop(true);
  }
}

/** A port that nothing listens on. */
export function deafPort(): number {
  using target = new FakeTarget();
  return target.port;
}
