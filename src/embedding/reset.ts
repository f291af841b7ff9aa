/** Makes a server what it was when it had just been started, in less than a millisecond: for the next test. */

import type { Link, Word } from "../client/link.ts";
import { type ConfigValues, DIRECTIVE_NAMES, type DirectiveName, findDirective } from "../config/options.ts";
import type { Server } from "../server.ts";

const EMPTYING: readonly (readonly Word[])[] = [
  ["FLUSHALL", "SYNC"],
  ["FUNCTION", "FLUSH", "SYNC"],
  ["SCRIPT", "FLUSH", "SYNC"],
  ["CONFIG", "RESETSTAT"],
  ["SLOWLOG", "RESET"],
  ["LATENCY", "RESET"],
  ["ACL", "LOG", "RESET"],
];

export class Reset {
  private readonly server: Server;
  private readonly link: () => Link;
  /** What directives said, and users could do, at the start. */
  private readonly directives: ReadonlyMap<DirectiveName, string>;
  /** Whom it followed. */
  private readonly master: ConfigValues["replicaof"];
  private readonly users: ReadonlyMap<string, string>;

  /** Takes note of what the server is. `link` gives one that no one else uses. */
  constructor(server: Server, link: () => Link) {
    this.server = server;
    this.link = link;
    // What no client can change stays: it is what the server itself does, as opening a socket that it was asked for.
    const changeable = DIRECTIVE_NAMES.filter((name) => findDirective(name)?.row.mutable === true);
    this.directives = new Map(changeable.map((name) => [name, server.config.text(name)]));
    this.master = server.config.values.replicaof;
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
    const answers = await this.link().sendAll([...EMPTYING, ...this.userRequests()], false);
    const failure = answers.find((answer) => answer instanceof Error);
    if (failure !== undefined) throw failure;
    if (this.master !== null) replication.replicaOf(this.master.host, this.master.port);
  }

  private endWaits(): void {
    const { clients, blocked, pauses } = this.server;
    pauses.end("client_pause");
    for (const session of [...clients]) if (session.blocked) blocked.unblock(session, { error: false });
  }

  private restoreDirectives(): void {
    const { config } = this.server;
    const pairs: [string, string][] = [];
    for (const [name, text] of this.directives) if (config.text(name) !== text) pairs.push([name, text]);
    const failure = pairs.length === 0 ? null : config.set(pairs);
    if (failure !== null) throw new Error(`the server cannot be reset: ${failure.reply}`);
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
