/** ACL LOG: logins that failed and requests that were denied, the last first. Source: addACLLogEntry in acl.c. */

/** In the order of their weight: where selectors deny a request for several reasons the last of these is the one that is told. */
export const Denied = { COMMAND: 1, KEY: 2, CHANNEL: 3, AUTH: 4 } as const;
export type Denied = (typeof Denied)[keyof typeof Denied];

export type DeniedIn = "toplevel" | "multi" | "lua";

export interface AclLogEntry {
  /** How often the same has happened. */
  count: number;
  readonly reason: Denied;
  readonly context: DeniedIn;
  /** What was denied: a command, a key, a channel; of a login the command's name. */
  readonly object: string;
  readonly userName: string;
  /** The client that it last happened to, as CLIENT LIST has it. */
  client: string;
  readonly id: number;
  /** In ms since 1970. */
  readonly createdAt: number;
  updatedAt: number;
}

/** What happens again within this time is counted, not listed once more. */
const GROUPED_MS = 60_000;
/** So many of the last entries may be the same as a new one. */
const COMPARED = 10;

export class AclLog {
  /** Requests and logins denied since the start, by reason. */
  readonly counts: Record<Denied, number> = { [Denied.COMMAND]: 0, [Denied.KEY]: 0, [Denied.CHANNEL]: 0, [Denied.AUTH]: 0 };
  entries: AclLogEntry[] = [];
  private nextId = 0;

  /** `most`: how many entries are kept (acllog-max-len). */
  add(found: Pick<AclLogEntry, "reason" | "context" | "object" | "userName" | "client">, now: number, most: number): void {
    this.counts[found.reason]++;
    const same = this.entries.findIndex((entry, index) => {
      return (
        index < COMPARED &&
        entry.reason === found.reason &&
        entry.context === found.context &&
        Math.abs(entry.updatedAt - now) <= GROUPED_MS &&
        entry.object === found.object &&
        entry.userName === found.userName
      );
    });
    if (same < 0) {
      this.entries.unshift({ ...found, count: 1, id: this.nextId++, createdAt: now, updatedAt: now });
      if (this.entries.length > most) this.entries.length = most;
      return;
    }
    const [entry] = this.entries.splice(same, 1) as [AclLogEntry];
    entry.count++;
    entry.client = found.client;
    entry.updatedAt = now;
    this.entries.unshift(entry);
  }

  clear(): void {
    this.entries = [];
  }
}
