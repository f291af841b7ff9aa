/** MODULE: there are no modules here, and none can be loaded. What tools ask for is answered as by a server without any. */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { helpOf } from "../arguments/help.ts";

const command = commandsOf("server");

const failed = commandError("ERR Error loading the extension. Please check the server logs.");

/** Errors: always. */
function refuse({ server, frame }: Call): void {
  server.log.warning(`Module ${frame.text(2)} failed to load: modules of Redis cannot be loaded by Replicant`);
  throw failed;
}

const load = command("module|load", { arity: -3, since: "4.0.0", flags: "no_async_loading admin noscript" })
  .takes("path:string [arg...]")
  .answers("OK")
  .marked("protected")
  .docs("Loads a module, which this server cannot.", "O(1)")
  .run(refuse);

const loadex = command("module|loadex", { arity: -3, since: "7.0.0", flags: "no_async_loading admin noscript" })
  .takes("path:string [CONFIG configs(name value)]... [ARGS args...]")
  .answers("OK")
  .marked("protected")
  .docs("Loads a module with its configuration, which this server cannot.", "O(1)")
  .run(refuse);

/** Errors: always, as there is no module of any name. */
const unload = command("module|unload", { arity: 3, since: "4.0.0", flags: "no_async_loading admin noscript" })
  .takes("name")
  .answers("OK")
  .marked("protected")
  .docs("Unloads a module, of which there are none.", "O(1)")
  .run((call) => {
    const reason = "no such module with that name";
    call.server.log.warning(`Error unloading module ${call.text(2)}: ${reason}`);
    throw commandError(`ERR Error unloading module: ${reason}`);
  });

const list = command("module|list", { arity: 2, since: "4.0.0", flags: "admin noscript" })
  .answers("Module[] where Module = {name: string, ver: integer, path: string, args: string[]}")
  .tips("nondeterministic_output_order")
  .docs("Lists the loaded modules, of which there are none.", "O(1)")
  .run(({ reply }) => reply.array(0));

const help = helpOf(command("module|help", { arity: 2, since: "5.0.0", flags: "loading stale" }), [
  ["LIST", "Returns the loaded modules: none."],
  ["LOAD <path> [<arg> ...]", "Loads a module. Not possible here."],
  ["LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]", "Loads a module with its configuration. Not possible here."],
  ["UNLOAD <name>", "Unloads a module."],
]);

export const module = command("module", { arity: -2, since: "4.0.0", flags: "" })
  .docs("A container for module commands.", "Depends on the subcommand.")
  .family([help, list, load, loadex, unload]);
