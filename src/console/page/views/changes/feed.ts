/** The feed: it goes on where it was when the link broke or the view was left, as far as the server's backlog reaches back. */

import { effect, signal, untracked } from "@preact/signals";
import type { Link } from "../../link.ts";
import { fieldsOf, wordOf } from "../../reply.ts";
import { Push, type Reply, ReplyError, type Word } from "../../resp.ts";
import { openLink, phase, wordsOf } from "../../session.ts";
import { Buffered } from "./buffered.ts";
import { type Change, changeOf, ENDED, offsetOf } from "./event.ts";

export interface Filter {
  /** A glob pattern in bytes; empty: all keys. */
  readonly keys: Uint8Array;
  /** Empty: all types. */
  readonly types: readonly string[];
  /** Null: all. */
  readonly database: number | null;
  /** All types are asked for, and those that are not meant left out here: `onChange` is told of them. */
  readonly areAllTold: boolean;
}

type State = "off" | "connecting" | "live" | "broken" | "refused";

const RETRY_MS = 1500;
/** When more come in a second, none are asked for during a while: no person could follow, and each costs the server about as much as the write. */
const MOST_A_SECOND = 500;
const HELD_MS = 2000;
const SHOW_MS = 150;

class Feed {
  readonly state = signal<State>("off");
  /** Why it is broken or refused. */
  readonly reason = signal("");
  /** Changes a second, lately. */
  readonly rate = signal(0);
  readonly buffered = new Buffered();
  /** Told of each change as it comes. */
  onChange: ((change: Change) => void) | null = null;
  /** Told of changes that are left out, between two offsets of the history; NaN: of another history. */
  onMissed: ((from: number, to: number) => void) | null = null;

  private filter: Filter = { keys: new Uint8Array(0), types: [], database: null, areAllTold: false };
  /** Where to go on; null: from now on. */
  private position: string | null = null;
  private link: Link | null = null;
  /** Counts starts and stops: what a former one awaits is of no interest any more. */
  private era = 0;
  private inSecond = 0;
  private isHeld = false;
  /** The offset behind which changes are missing, once it goes on. */
  private missing: number | null = null;
  private heldUntil = 0;
  private clock = 0;
  private shower = 0;

  /** Begins, or goes on with another filter from where it was. */
  start(filter: Filter): void {
    this.stop();
    this.filter = filter;
    const { era } = this;
    this.clock = setInterval(() => this.secondIsOver(), 1000) as unknown as number;
    this.shower = setInterval(() => this.buffered.show(), SHOW_MS) as unknown as number;
    void this.connect(era);
  }

  /** The view is left: what has come stays, and `start` goes on behind it. */
  stop(): void {
    this.era++;
    clearInterval(this.clock);
    clearInterval(this.shower);
    const { link } = this;
    this.link = null;
    this.isHeld = false;
    this.missing = null;
    if (link !== null) {
      link.onClose = null;
      link.onPush = null;
      link.close();
    }
    this.state.value = "off";
  }

  /** Forgets all, also where it was. */
  forget(): void {
    this.stop();
    this.position = null;
    this.buffered.clear();
  }

  private async connect(era: number): Promise<void> {
    if (this.state.value !== "broken") this.state.value = "connecting";
    let link: Link;
    try {
      link = await openLink();
    } catch (error) {
      if (era === this.era) this.broken(era, wordsOf(error));
      return;
    }
    if (era !== this.era) return link.close();
    this.link = link;
    link.onPush = (message) => {
      if (message instanceof Push) this.pushed(message.items);
    };
    link.onClose = () => {
      if (era === this.era) this.broken(era, "The connection to the server broke.");
    };
    await this.subscribe(era);
  }

  private async subscribe(era: number): Promise<void> {
    const { link } = this;
    if (link === null) return;
    try {
      await this.ask(link, this.position);
    } catch (error) {
      if (era !== this.era || !(error instanceof ReplyError)) return;
      if (error.code !== "GAP") {
        this.state.value = "refused";
        this.reason.value = wordsOf(error);
        return;
      }
      this.buffered.hole("Changes are missing here: the server's backlog (repl-backlog-size) does not reach back to where this feed was.");
      this.missing = offsetOf(this.position ?? "");
      this.position = null;
      return this.subscribe(era);
    }
    if (era === this.era) this.state.value = "live";
  }

  /** `from`: null: from now on. */
  private async ask(link: Link, from: string | null): Promise<void> {
    const { keys, types, database, areAllTold } = this.filter;
    const words: Word[] = ["REPLICANT.CHANGES", "SUBSCRIBE", "FROM", from ?? "$"];
    if (keys.length > 0) words.push("KEYS", keys);
    if (types.length > 0 && !areAllTold) words.push("TYPES", types.join());
    if (database !== null) words.push("DB", database);
    const reply = await link.call(...words);
    const begin = wordOf(fieldsOf(reply).position);
    if (this.isHeld) {
      const bytes = offsetOf(begin) - offsetOf(this.position ?? "");
      this.buffered.hole(
        `More than ${MOST_A_SECOND} changes came in a second: what followed in about ${HELD_MS / 1000} seconds is left out${Number.isFinite(bytes) ? ` (${bytes} bytes of the history)` : ""}.`,
      );
      this.isHeld = false;
    }
    this.position = begin;
    if (this.missing !== null) this.onMissed?.(this.missing, offsetOf(begin));
    this.missing = null;
  }

  private pushed(items: readonly Reply[]): void {
    if (this.isHeld) return;
    const change = changeOf(items, Date.now());
    if (change === null) return;
    if (change === ENDED) {
      this.buffered.hole("The server has become a replica, and has other data now. The feed goes on from here.");
      this.missing = Number.NaN;
      this.position = null;
      void this.subscribe(this.era);
      return;
    }
    this.position = change.position;
    this.onChange?.(change);
    const { types } = this.filter;
    if (types.length === 0 || change.type === null || types.includes(change.type)) this.buffered.add(change);
    if (++this.inSecond < MOST_A_SECOND) return;
    this.isHeld = true;
    this.missing = change.offset;
    this.heldUntil = performance.now() + HELD_MS;
    this.link?.call("REPLICANT.CHANGES", "UNSUBSCRIBE").catch(() => {});
  }

  private secondIsOver(): void {
    this.rate.value = this.inSecond;
    this.inSecond = 0;
    // From now on: what was left out is left out.
    if (this.isHeld && this.link !== null && performance.now() >= this.heldUntil) this.ask(this.link, null).catch(() => {});
  }

  private broken(era: number, reason: string): void {
    this.link = null;
    this.state.value = "broken";
    this.reason.value = reason;
    setTimeout(() => {
      if (era !== this.era) return;
      // Who has left is let in again by the page, not by this.
      if (phase.value === "inside" && !document.hidden) void this.connect(era);
      else this.broken(era, reason);
    }, RETRY_MS);
  }
}

/** One for the page. */
export const feed = new Feed();

// What one user may see is not for the next.
effect(() => {
  if (phase.value === "outside") untracked(() => feed.forget());
});
