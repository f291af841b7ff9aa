/** The links of a client: the one for most requests, and others for what makes its link wait, or what changes its link's state. */

import { deferred } from "./deferred.ts";
import { LinkError } from "./errors.ts";
import type { Link, Word } from "./link.ts";

/** Of the links beside the first: more requests that need one wait for each other. */
const MOST_LINKS = 64;
/** So many links that no one uses are kept. */
const KEPT_IDLE = 4;

export class Links {
  readonly main: Link;
  private readonly duplicate: () => Promise<Link>;
  private readonly idle: Link[] = [];
  /** Those in use, and of which era each is. */
  private readonly busy = new Map<Link, number>();
  private readonly waiting: (() => void)[] = [];
  /** By name, what the first link was sent to change its state: the others begin with it. */
  private readonly beginnings = new Map<string, readonly Word[]>();
  /** How often `beginnings` has changed: a link of before is not used again. */
  private era = 0;
  /** Resolves when what was sent last to change the state of all links is answered: links that are taken from then on are in that state. */
  private begun: Promise<void> | null = null;
  private places = MOST_LINKS;
  private isClosed = false;

  constructor(main: Link, duplicate: () => Promise<Link>) {
    this.main = main;
    this.duplicate = duplicate;
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /** Sends a request that all links must have been sent: SELECT, AUTH. Errors: ReplyError, LinkError. */
  async begin(request: readonly [name: string, ...Word[]]): Promise<unknown> {
    const reply = this.main.send(request, false);
    const begun = this.noteBeginning(this.begun, reply, request);
    this.begun = begun;
    await begun;
    if (this.begun === begun) this.begun = null;
    return await reply;
  }

  private async noteBeginning(
    before: Promise<void> | null,
    reply: Promise<unknown>,
    request: readonly [name: string, ...Word[]],
  ): Promise<void> {
    await before;
    // Whoever began it is told of the error.
    const failed = await reply.then(
      () => false,
      () => true,
    );
    if (failed) return;
    this.beginnings.set(request[0], request);
    this.era++;
    for (const link of this.idle.splice(0)) void link.close({ now: true });
  }

  /** Does `task` with a link that no one else uses meanwhile. Errors: those of the task, LinkError. */
  async use<X>(task: (link: Link) => Promise<X>): Promise<X> {
    const link = await this.take();
    try {
      const result = await task(link);
      this.giveBack(link, true);
      return result;
    } catch (error) {
      this.giveBack(link, !(error instanceof LinkError));
      throw error;
    }
  }

  /** Returns a link that is the caller's to close; `close` closes it as well. Errors: LinkError. */
  async take(): Promise<Link> {
    while (this.places === 0 && !this.isClosed) {
      const { promise, resolve } = deferred<void>();
      this.waiting.push(() => resolve());
      await promise;
    }
    if (this.begun !== null) await this.begun;
    if (this.isClosed) throw new LinkError("the client is closed");
    this.places--;
    const { era } = this;
    const link = this.idle.pop() ?? (await this.open());
    this.busy.set(link, era);
    return link;
  }

  /** A link that was taken is needed no more. @param clean whether its state is as it was. */
  giveBack(link: Link, clean: boolean): void {
    const era = this.busy.get(link);
    if (!this.busy.delete(link)) return;
    this.free();
    if (clean && era === this.era && !this.isClosed && this.idle.length < KEPT_IDLE) this.idle.push(link);
    else void link.close({ now: true });
  }

  /** Resolves when what is under way on the first link is answered, and all are closed. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const resume of this.waiting.splice(0)) resume();
    const others = [...this.idle.splice(0), ...this.busy.keys()];
    await Promise.all([this.main.close(), ...others.map((link) => link.close({ now: true }))]);
  }

  private async open(): Promise<Link> {
    // What is begun with while it is being opened is for those after it. AUTH before SELECT, for which it may be needed.
    const requests = ["AUTH", "SELECT"].map((name) => this.beginnings.get(name));
    try {
      const link = await this.duplicate();
      if (this.isClosed) {
        await link.close({ now: true });
        throw new LinkError("the client is closed");
      }
      link.onClose = () => this.forget(link);
      for (const request of requests) if (request !== undefined) await link.send(request, false);
      return link;
    } catch (error) {
      this.free();
      throw error;
    }
  }

  private forget(link: Link): void {
    const at = this.idle.indexOf(link);
    if (at >= 0) this.idle.splice(at, 1);
    if (this.busy.delete(link)) this.free();
  }

  private free(): void {
    this.places++;
    this.waiting.shift()?.();
  }
}
