/** Access for tests of parts that know no commands: everybody may do everything, after the login that `password` asks for. */
import { Config } from "../../src/config/config.ts";
import { Log } from "../../src/log.ts";
import { AccessControl } from "../../src/session/acl/access-control.ts";
import type { Clients } from "../../src/session/clients.ts";

export function openAccess(clients: Clients, password = ""): AccessControl {
  const commands = { named: () => null, inCategory: () => null };
  return new AccessControl(clients, commands, Config.of({ requirepass: password }), new Log({ level: "nothing", file: "" }), () => {});
}
