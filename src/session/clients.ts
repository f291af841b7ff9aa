/** All clients of a server by id, and the counts that INFO and maxclients need. */

import { assert } from "../assert.ts";
import { ClientMemory } from "./client-memory.ts";
import type { Session } from "./session.ts";

export class Clients {
  private readonly sessions = new Map<number, Session>();
  readonly memory = new ClientMemory(this);
  private nextId = 1;
  /** Connections ever accepted, and refused for `maxclients`. */
  accepted = 0;
  refused = 0;

  /** Ids are given once and in order. */
  newId(): number {
    return this.nextId++;
  }

  add(session: Session): void {
    assert(session.id > 0 && session.id < this.nextId, "a client's id is one that was given out");
    assert(!this.sessions.has(session.id), "an id is given to one client only");
    this.sessions.set(session.id, session);
    this.memory.add(session);
  }

  remove(session: Session): void {
    if (this.sessions.delete(session.id)) this.memory.remove(session);
  }

  get(id: number): Session | undefined {
    return this.sessions.get(id);
  }

  get count(): number {
    return this.sessions.size;
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.sessions.values();
  }
}
