/** Chains of commands that are sent as one: pipelines and transactions. Each command adds the type of its reply. */

import type { Convert, Mode } from "./command-base.ts";
import { Commands } from "./commands/all.ts";
import { ReplyError } from "./errors.ts";
import type { Link, Word } from "./link.ts";
import { refuseUnfit } from "./requests.ts";
import type { KeysOf, Script } from "./scripts.ts";

type Text = string | Uint8Array;

/** What `settle` resolves to: each reply, or the error in its place. */
export type Settled<Done extends readonly unknown[]> = { -readonly [At in keyof Done]: Done[At] | ReplyError };

/** Requests that are kept until they are sent. */
abstract class Chain<M extends Mode> extends Commands<M> {
  protected readonly link: Link;
  protected readonly inBytes: boolean;
  protected readonly requests: (readonly Word[])[] = [];
  private readonly converts: (Convert | undefined)[] = [];

  constructor(link: Link, inBytes: boolean) {
    super();
    this.link = link;
    this.inBytes = inBytes;
  }

  /** How many commands it has. */
  get length(): number {
    return this.requests.length;
  }

  protected add(request: readonly Word[], convert?: Convert): void {
    this.requests.push(request);
    this.converts.push(convert);
  }

  protected addCall(words: readonly [name: string, ...Word[]]): void {
    const name = words[0].toUpperCase();
    refuseUnfit(name, words);
    this.add([name, ...words.slice(1)]);
  }

  /** With its whole text: a script that is not known yet cannot be sent later, in the middle. */
  protected addScript(script: Script<number, unknown>, keys: readonly Word[], args: readonly Word[]): void {
    this.add(script.request(keys, args), (reply) => script.reply(reply));
  }

  protected converted(replies: readonly unknown[]): unknown[] {
    return replies.map((reply, at) => {
      const convert = this.converts[at];
      return convert === undefined || reply instanceof ReplyError ? reply : convert(reply, this.inBytes);
    });
  }
}

/** A command's reply is one more element of what `exec` resolves to. */
export interface Piping<T extends Text, Done extends readonly unknown[]> extends Mode {
  readonly text: T;
  readonly answer: Pipeline<T, [...Done, this["reply"]]>;
}

/** Commands that are sent in one go. Others may be executed between them. */
export class Pipeline<T extends Text, Done extends readonly unknown[]> extends Chain<Piping<T, Done>> {
  /** Sends them. Resolves with their replies. Errors: the first ReplyError, once all are executed; LinkError. */
  async exec(): Promise<Done> {
    return allOrFirstError(await this.settle()) as Done;
  }

  /** Sends them. Resolves with their replies, errors of the server among them. Errors: LinkError. */
  async settle(): Promise<Settled<Done>> {
    return this.converted(await this.link.sendAll(this.requests, this.inBytes)) as Settled<Done>;
  }

  call(...words: readonly [name: string, ...Word[]]): Pipeline<T, [...Done, unknown]> {
    this.addCall(words);
    return this as unknown as Pipeline<T, [...Done, unknown]>;
  }

  script<const Count extends number, Reply>(
    script: Script<Count, Reply>,
    keys: KeysOf<Count>,
    args: readonly Word[] = [],
  ): Pipeline<T, [...Done, Reply]> {
    this.addScript(script as Script<number, unknown>, keys, args);
    return this as unknown as Pipeline<T, [...Done, Reply]>;
  }

  protected override run<Reply>(request: readonly Word[], convert?: Convert): Pipeline<T, [...Done, Reply]> {
    this.add(request, convert);
    return this as unknown as Pipeline<T, [...Done, Reply]>;
  }

  protected override runBlocking<Reply>(request: readonly Word[], convert?: Convert): Pipeline<T, [...Done, Reply]> {
    return this.run(request, convert);
  }
}

/** As Piping, in a transaction. */
export interface Transacting<T extends Text, Done extends readonly unknown[], Aborted> extends Mode {
  readonly text: T;
  readonly answer: Transaction<T, [...Done, this["reply"]], Aborted>;
}

/** Commands that are executed one after the other with nothing between them: MULTI and EXEC. `Aborted`: null where WATCH may end it. */
export class Transaction<T extends Text, Done extends readonly unknown[], Aborted> extends Chain<Transacting<T, Done, Aborted>> {
  private readonly onEnd: ((aborted: boolean) => void) | null;

  constructor(link: Link, inBytes: boolean, onEnd: ((aborted: boolean) => void) | null) {
    super(link, inBytes);
    this.onEnd = onEnd;
  }

  /**
   * Executes them. Resolves with their replies, or with null where a watched key was changed. Errors: the first ReplyError, though the other
   * commands were executed; an EXECABORT where a command was refused (its cause says why), and none was executed; LinkError.
   */
  async exec(): Promise<Done | Aborted> {
    const replies = await this.settle();
    return (replies === null ? null : allOrFirstError(replies as readonly unknown[])) as Done | Aborted;
  }

  /** The same, with errors of executed commands among the replies. */
  async settle(): Promise<Settled<Done> | Aborted> {
    const replies = await this.link.sendAll([["MULTI"], ...this.requests, ["EXEC"]], this.inBytes);
    const last = replies.at(-1);
    this.onEnd?.(last === null);
    if (last === null) return null as Aborted;
    if (last instanceof ReplyError) {
      last.cause = replies.find((reply) => reply instanceof ReplyError && reply !== last);
      throw last;
    }
    return this.converted(last as readonly unknown[]) as Settled<Done>;
  }

  call(...words: readonly [name: string, ...Word[]]): Transaction<T, [...Done, unknown], Aborted> {
    this.addCall(words);
    return this as unknown as Transaction<T, [...Done, unknown], Aborted>;
  }

  script<const Count extends number, Reply>(
    script: Script<Count, Reply>,
    keys: KeysOf<Count>,
    args: readonly Word[] = [],
  ): Transaction<T, [...Done, Reply], Aborted> {
    this.addScript(script as Script<number, unknown>, keys, args);
    return this as unknown as Transaction<T, [...Done, Reply], Aborted>;
  }

  protected override run<Reply>(request: readonly Word[], convert?: Convert): Transaction<T, [...Done, Reply], Aborted> {
    this.add(request, convert);
    return this as unknown as Transaction<T, [...Done, Reply], Aborted>;
  }

  protected override runBlocking<Reply>(request: readonly Word[], convert?: Convert): Transaction<T, [...Done, Reply], Aborted> {
    return this.run(request, convert);
  }
}

function allOrFirstError(replies: readonly unknown[]): readonly unknown[] {
  for (const reply of replies) if (reply instanceof ReplyError) throw reply;
  return replies;
}
