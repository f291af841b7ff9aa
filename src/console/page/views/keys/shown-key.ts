/** The key that is shown: what is known of it, and how its changes are made. */

import { type Signal, signal } from "@preact/signals";
import type { OwnLink } from "../../own-link.ts";
import { numberOf, wordOf } from "../../reply.ts";
import type { Reply, Word } from "../../resp.ts";
import { type Change, Editor, whyNotWritable, whyRefused } from "./editor.ts";

/** What is known of a key besides its value; null: unknown, or not said. */
export interface Facts {
  /** "none": there is no such key. */
  readonly type: string;
  /** When it expires, ms since 1970; null: never. */
  readonly expires: number | null;
  readonly encoding: string | null;
  readonly memory: number | null;
  /** Seconds. */
  readonly idle: number | null;
  readonly frequency: number | null;
  /** Why it cannot be changed here. */
  readonly whyNot: string | null;
  /** For changes that are made from this. */
  readonly since: number;
}

/** Asked of the person, who wanted a change while somebody else made one. */
export interface Conflict {
  readonly change: Change;
  /** The part that is changed as it is now; undefined: only that the key is another. */
  readonly now: Reply | undefined;
  /** Whether the change is to be made all the same. */
  readonly answer: (isWanted: boolean) => void;
}

/** Elements that MEMORY USAGE looks at. */
const SAMPLES = 10_000;

export class ShownKey {
  readonly database: number;
  readonly name: Uint8Array;
  readonly conflict: Signal<Conflict | null> = signal(null);
  /** Counts up when the value is to be read again. */
  readonly turn = signal(0);
  /** Counts up when it has been looked at, and its parts are to be read. */
  readonly looked = signal(0);
  readonly link: OwnLink;
  private readonly editor: Editor;

  constructor(link: OwnLink, database: number, name: Uint8Array) {
    this.link = link;
    this.database = database;
    this.name = name;
    this.editor = new Editor(link, name);
  }

  /** Reads what is known, and watches the key from now on, if it can be changed. Errors: ReplyError, LinkError. */
  async facts(): Promise<Facts> {
    const { link, name } = this;
    const type = wordOf(await link.call("TYPE", name));
    const whyNot = (await whyNotWritable(link, name, type)) ?? (await whyRefused(() => this.editor.watch()));
    const since = this.editor.look;
    const asked = [
      link.call("PEXPIRETIME", name),
      link.call("OBJECT", "ENCODING", name),
      link.call("MEMORY", "USAGE", name, "SAMPLES", SAMPLES),
      link.call("OBJECT", "IDLETIME", name),
      link.call("OBJECT", "FREQ", name),
    ];
    const answers = (await Promise.allSettled(asked)).map((answer) => (answer.status === "fulfilled" ? answer.value : null));
    const [expires, encoding, memory, idle, frequency] = answers;
    const known = (reply: Reply | undefined): number | null => (typeof reply === "number" && reply >= 0 ? reply : null);
    this.looked.value++;
    return {
      type,
      expires: known(expires),
      encoding: encoding === null ? null : wordOf(encoding),
      memory: known(memory),
      idle: known(idle),
      frequency: known(frequency),
      whyNot,
      since,
    };
  }

  /** What a change is made from whose part is read now: give it as `since`. */
  get since(): number {
    return this.editor.look;
  }

  /** Asks about the key; its name stands behind the command's. Errors: ReplyError, LinkError. */
  ask(command: string, ...rest: readonly Word[]): Promise<Reply> {
    return this.link.callForBytes(command, this.name, ...rest);
  }

  /**
   * Makes a change; where somebody else was faster the person decides. Returns whether it was made. The value is read again after it.
   * Errors: ReplyError, LinkError.
   */
  async make(change: Change): Promise<boolean> {
    try {
      let wanted = change;
      for (;;) {
        const outcome = await this.editor.apply(wanted);
        if ("replies" in outcome) {
          if (change.wants !== undefined && outcome.replies[0] !== change.wants) throw new Error(change.refused);
          return true;
        }
        const { now } = outcome;
        const isWanted = await new Promise<boolean>((answer) => {
          this.conflict.value = { change, now, answer };
        });
        this.conflict.value = null;
        if (!isWanted) return false;
        wanted = { ...wanted, since: this.editor.look, isInsisted: true };
        if (now !== undefined && wanted.touched !== undefined) wanted = { ...wanted, touched: { ...wanted.touched, seen: now } };
      }
    } finally {
      // What was watched is not watched any more.
      this.turn.value++;
    }
  }

  /** Adds something, by one command that overwrites nothing. Errors: ReplyError, LinkError. */
  async add(command: string, ...rest: readonly Word[]): Promise<Reply> {
    try {
      return await this.ask(command, ...rest);
    } finally {
      this.turn.value++;
    }
  }

  /** The number that a command answers about the key. Errors: ReplyError, LinkError. */
  async askNumber(command: string, ...rest: readonly Word[]): Promise<number> {
    return numberOf(await this.ask(command, ...rest));
  }
}
