/** MONITOR: shows the client every command that is executed (session/monitors.ts). */

import { commandError } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { isFed } from "../../session/session.ts";

const command = commandsOf("server");

/** Errors: in a transaction, where every command has one reply. A replica, and a client that is a monitor already, get no answer at all. */
export const monitor = command("monitor", { arity: 1, since: "1.0.0", flags: "admin noscript loading stale" })
  .answers("OK")
  .docs("Shows the client every command that the server executes.")
  .run(({ session, server, reply, mayBlock }) => {
    if (!mayBlock) throw commandError("ERR MONITOR isn't allowed for DENY BLOCKING client");
    if (isFed(session.kind)) return;
    server.monitors.add(session);
    reply.ok();
  });
