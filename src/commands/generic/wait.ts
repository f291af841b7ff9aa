/** WAIT and WAITAOF: waiting until a client's writes are on replicas, or on disk. */

import { commandError, errors } from "../../errors.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Reply } from "../../protocol/reply.ts";
import { Unit } from "../arguments/deadline.ts";
import { parseTimeout } from "../arguments/timeout.ts";

const command = commandsOf("generic");

/** Replies with the number of replicas that have acknowledged the client's writes. Errors: on a replica, an invalid timeout. */
export const wait = command("wait", { arity: 3, since: "3.0.0", flags: "" })
  .takes("numreplicas timeout:integer")
  .answers("count")
  .acl("connection")
  .tips("request_policy:all_shards response_policy:agg_min")
  .docs("Blocks until replicas have acknowledged the writes of the connection.", "O(1)")
  .run((call) => {
    const { server, session } = call;
    const { replication } = server;
    if (replication.isReplica) {
      throw commandError(
        "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the " +
          "default) writes to replicas are just local and are not propagated.",
      );
    }
    const wanted = call.integer(1);
    const deadline = parseTimeout(call, 2, Unit.MILLISECONDS);
    const count = replication.replicas.countAcknowledged(session.writeOffset);
    // Nothing blocks inside a transaction or a script.
    if (count >= wanted || !call.mayBlock) return call.reply.integer(count);
    const offset = session.writeOffset;
    const acknowledged = () => replication.replicas.countAcknowledged(offset);
    const met = () => acknowledged() >= wanted;
    const answer = (reply: Reply) => reply.integer(acknowledged());
    server.blocked.blockOn({ met, answer, refusal: () => null }, session, call.frame, deadline);
    replication.replicas.requestAcknowledgements();
  });

const NO_FILE = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

/** Replies whether the client's writes are on disk here, 0 or 1, and on how many replicas. Errors: on a replica, no append-only file here. */
export const waitaof = command("waitaof", { arity: 4, since: "7.2.0", flags: "noscript" })
  .takes("numlocal numreplicas timeout:integer")
  .answers("[local: count, replicas: count]")
  .acl("connection")
  .tips("request_policy:all_shards response_policy:agg_min")
  .docs("Blocks until the writes of the connection are on disk in the append-only files of the server and of replicas.", "O(1)")
  .run((call) => {
    const { server, session } = call;
    const { replication, appendOnly } = server;
    const here = call.integer(1);
    if (here < 0 || here > 1) throw commandError("ERR value is out of range, value must between 0 and 1");
    const wanted = call.integer(2);
    if (wanted < 0) throw errors.notPositive;
    const deadline = parseTimeout(call, 3, Unit.MILLISECONDS);
    if (replication.isReplica) {
      throw commandError(
        "ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are not propagated.",
      );
    }
    const refusal = () => (here === 1 && !server.config.values.appendonly ? NO_FILE : null);
    if (refusal() !== null) throw commandError(NO_FILE);
    const offset = session.writeOffset;
    const flushedHere = () => (appendOnly.flushedOffset >= offset ? 1 : 0);
    const flushedThere = () => replication.replicas.countFlushed(offset);
    const met = () => flushedHere() >= here && flushedThere() >= wanted;
    const answer = (reply: Reply) => {
      reply.array(2);
      reply.integer(flushedHere());
      reply.integer(flushedThere());
    };
    // Nothing blocks inside a transaction.
    if (met() || !call.mayBlock) return answer(call.reply);
    server.blocked.blockOn({ met, answer, refusal }, session, call.frame, deadline);
    replication.replicas.requestAcknowledgements();
  });
