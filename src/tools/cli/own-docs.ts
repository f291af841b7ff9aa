/** What this executable knows of commands itself, as the reply to COMMAND DOCS: for help without a server, and about servers before Redis 7. */

import { COMMANDS } from "../../commands/command-list.ts";
import { replyManyDocs } from "../../commands/server/command-docs.ts";
import { CommandTable } from "../../execution/registry.ts";
import { Reply as Writer } from "../../protocol/reply.ts";
import { type Reply, ReplyDecoder } from "../../protocol/reply-decoder.ts";

export function ownDocs(): Reply {
  const decoder = new ReplyDecoder();
  const writer = new Writer();
  writer.sink = { send: (bytes, from, to) => decoder.push(Buffer.from(bytes.subarray(from, to))) };
  replyManyDocs(writer, [...new CommandTable(COMMANDS).byName.values()], { schemas: false });
  writer.flush();
  return decoder.next() ?? { kind: "nil" };
}
