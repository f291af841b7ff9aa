/** REPLICANT.DIRECTIVES: what CONFIG GET leaves out of a directive: its help, its default, what it takes and whether it can change. */

import type { Directive } from "../../config/directive.ts";
import { findDirective } from "../../config/options.ts";
import { commandsOf } from "../../execution/command-spec.ts";

const command = commandsOf("server");

const EVERY = ["*"];

/** Those that CONFIG GET finds by the same patterns, or all. A value that must not be shown is still what CONFIG GET returns: `secret` says so. */
export const directives = command("replicant.directives", { arity: -1, since: "0.1.0", flags: "admin noscript loading stale" })
  .takes("[pattern...]")
  .answers(`{name: string, value: string, default: string, values: string, help: string, changeable: boolean, effective: boolean,
      secret: boolean}[]`)
  .acl("dangerous")
  .docs("Returns configuration directives with their help.", "O(N) for N directives")
  .run((call) => {
    const { reply, server } = call;
    const patterns = call.count === 1 ? EVERY : Array.from({ length: call.count - 1 }, (_, index) => call.text(index + 1));
    const found = server.config.get(patterns);
    reply.array(found.length);
    for (const [name, value] of found) {
      const row = findDirective(name)?.row as Directive<unknown>;
      reply.map(8);
      reply.field("name", name);
      reply.field("value", value);
      reply.field("default", row.initial.text);
      reply.field("values", row.kind.syntax);
      reply.field("help", row.help);
      reply.bulk("changeable");
      reply.boolean(row.mutable);
      reply.bulk("effective");
      reply.boolean(row.effect === "effective");
      reply.bulk("secret");
      reply.boolean(row.sensitive);
    }
  });
