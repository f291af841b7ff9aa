/** Authentication, and what is noted of one that fails. */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { Denied } from "../../session/acl/acl-log.ts";
import { describeClient } from "../../session/client-info.ts";

/** Authenticates the client of the call; `password` in bytes. Errors: WRONGPASS, which leaves the client as it was. */
export function login({ server, session, frame, now }: Call, userName: string, password: Buffer): void {
  const { access, config } = server;
  if (access.login(session, userName, password)) return;
  access.log.add(
    {
      reason: Denied.AUTH,
      context: session.queueing ? "multi" : "toplevel",
      object: frame.text(0),
      userName,
      client: describeClient(session, now, { current: frame }).trimEnd(),
    },
    now,
    config.values["acllog-max-len"],
  );
  throw commandError("WRONGPASS invalid username-password pair or user is disabled.");
}
