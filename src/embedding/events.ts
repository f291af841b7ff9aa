/** What a server in a program tells the program of. */

import type { Frame } from "../protocol/frame.ts";
import type { Server } from "../server.ts";
import type { Session } from "../session/session.ts";

/** A command that was executed: what MONITOR would show. */
export interface CommandEvent {
  /** The number of the database that was selected. */
  readonly db: number;
  /** The command's name in lower case. */
  readonly command: string;
  /** What follows the name, as text; passwords and the like are "(redacted)". */
  readonly args: readonly string[];
  readonly client: CommandClient;
}

/** Who sent it. Of what scripts call the id is 0 and the address "lua". */
export interface CommandClient {
  readonly id: number;
  readonly name: string;
  readonly address: string;
}

/** By the name of the event what a listener is given. */
export interface ServerEvents {
  command: CommandEvent;
}

type Listener<Event> = (event: Event) => void;

const REDACTED = "(redacted)";
const OF_SCRIPT: CommandClient = { id: 0, name: "", address: "lua" };

export class Events {
  private readonly server: Server;
  private readonly listeners = new Set<Listener<CommandEvent>>();
  /** Ends listening to the server's commands; null: no one listens. */
  private silence: (() => void) | null = null;

  constructor(server: Server) {
    this.server = server;
  }

  /** Errors: TypeError for an event that there is not. */
  on<Name extends keyof ServerEvents>(name: Name, listener: Listener<ServerEvents[Name]>): void {
    if (name !== "command") throw new TypeError(`there is no event ${JSON.stringify(name)}: "command" is one`);
    this.listeners.add(listener);
    this.silence ??= this.server.monitors.listen((session, request, secrets) => this.tell(session, request, secrets));
  }

  off<Name extends keyof ServerEvents>(_name: Name, listener: Listener<ServerEvents[Name]>): void {
    this.listeners.delete(listener);
    if (this.listeners.size > 0) return;
    this.silence?.();
    this.silence = null;
  }

  private tell(session: Session, request: Frame, secrets: readonly number[]): void {
    const event: CommandEvent = {
      db: session.database.index,
      command: request.text(0).toLowerCase(),
      args: Array.from({ length: request.count - 1 }, (_, index) =>
        secrets.includes(index + 1) ? REDACTED : request.argument(index + 1).toString("utf8"),
      ),
      client: session.inScript ? OF_SCRIPT : { id: session.id, name: session.name, address: session.link.remoteAddress },
    };
    for (const listener of this.listeners) {
      try {
        listener(event);
      } catch (error) {
        // It is the program's, and no fault of the command: it goes where errors that no one catches go.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
