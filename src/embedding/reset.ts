/**
 * Makes a server what it was when it had just been started, in less than a millisecond: for the next test. What changes data is a request, as
 * of any client; what a server only keeps for itself is emptied here, and nothing is done that need not be: in a program that has just begun
 * each request that is the first of its kind takes longer than emptying 10,000 keys.
 */

import type { Link, Word } from "../client/link.ts";
import { type ConfigValues, DIRECTIVE_NAMES, type DirectiveName, findDirective } from "../config/options.ts";
import type { Server } from "../server.ts";

/** What no client can change stays: it is what the server itself does, as opening a socket that it was asked for. */
const CHANGEABLE = DIRECTIVE_NAMES.filter((name) => findDirective(name)?.row.mutable === true);

export class Reset {
  private readonly server: Server;
  private readonly link: () => Link;
  /** What directives said, and users could do, at the start. */
  private readonly directives: ReadonlyMap<DirectiveName, string>;
  /** Whom it followed. */
  private readonly master: ConfigValues["replicaof"];
  /** The configuration's when it was as it is to be. */
  private revision: number;
  private readonly users: ReadonlyMap<string, string>;

  /** Takes note of what the server is. `link` gives one that no one else uses. */
  constructor(server: Server, link: () => Link) {
    this.server = server;
    this.link = link;
    this.directives = new Map(CHANGEABLE.map((name) => [name, server.config.text(name)]));
    this.master = server.config.values.replicaof;
    this.revision = server.config.revision;
    this.users = this.describeUsers();
  }

  /**
   * Clients stay connected; those that wait for keys are told that there were none. A replica has no keys then, and is sent those of its master.
   * Errors: Error when a directive cannot be set back.
   */
  async run(): Promise<void> {
    const { executor, replication } = this.server;
    while (executor.busy) await new Promise<void>((idle) => executor.whenIdle(idle));
    this.endWaits();
    this.server.inspections.reset();
    replication.promote();
    this.restoreDirectives();
    const { libraries } = this.server.functions;
    const requests: Word[][] = [["FLUSHALL", "SYNC"], ...this.userRequests()];
    if (libraries.length > 0) requests.push(["FUNCTION", "FLUSH", "SYNC"]);
    const answers = await this.link().sendAll([...requests, ["CONFIG", "RESETSTAT"]], false);
    const failure = answers.find((answer) => answer instanceof Error);
    if (failure !== undefined) throw failure;
    this.forget();
    if (this.master !== null) replication.replicaOf(this.master.host, this.master.port);
  }

  private forget(): void {
    const { scripts, watch, keyspace, access } = this.server;
    scripts.flush();
    keyspace.latency.reset();
    access.log.clear();
    const { slow, largeRequests, largeReplies } = watch.log;
    for (const log of [slow, largeRequests, largeReplies]) log.clear();
  }

  private endWaits(): void {
    const { clients, blocked, pauses } = this.server;
    pauses.end("client_pause");
    for (const session of [...clients]) if (session.blocked) blocked.unblock(session, { error: false });
  }

  private restoreDirectives(): void {
    const { config } = this.server;
    if (config.revision === this.revision) return;
    const pairs: [string, string][] = [];
    for (const [name, text] of this.directives) if (config.text(name) !== text) pairs.push([name, text]);
    const failure = pairs.length === 0 ? null : config.set(pairs);
    if (failure !== null) throw new Error(`the server cannot be reset: ${failure.reply}`);
    this.revision = config.revision;
  }

  private describeUsers(): Map<string, string> {
    return new Map(this.server.access.users.all().map(({ name, description }) => [name, description]));
  }

  /** Requests that make the users what they were. */
  private userRequests(): Word[][] {
    const requests: Word[][] = [];
    const now = this.describeUsers();
    for (const [name, description] of this.users) {
      if (now.get(name) !== description) requests.push(["ACL", "SETUSER", inBytes(name), "reset", ...description.split(" ").map(inBytes)]);
    }
    for (const name of now.keys()) if (!this.users.has(name)) requests.push(["ACL", "DELUSER", inBytes(name)]);
    return requests;
  }
}

function inBytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
