/** A connection of a view's own, which is opened when it is first used, and again when it broke. */

import { useEffect, useRef } from "preact/hooks";
import type { Link } from "./link.ts";
import type { Reply, Word } from "./resp.ts";
import { openLink } from "./session.ts";

export class OwnLink {
  private readonly database: number;
  private opening: Promise<Link> | null = null;

  /** @param database the one that its requests are about */
  constructor(database: number) {
    this.database = database;
  }

  /** Errors: ReplyError, LinkError. */
  async call(...words: readonly Word[]): Promise<Reply> {
    return (await this.current()).call(...words);
  }

  /** Likewise; strings of the reply are bytes. */
  async callForBytes(...words: readonly Word[]): Promise<Reply> {
    return (await this.current()).callForBytes(...words);
  }

  /** The connection as it is now: another one has lost what was watched. Errors: ReplyError, LinkError. */
  current(): Promise<Link> {
    if (this.opening !== null) return this.opening;
    const opening = this.open();
    this.opening = opening;
    const forget = (): void => {
      if (this.opening === opening) this.opening = null;
    };
    opening.then((link) => {
      link.onClose = forget;
    }, forget);
    return opening;
  }

  /** Breaks what goes on; the next request opens it again. */
  close(): void {
    const { opening } = this;
    this.opening = null;
    opening?.then(
      (link) => link.close(),
      () => {},
    );
  }

  private async open(): Promise<Link> {
    const link = await openLink();
    try {
      // Looking at a key leaves no trace in its idle time; where that is not allowed it does.
      await link.call("CLIENT", "NO-TOUCH", "ON").catch(() => {});
      if (this.database !== 0) await link.call("SELECT", this.database);
    } catch (error) {
      link.close();
      throw error;
    }
    return link;
  }
}

/** One for as long as the component is shown with this database. */
export function useOwnLink(database: number): OwnLink {
  const held = useRef<{ readonly database: number; readonly link: OwnLink } | null>(null);
  if (held.current?.database !== database) {
    held.current?.link.close();
    held.current = { database, link: new OwnLink(database) };
  }
  const { link } = held.current;
  useEffect(() => () => link.close(), [link]);
  return link;
}
