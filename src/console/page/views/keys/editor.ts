/** Changes of a key that overwrite nothing newer than what was shown: WATCH when it is shown, MULTI and EXEC when it is changed. */

import type { Link } from "../../link.ts";
import { sameOctets } from "../../octets.ts";
import type { OwnLink } from "../../own-link.ts";
import { type Reply, ReplyError, type Word } from "../../resp.ts";

/** What a person wants done with the key that is shown. */
export interface Change {
  /** What it does: "Set the field name". */
  readonly title: string;
  /** What is sent between MULTI and EXEC. */
  readonly commands: readonly (readonly Word[])[];
  /** Which look at the key it is made from: `Editor.look` as it was when what the person saw was read. */
  readonly since: number;
  /** Other keys that must not change meanwhile: the new name of a key. */
  readonly alsoWatch?: readonly Uint8Array[];
  /** What reads the part that is changed, and what it answered when that was shown. Without it the whole key must be as it was. */
  readonly touched?: { readonly look: readonly Word[]; readonly seen: Reply };
  /** What the only command answers when it did something, and what is said otherwise. */
  readonly wants?: number;
  readonly refused?: string;
  /** The person knows that the key is another, and wants it all the same. */
  readonly isInsisted?: boolean;
}

/** `since` of a change that is made from nothing that was shown: the part that it touches is read first. */
export const UNSEEN = -1;

/** `replies`: it is done; `now`: it is not, for the part that it changes is another by now, or (undefined) the key is. */
export type Outcome = { readonly replies: readonly Reply[] } | { readonly now: Reply | undefined };

/** Somebody else writes to other parts of the key all the time: after so many times the person is asked. */
const MOST_TRIES = 8;

export class Editor {
  private readonly link: OwnLink;
  private readonly key: Uint8Array;
  /** The connection that watches the key. */
  private watching: Link | null = null;
  /** Counts how often the key has been looked at: since each of them changes by others are noticed. */
  look = 0;

  constructor(link: OwnLink, key: Uint8Array) {
    this.link = link;
    this.key = key;
  }

  /** From now on a change of the key by others is noticed: called before it is read. Errors: ReplyError, LinkError. */
  async watch(): Promise<void> {
    const link = await this.link.current();
    await link.transaction([], "DISCARD"); // nothing is watched any more, and who may not do that hears of it now
    await link.call("WATCH", this.key);
    this.watching = link;
    this.look++;
  }

  /** Makes a change, unless it would overwrite what came meanwhile. Errors: ReplyError, LinkError. */
  async apply({ commands, since, touched, alsoWatch = [], isInsisted = false }: Change): Promise<Outcome> {
    for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
      // Whoever looked again has seen something newer than this change is made from.
      const isWatched = attempt > 0 || since === this.look;
      const replies = isWatched ? await this.execute(commands, alsoWatch) : null;
      if (replies !== null) return { replies };
      await this.watch();
      if (touched === undefined) {
        if (isInsisted) continue;
        return { now: undefined };
      }
      const now = await this.link.callForBytes(...touched.look);
      if (!sameReply(now, touched.seen)) return { now };
    }
    return { now: undefined };
  }

  /** What the commands answer; null: the key has been changed, or nobody watched it. */
  private async execute(commands: readonly (readonly Word[])[], alsoWatch: readonly Uint8Array[]): Promise<readonly Reply[] | null> {
    const link = await this.link.current();
    if (link !== this.watching) return null;
    if (alsoWatch.length > 0) await link.call("WATCH", ...alsoWatch);
    this.watching = null;
    const replies = await link.transaction(commands);
    if (!Array.isArray(replies)) return null;
    const failed = replies.find((reply) => reply instanceof ReplyError);
    if (failed !== undefined) throw failed;
    return replies;
  }
}

/** Whether two answers are the same, byte by byte. */
function sameReply(one: Reply, other: Reply): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) return sameOctets(one, other);
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => sameReply(item, other[index] ?? null));
  if (one instanceof Map && other instanceof Map) return sameReply([...one].flat(), [...other].flat());
  if (one instanceof Set && other instanceof Set) return sameReply([...one], [...other]);
  return Object.is(one, other);
}

/** What is tried to find out whether a key of a type can be changed, or a branch deleted. */
const TRIALS: Readonly<Record<string, (key: Uint8Array) => readonly Word[]>> = {
  string: (key) => ["SET", key, ""],
  list: (key) => ["RPUSH", key, ""],
  set: (key) => ["SADD", key, ""],
  zset: (key) => ["ZADD", key, 0, ""],
  hash: (key) => ["HSET", key, "", ""],
  stream: (key) => ["XADD", key, "*", "", ""],
  branch: (key) => ["UNLINK", key],
};

/**
 * Why the user cannot change this key here, in words; null: nothing is known against it. A command is queued and dropped: the server judges it
 * as it would judge the change. What is watched is not watched any more.
 */
export async function whyNotWritable(link: OwnLink, key: Uint8Array, type: string): Promise<string | null> {
  const trial = (TRIALS[type] ?? TRIALS.string)?.(key) ?? [];
  const connection = await link.current();
  return whyRefused(async () => {
    await connection.transaction([trial], "DISCARD");
  });
}

/** Why what a change needs is refused, in words; null: it is not. Errors: LinkError. */
export async function whyRefused(asked: () => Promise<void>): Promise<string | null> {
  try {
    await asked();
    return null;
  } catch (problem) {
    if (!(problem instanceof ReplyError)) throw problem;
    if (problem.code === "READONLY") return "This server is a replica and takes no writes: change the key at its master.";
    if (problem.code === "NOPERM") return `You may look, but not change this: ${problem.message}`;
    return problem.code === "OOM" ? null : problem.message;
  }
}
