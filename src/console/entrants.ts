/** People who have entered the console: which user a browser's cookie stands for. Kept in memory, and gone with the server. */

import { randomBytes } from "node:crypto";
import type { AccessControl } from "../session/acl/access-control.ts";
import type { User } from "../session/acl/user.ts";
import type { BrowserSocket } from "./browser-socket.ts";

/** An entrance is forgotten that was not used for so long. */
const IDLE_MS = 12 * 3600 * 1000;
/** Beyond them the one that was used least recently is forgotten. */
const MOST_ENTRANTS = 1000;
const TOKEN_BYTES = 32;

export interface Entrant {
  readonly token: string;
  readonly user: User;
  /** What the user's passwords were: when they change, whoever entered with them has to do so again. */
  readonly passwords: string;
  usedAt: number;
  readonly sockets: Set<BrowserSocket>;
}

export class Entrants {
  private readonly access: AccessControl;
  private readonly now: () => number;
  /** By token; the one that was used least recently first. */
  private readonly byToken = new Map<string, Entrant>();

  /** `now` in ms. */
  constructor(access: AccessControl, now: () => number) {
    this.access = access;
    this.now = now;
  }

  /** Returns who that is when name and password are right, else null. */
  userOf(name: string, password: string): User | null {
    const user = this.access.users.get(name);
    return user?.accepts(Buffer.from(password)) ? user : null;
  }

  /** Who enters without a password, if that is possible. */
  get stranger(): User | null {
    return this.access.isOpen ? this.access.users.default : null;
  }

  enter(user: User): Entrant {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    const entrant = { token, user, passwords: passwordsOf(user), usedAt: this.now(), sockets: new Set<BrowserSocket>() };
    this.byToken.set(token, entrant);
    for (const oldest of this.byToken.values()) {
      if (this.byToken.size <= MOST_ENTRANTS) break;
      this.leave(oldest);
    }
    return entrant;
  }

  /** Whom a token stands for; null for one that is unknown, too old, or of a user who is gone or has other passwords by now. */
  find(token: string): Entrant | null {
    const entrant = this.byToken.get(token);
    if (entrant === undefined) return null;
    const { user } = entrant;
    const isSame = this.access.users.get(user.name) === user && user.enabled && passwordsOf(user) === entrant.passwords;
    const isIdle = entrant.sockets.size === 0 && this.now() - entrant.usedAt > IDLE_MS;
    if (!isSame || isIdle) {
      this.leave(entrant);
      return null;
    }
    entrant.usedAt = this.now();
    this.byToken.delete(token);
    this.byToken.set(token, entrant);
    return entrant;
  }

  /** Forgets an entrance, and closes what is open by it. */
  leave(entrant: Entrant): void {
    this.byToken.delete(entrant.token);
    for (const socket of [...entrant.sockets]) socket.end();
  }
}

function passwordsOf({ noPassword, passwords }: User): string {
  return noPassword ? "any" : passwords.join(" ");
}
