/** Chains of commands that are sent as one: pipelines and transactions. Each command adds the type of its reply. */

import type { Convert, Mode } from "./command-base.ts";
import { Commands } from "./commands/all.ts";
import { atCaller, ReplyError } from "./errors.ts";
import { INSPECT, inspectedAs } from "./inspecting.ts";
import type { Link, Word } from "./link.ts";
import { commandName, refuseUnfit } from "./requests.ts";
import type { KeysOf, Script } from "./scripts.ts";

type Text = string | Uint8Array;

/** What `settle` resolves to: each reply, or the error in its place. */
export type Settled<Done extends readonly unknown[]> = { -readonly [At in keyof Done]: Done[At] | ReplyError };

/** A command's reply is one more element of what `exec` resolves to. */
interface Piping<T extends Text, Done extends readonly unknown[]> extends Mode {
  readonly text: T;
  readonly answer: Pipeline<T, [...Done, this["reply"]]>;
}

/** Commands that are sent in one go. Others may be executed between them. */
export interface Pipeline<T extends Text, Done extends readonly unknown[]> extends Commands<Piping<T, Done>> {
  /** How many commands it has. */
  readonly length: number;
  /** Sends them, once. Resolves with their replies. Errors: the first ReplyError, once all are executed; LinkError. */
  exec(): Promise<Done>;
  /** Sends them. Resolves with their replies, errors of the server among them. Errors: LinkError. */
  settle(): Promise<Settled<Done>>;
  /** Any command, by its words. */
  call(...words: readonly [name: string, ...Word[]]): Pipeline<T, [...Done, unknown]>;
  script<const Count extends number, Reply>(
    script: Script<Count, Reply>,
    keys: KeysOf<Count>,
    args?: readonly Word[],
  ): Pipeline<T, [...Done, Reply]>;
}

/** As Piping, in a transaction. */
interface Transacting<T extends Text, Done extends readonly unknown[], Aborted> extends Mode {
  readonly text: T;
  readonly answer: Transaction<T, [...Done, this["reply"]], Aborted>;
}

/** Commands that are executed one after the other with nothing between them: MULTI and EXEC. `Aborted`: null where WATCH may end it. */
export interface Transaction<T extends Text, Done extends readonly unknown[], Aborted> extends Commands<Transacting<T, Done, Aborted>> {
  /** How many commands it has. */
  readonly length: number;
  /**
   * Executes them. Resolves with their replies, or with null where a watched key was changed. Errors: the first ReplyError, though the other
   * commands were executed; an EXECABORT where a command was refused (its cause says why), and none was executed; LinkError.
   */
  exec(): Promise<Done | Aborted>;
  /** The same, with errors of executed commands among the replies. */
  settle(): Promise<Settled<Done> | Aborted>;
  /** Any command, by its words. */
  call(...words: readonly [name: string, ...Word[]]): Transaction<T, [...Done, unknown], Aborted>;
  script<const Count extends number, Reply>(
    script: Script<Count, Reply>,
    keys: KeysOf<Count>,
    args?: readonly Word[],
  ): Transaction<T, [...Done, Reply], Aborted>;
}

/** Returns a pipeline without commands. */
export function newPipeline<T extends Text>(link: Link, inBytes: boolean): Pipeline<T, []> {
  return new PipelineRequests(link, inBytes) as unknown as Pipeline<T, []>;
}

/** Returns a transaction without commands. @param onEnd told when it was executed, or aborted. */
export function newTransaction<T extends Text, Aborted>(
  link: Link,
  inBytes: boolean,
  onEnd: ((aborted: boolean) => void) | null,
): Transaction<T, [], Aborted> {
  return new TransactionRequests(link, inBytes, onEnd) as unknown as Transaction<T, [], Aborted>;
}

/** What the classes below know of a chain's type: nothing. A checker that compares the types of chains with each other never ends soon. */
interface Collecting extends Mode {
  readonly text: Text;
  readonly answer: unknown;
}

/** Requests that are kept until they are sent. */
abstract class Chain extends Commands<Collecting> {
  protected readonly link: Link;
  protected readonly inBytes: boolean;
  protected readonly requests: (readonly Word[])[] = [];
  private readonly converts: (Convert | undefined)[] = [];
  private isSent = false;

  constructor(link: Link, inBytes: boolean) {
    super();
    this.link = link;
    this.inBytes = inBytes;
  }

  get length(): number {
    return this.requests.length;
  }

  call(...words: readonly [name: string, ...Word[]]): this {
    const name = commandName(words[0]);
    refuseUnfit(name, words);
    return this.run([name, ...words.slice(1)]);
  }

  /** With its whole text: a script that is not known yet cannot be sent later, in the middle. */
  script(script: Script<number, unknown>, keys: readonly Word[], args: readonly Word[] = []): this {
    return this.run(script.request(keys, args), (reply) => script.reply(reply));
  }

  [INSPECT](): string {
    const { length } = this;
    const commands = `${length} ${length === 1 ? "command" : "commands"}${this.isSent ? ", sent" : ""}`;
    return inspectedAs(this instanceof TransactionRequests ? "Transaction" : "Pipeline", commands);
  }

  protected override run(request: readonly Word[], convert?: Convert): this {
    if (this.isSent) throw new Error(`${request[0]}: the commands of this chain were sent already: begin another one`);
    this.requests.push(request);
    this.converts.push(convert);
    return this;
  }

  protected override runBlocking(request: readonly Word[], convert?: Convert): this {
    return this.run(request, convert);
  }

  /** Returns the requests, which are sent once. Errors: Error. */
  protected take(): readonly (readonly Word[])[] {
    if (this.isSent) throw new Error("the commands of this chain were sent already: exec() and settle() send them once");
    this.isSent = true;
    return this.requests;
  }

  protected converted(replies: readonly unknown[]): readonly unknown[] {
    return replies.map((reply, at) => {
      const convert = this.converts[at];
      return convert === undefined || reply instanceof ReplyError ? reply : convert(reply, this.inBytes);
    });
  }
}

class PipelineRequests extends Chain {
  async exec(): Promise<readonly unknown[]> {
    return allOrFirstError(await this.settle());
  }

  async settle(): Promise<readonly unknown[]> {
    return this.converted(await this.link.sendAll(this.take(), this.inBytes));
  }
}

class TransactionRequests extends Chain {
  private readonly onEnd: ((aborted: boolean) => void) | null;

  constructor(link: Link, inBytes: boolean, onEnd: ((aborted: boolean) => void) | null) {
    super(link, inBytes);
    this.onEnd = onEnd;
  }

  async exec(): Promise<readonly unknown[] | null> {
    const replies = await this.settle();
    return replies === null ? null : allOrFirstError(replies);
  }

  async settle(): Promise<readonly unknown[] | null> {
    const replies = await this.link.sendAll([["MULTI"], ...this.take(), ["EXEC"]], this.inBytes);
    const last = replies.at(-1);
    this.onEnd?.(last === null);
    if (last === null) return null;
    if (last instanceof ReplyError) {
      last.cause = replies.find((reply) => reply instanceof ReplyError && reply !== last);
      throw atCaller(last);
    }
    return this.converted(last as readonly unknown[]);
  }
}

function allOrFirstError(replies: readonly unknown[]): readonly unknown[] {
  for (const reply of replies) if (reply instanceof ReplyError) throw atCaller(reply);
  return replies;
}
