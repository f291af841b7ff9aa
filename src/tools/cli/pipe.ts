/** `--pipe`: sends the protocol that standard input holds and counts the replies. */

import { randomHex } from "../../base/random.ts";
import { type Connection, ConnectionError, encodeWords } from "./connection.ts";
import { type Console, ToolFailure } from "./console.ts";
import { bytesOf } from "./input.ts";
import type { Session } from "./session.ts";

const MARK_BYTES = 20;

export async function pipeMode(session: Session): Promise<number> {
  const connection = await session.connected();
  const transfer = new Transfer(connection, session.console);
  await Promise.all([transfer.sendAll(), transfer.readAll(session.options.pipeTimeoutSeconds)]);
  session.console.print(`errors: ${transfer.errors}, replies: ${transfer.replies}\n`);
  return transfer.errors > 0 ? 1 : 0;
}

class Transfer {
  errors = 0;
  replies = 0;
  /** What comes back as the last reply. */
  private readonly mark = randomHex(MARK_BYTES);
  private sent = false;
  private lastReply = Date.now();
  private readonly connection: Connection;
  private readonly console: Console;

  constructor(connection: Connection, console: Console) {
    this.connection = connection;
    this.console = console;
  }

  async sendAll(): Promise<void> {
    const { connection, console } = this;
    for await (const chunk of console.input) {
      connection.write(bytesOf(chunk));
      await connection.drained();
      if (connection.lost) return;
    }
    // A line end first: it closes what was cut off, so that the mark is read as a request.
    connection.write(Buffer.concat([Buffer.from("\r\n"), encodeWords(["ECHO", this.mark])]));
    console.print("All data transferred. Waiting for the last reply...\n");
    this.sent = true;
    this.lastReply = Date.now();
  }

  /** Errors: ToolFailure when the connection is lost. */
  async readAll(timeoutSeconds: number): Promise<void> {
    const { connection, console } = this;
    const silence = Promise.withResolvers<"silence">();
    const timer = setInterval(() => {
      if (this.sent && timeoutSeconds > 0 && Date.now() - this.lastReply > timeoutSeconds * 1000) silence.resolve("silence");
    }, 1000);
    try {
      for (;;) {
        if ((await Promise.race([connection.arrival(), silence.promise])) === "silence") {
          console.complain(`No replies for ${timeoutSeconds} seconds: exiting.\n`);
          this.errors++;
          return;
        }
        if (this.takeReplies()) return;
        if (connection.lost) throw new ToolFailure("Error reading replies from server");
      }
    } catch (error) {
      if (error instanceof ConnectionError) throw new ToolFailure("Error reading replies from server");
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  /** Counts the replies that are here. Returns whether the last is among them. */
  private takeReplies(): boolean {
    const { connection, console } = this;
    for (let reply = connection.readNow(); reply !== null; reply = connection.readNow()) {
      this.lastReply = Date.now();
      if (reply.kind === "error") {
        console.complain(`${reply.text}\n`);
        this.errors++;
      } else if (this.sent && reply.kind === "string" && reply.text === this.mark) {
        console.print("Last reply received from server.\n");
        return true;
      }
      this.replies++;
    }
    return false;
  }
}
