/** Who a client is: the default user and its password, `requirepass`. */

import { createHash, timingSafeEqual } from "node:crypto";
import { commandError } from "../../errors.ts";
import type { Host } from "../../execution/host.ts";
import type { Session } from "../../session/session.ts";

/** The only user there is. */
export const DEFAULT_USER = "default";

/** Logs a client in; `password` in bytes. Errors: WRONGPASS, and then the client is who it was. */
export function login(host: Host, session: Session, user: string, password: Buffer): void {
  const expected = host.config.values.requirepass;
  const matches = expected === "" || samePassword(password, Buffer.from(expected, "latin1"));
  if (user !== DEFAULT_USER || !matches) {
    host.stats.loginFailures++;
    throw commandError("WRONGPASS invalid username-password pair or user is disabled.");
  }
  session.authenticated = true;
  session.user = user;
}

/** Makes a client as anonymous as one that has just connected. */
export function logout(host: Host, session: Session): void {
  session.user = DEFAULT_USER;
  session.authenticated = host.config.values.requirepass === "";
}

/** Compares digests, so that the time it takes tells nothing of where two passwords differ or how long they are. */
function samePassword(given: Buffer, expected: Buffer): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(password: Buffer): Buffer {
  return createHash("sha256").update(password).digest();
}
