/**
 * Clients whose last request waits, unanswered, for the state of the server to let it run: for a pause to end (pauses.ts), or for keys that
 * are being migrated. They go on in the order in which they began to wait, each as if its request had just come in.
 */

import type { BlockedClients } from "./blocked.ts";
import type { Session } from "./session.ts";

export class PostponedClients {
  private readonly sessions = new Set<Session>();
  private readonly blocked: Pick<BlockedClients, "resume">;

  constructor(blocked: Pick<BlockedClients, "resume">) {
    this.blocked = blocked;
  }

  /** How many there are. */
  get count(): number {
    return this.sessions.size;
  }

  /** The client's request, which is under way, is not answered now. */
  add(session: Session): void {
    session.postponed = true;
    this.sessions.add(session);
    session.link.pause();
  }

  /** The client is gone. */
  remove(session: Session): void {
    this.sessions.delete(session);
  }

  /** All go on once the command under way is over. They may have to wait again, then behind each other as before. */
  release(): void {
    const sessions = [...this.sessions];
    this.sessions.clear();
    for (const session of sessions) {
      session.postponed = false;
      this.blocked.resume(session);
    }
  }
}
