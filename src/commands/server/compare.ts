/** REPLICANT.COMPARE: this server's keys beside another one's. */

import { DEFAULT_DIFFERENCES, type Report } from "../../compare/comparison.ts";
import type { Running } from "../../compare/comparisons.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Arguments } from "../../execution/contract.ts";
import type { Reply } from "../../protocol/reply.ts";

const command = commandsOf("server");

/** What is kept of the keys that differ, whatever a client asks for. */
const MOST_DIFFERENCES = 10_000;

const underWay = commandError("ERR A comparison is already under way");
const givenUp = "ERR The comparison was given up";

/**
 * Compares with the server at HOST PORT and replies with a map of counts and the first keys that differ. Errors: one is under way, an
 * invalid number, the other server cannot be reached or asked.
 */
export const compare = command("replicant.compare", { arity: -3, since: "0.1.0", flags: "admin noscript no_multi blocking" })
  .takes("host port:integer [AUTH auth([username] password)] [SAMPLE sample:integer] [DIFFERENCES differences:integer]")
  .answers(`{compared: count, same: count, different: count, missing-here: count, missing-there: count, changing: count, offsets: string,
      differences: [database: count, key: string, difference: string][]}`)
  .secrets(loginWords)
  .acl("dangerous")
  .docs("Compares the keys of this server with those of another one.", "O(N) for N keys and elements in both")
  .run((call) => {
    const { server, session } = call;
    const options = optionsOf(call);
    const host = call.text(1);
    const port = call.integer(2);
    if (port < 1 || port > 65535) throw commandError("ERR Invalid port");
    if (!call.mayBlock) throw commandError("ERR A comparison takes its time, which is not to be had here");
    if (server.comparisons.underWay) throw underWay;
    const { masterTls: tls } = server;
    const running = server.comparisons.start({ ...options, host, port, tls, wanted: () => server.blocked.requestOf(session) !== null });
    const refusal = () => (running.failure === null ? null : `ERR Comparison failed: ${running.failure}`);
    server.blocked.blockOn({ met: () => running.over, refusal, answer: (reply) => answer(reply, running) }, session, call.frame, 0);
  });

interface Options {
  user?: string;
  password?: string;
  sample: number;
  differences: number;
}

/** The login may be any words: the other options are read from the end. */
function optionsOf(call: Call): Options {
  const options: Options = { sample: 0, differences: DEFAULT_DIFFERENCES };
  let end = call.count;
  for (; end > 4; end -= 2) {
    if (call.is(end - 2, "sample")) options.sample = call.integer(end - 1, 1);
    else if (call.is(end - 2, "differences")) options.differences = call.integer(end - 1, 0, MOST_DIFFERENCES);
    else break;
  }
  if (end === 3) return options;
  if (!call.is(3, "auth") || end < 5 || end > 6) throw errors.syntax;
  if (end === 6) options.user = call.text(4);
  options.password = call.text(end - 1);
  return options;
}

/** Where name and password of the login are. */
function loginWords(request: Arguments): number[] {
  if (request.count < 5 || request.text(3).toLowerCase() !== "auth") return [];
  let end = request.count;
  while (end > 5 && /^(sample|differences)$/i.test(request.text(end - 2))) end -= 2;
  return Array.from({ length: end - 4 }, (_, index) => index + 4);
}

function answer(reply: Reply, { report }: Running): void {
  if (report === null) reply.error(givenUp);
  else writeReport(reply, report);
}

function writeReport(reply: Reply, report: Report): void {
  reply.map(8);
  reply.field("compared", report.compared);
  reply.field("same", report.same);
  reply.field("different", report.different);
  reply.field("missing-here", report.missingHere);
  reply.field("missing-there", report.missingThere);
  reply.field("changing", report.changing);
  reply.field("offsets", report.offsets);
  reply.bulk("differences");
  reply.array(report.differences.length);
  for (const { database, key, kind } of report.differences) {
    reply.array(3);
    reply.integer(database);
    reply.bulk(key);
    reply.bulk(kind);
  }
}
