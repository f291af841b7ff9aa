/**
 * Who is who: the users of a server, the sessions that are logged in as them, and what was denied. A session's `guarded` says whether
 * anything is forbidden to it; it is kept true here, so that requests of all others cost one look.
 */

import { resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import { ConfigError } from "../../config/error.ts";
import type { Log } from "../../log.ts";
import type { Clients } from "../clients.ts";
import { PubSub } from "../pubsub.ts";
import type { Session } from "../session.ts";
import { Topic } from "../subscriptions.ts";
import { AclLog } from "./acl-log.ts";
import type { RuleCommands } from "./commands.ts";
import type { User } from "./user.ts";
import { Users } from "./users.ts";

const FILE_AND_LINES =
  "Users are defined in the configuration, and an ACL file is named as well (aclfile). This leads to errors and security holes: please " +
  "define either an ACL file or users in the configuration, but not both.";

function deprecatedRule(rule: string): string {
  return (
    "Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of ACL and may get disabled in the future " +
    `(offender: +${rule})`
  );
}

function disabledWarning(name: string): string {
  return `The user '${name}' is disabled (there is no 'on' modifier in the user description). Make sure this is not a configuration error.`;
}

export class AccessControl {
  readonly users: Users;
  readonly log = new AclLog();
  private readonly clients: Clients;
  private readonly disconnect: (session: Session) => void;

  /** With the users of the configuration. `disconnect`: ends a client that is not being served. Errors: ConfigError. */
  constructor(clients: Clients, commands: RuleCommands, config: Config, log: Log, disconnect: (session: Session) => void) {
    const { values } = config;
    this.clients = clients;
    this.users = new Users({
      commands,
      allChannels: () => values["acl-pubsub-default"] === "allchannels",
      deprecated: (rule) => log.warning(deprecatedRule(rule)),
    });
    this.disconnect = disconnect;
    this.setDefaultPassword(values.requirepass);
    config.onChange("requirepass", () => this.setDefaultPassword(values.requirepass) as undefined);
    this.loadConfigured(config, log);
  }

  /** Those of a file when the configuration names one. */
  private loadConfigured({ users, values }: Config, log: Log): void {
    if (users.length > 0 && values.aclfile !== "") throw new ConfigError(FILE_AND_LINES);
    for (const { place, text, words } of users) {
      const [name = "", ...rules] = words;
      const user = this.users.loadLine(name, rules);
      if (typeof user === "string") throw new ConfigError(`${place}: '${text}': ${user}`);
      if (!user.enabled) log.notice(disabledWarning(name));
    }
    const problem = values.aclfile === "" ? null : this.loadFile(resolve(values.dir, values.aclfile));
    if (problem !== null) throw new ConfigError(`Aborting startup because of ACL errors: ${problem}`);
  }

  // ---- sessions

  /** Whether a client is served that did not log in: the default user needs no password and is on. */
  get isOpen(): boolean {
    const { noPassword, enabled } = this.users.default;
    return noPassword && enabled;
  }

  /** Makes a session what a new one is. */
  reset(session: Session): void {
    session.user = session.trusted ? null : this.users.default;
    session.authenticated = session.trusted || this.isOpen;
    this.refresh(session);
  }

  /** Has a session be the user that another one was. Returns whether there still is this user. */
  goOnAs(session: Session, former: Session): boolean {
    const { user } = former;
    if (!former.authenticated || (user !== null && this.users.get(user.name) !== user)) return false;
    session.user = user;
    this.refresh(session);
    return true;
  }

  /** Logs in. Returns false, and changes nothing, when there is no such user, it is off, or the password is not right. */
  login(session: Session, name: string, password: Buffer): boolean {
    const user = this.users.get(name);
    if (user === null || !user.accepts(password)) return false;
    this.enter(session, user);
    return true;
  }

  /** Makes a session one of `user`, who has shown elsewhere who they are. */
  enter(session: Session, user: User): void {
    session.user = user;
    session.authenticated = true;
    this.refresh(session);
  }

  private refresh(session: Session): void {
    session.mustLogin = !session.authenticated && !this.isOpen;
    session.guarded = session.mustLogin || (session.user !== null && !session.user.isUnrestricted);
  }

  private refreshAll(): void {
    for (const session of this.clients) if (session.user !== null) this.refresh(session);
  }

  // ---- users

  /** ACL SETUSER: all rules or none; `self` asks for it. Returns the text of an error, or null. */
  setUser(name: string, rules: readonly string[], self: Session): string | null {
    const staged = this.users.staged(name, rules);
    if (typeof staged === "string") return staged;
    const existing = this.users.get(name);
    if (existing !== null) this.disconnectListeners(existing, staged, self);
    this.users.put(staged);
    this.refreshAll();
    return null;
  }

  /** `requirepass`. */
  setDefaultPassword(password: string): void {
    this.users.setDefaultPassword(password);
    this.refreshAll();
  }

  /** Returns whether there was such a user; its clients are disconnected. */
  deleteUser(name: string, self: Session): boolean {
    const user = this.users.delete(name);
    if (user !== null) this.disconnectAll([user], self);
    return user !== null;
  }

  /** ACL LOAD. Returns what is wrong with the file, or null. The clients of all former users but the default one are disconnected. */
  loadFile(path: string, self: Session | null = null): string | null {
    const gone = this.users.loadFile(path);
    if (typeof gone === "string") return gone;
    this.disconnectAll(gone, self);
    this.refreshAll();
    return null;
  }

  private disconnectAll(gone: readonly User[], self: Session | null): void {
    for (const session of [...this.clients]) {
      if (session.user === null || !gone.includes(session.user)) continue;
      session.user = this.users.default;
      session.authenticated = false;
      this.refresh(session);
      this.close(session, self);
    }
  }

  /** A client that is being served is closed after its reply. */
  private close(session: Session, self: Session | null): void {
    if (session === self) session.closing = true;
    else this.disconnect(session);
  }

  /** Those clients that listen to what their user may not listen to any more. */
  private disconnectListeners(before: User, after: User, self: Session): void {
    if (after.selectors.some((selector) => selector.allChannels)) return;
    const keepsAll = before.selectors.every((old) => after.hasChannelsOf(old));
    if (keepsAll) return;
    for (const session of [...this.clients]) {
      if (session.user !== before || session.subscriptions === null) continue;
      const { names } = PubSub.of(session);
      const allowed = [Topic.CHANNEL, Topic.PATTERN, Topic.SHARD].every((topic) =>
        [...names[topic]].every((name) => after.allowsChannel(Buffer.from(name, "latin1"), topic === Topic.PATTERN)),
      );
      if (!allowed) this.close(session, self);
    }
  }
}
