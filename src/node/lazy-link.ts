/** A link to a server elsewhere that connects when it is needed first: to make one takes no waiting, as in the server's own process. */

import { LinkError } from "../client/errors.ts";
import type { Link, Word } from "../client/link.ts";

export class LazyLink implements Link {
  onPush: Link["onPush"] = null;
  onClose: Link["onClose"] = null;
  readonly name: string;
  private readonly connect: () => Promise<Link>;
  private link: Promise<Link> | null = null;
  private isClosed = false;

  constructor(name: string, connect: () => Promise<Link>) {
    this.name = name;
    this.connect = connect;
  }

  async send(request: readonly Word[], bytes: boolean): Promise<unknown> {
    return (await this.open()).send(request, bytes);
  }

  async sendAll(requests: readonly (readonly Word[])[], bytes: boolean): Promise<unknown[]> {
    return (await this.open()).sendAll(requests, bytes);
  }

  async close(options?: { readonly now: boolean }): Promise<void> {
    this.isClosed = true;
    if (this.link !== null) await (await this.link).close(options);
  }

  private open(): Promise<Link> {
    if (this.isClosed && this.link === null) return Promise.reject(new LinkError("the link is closed"));
    this.link ??= this.connect().then((link) => {
      link.onPush = (push) => this.onPush?.(push);
      link.onClose = (error) => this.onClose?.(error);
      return link;
    });
    return this.link;
  }
}
