/** Authentication: the default user and its password, `requirepass`. */

import { createHash, timingSafeEqual } from "node:crypto";
import { commandError } from "../../errors.ts";
import type { ServerParts } from "../../execution/server-parts.ts";
import type { Session } from "../../session/session.ts";

/** The only user. */
export const DEFAULT_USER = "default";

/** Authenticates a client; `password` in bytes. Errors: WRONGPASS, which leaves the client as it was. */
export function login(server: ServerParts, session: Session, user: string, password: Buffer): void {
  const expected = server.config.values.requirepass;
  const matches = expected === "" || samePassword(password, Buffer.from(expected, "latin1"));
  if (user !== DEFAULT_USER || !matches) {
    server.stats.loginFailures++;
    throw commandError("WRONGPASS invalid username-password pair or user is disabled.");
  }
  session.authenticated = true;
  session.user = user;
}

/** Resets a client's user to that of a new connection. */
export function logout(server: ServerParts, session: Session): void {
  session.user = DEFAULT_USER;
  session.authenticated = server.config.values.requirepass === "";
}

/** Compares digests, so that its duration does not reveal where the passwords differ or how long they are. */
function samePassword(given: Buffer, expected: Buffer): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(password: Buffer): Buffer {
  return createHash("sha256").update(password).digest();
}
