/** Access for tests of parts that know no commands: everybody may do everything, after the login that `password` asks for. */
import { AccessControl } from "../../src/session/acl/access-control.ts";
import type { Clients } from "../../src/session/clients.ts";

export function openAccess(clients: Clients, password = ""): AccessControl {
  const commands = { named: () => null, inCategory: () => null };
  const access = new AccessControl(clients, { commands, allChannels: () => false, deprecated: () => {} }, () => {});
  access.setDefaultPassword(password);
  return access;
}
