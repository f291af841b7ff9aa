/**
 * What a source has sent and the consumer has not come to yet: bytes of images and of the stream, and between them notes of what they are.
 * Nothing is looked into here, so that the source is always listened to. Bytes wait in memory, and past a limit in temporary files.
 */

import { Overflow } from "../replication/replica/overflow.ts";
import { Spool } from "../snapshot/spool.ts";
import { FollowError } from "./error.ts";

/** What follows, or what has ended. */
export type Note =
  /** An image follows, of this moment. `gap`: why what came before is not gone on with, if it was asked for. */
  | { readonly kind: "image"; readonly id: string; readonly offset: number; readonly gap: "backlog" | "history" | null }
  /** The image is over: the stream follows. */
  | { readonly kind: "image-end" }
  /** The connection was lost before that. */
  | { readonly kind: "image-cut" }
  /** The stream goes on; `id`: under another name. */
  | { readonly kind: "continued"; readonly id: string | null };

export interface InboxOptions {
  /** Bytes that may wait in memory. */
  readonly memoryLimit: number;
  /** Where temporary files go. */
  readonly directory: string;
  /** Whether to go on reading from the source. */
  readonly listen: (on: boolean) => void;
  /** There is something again, after `next` had nothing. */
  readonly arrived: () => void;
  /** Nothing more can be kept: what has been kept can be had still. */
  readonly failed: (error: FollowError) => void;
}

export class Inbox {
  private readonly options: InboxOptions;
  private readonly bytes: Overflow;
  /** In their order, and before which byte each stands. */
  private readonly notes: { readonly at: number; readonly note: Note }[] = [];
  /** A piece that a note stands in the middle of: what is left of it, and where that begins. */
  private rest: Buffer | null = null;
  private position = 0;

  constructor(options: InboxOptions) {
    const { memoryLimit, directory, listen } = options;
    this.options = options;
    this.bytes = new Overflow({
      limit: () => memoryLimit,
      spool: (on) =>
        new Spool({
          ...on,
          directory,
          what: "file of a feed",
          broken: (error) => {
            throw error;
          },
        }),
      spillsAgain: true,
      listen,
      failed: (error) => {
        while (this.notes.length > 0 && this.notes[this.notes.length - 1].at > this.bytes.pushed) this.notes.pop();
        options.failed(new FollowError("DISK", `what waits for the consumer cannot be kept in ${directory}: ${error.message}`, error));
      },
    });
  }

  /** Bytes that wait. */
  get size(): number {
    return this.bytes.size + (this.rest?.length ?? 0);
  }

  get peak(): number {
    return this.bytes.peak;
  }

  push(chunk: Buffer, from: number, to: number): void {
    const wasEmpty = this.isEmpty;
    this.bytes.push(chunk, from, to);
    if (wasEmpty) this.options.arrived();
  }

  note(note: Note): void {
    this.notes.push({ at: this.bytes.pushed, note });
    this.options.arrived();
  }

  private get isEmpty(): boolean {
    return this.rest === null && this.bytes.size === 0 && this.notes.length === 0;
  }

  /** Returns what comes next of what is in memory: a note, bytes, or null where there is nothing, or a file must be read first. */
  nextNow(): Note | Buffer | null {
    const note = this.noteHere();
    if (note !== null) return note;
    const piece = this.rest ?? this.bytes.shiftMemory();
    return piece === null ? null : this.upToNote(piece);
  }

  /** Likewise of all, null where there is nothing at all. Errors: those of the file. */
  async next(): Promise<Note | Buffer | null> {
    const now = this.nextNow();
    if (now !== null) return now;
    try {
      const piece = await this.bytes.shift();
      return piece === null ? this.noteHere() : this.upToNote(piece);
    } catch (error) {
      throw new FollowError("DISK", `what waits for the consumer cannot be read: ${error instanceof Error ? error.message : error}`, error);
    }
  }

  private noteHere(): Note | null {
    const [first] = this.notes;
    if (first === undefined || first.at > this.position) return null;
    this.notes.shift();
    return first.note;
  }

  private upToNote(piece: Buffer): Buffer {
    const [first] = this.notes;
    const length = first === undefined ? piece.length : Math.min(piece.length, first.at - this.position);
    this.rest = length === piece.length ? null : piece.subarray(length);
    this.position += length;
    return length === piece.length ? piece : piece.subarray(0, length);
  }

  discard(): void {
    this.bytes.discard();
    this.rest = null;
    this.notes.length = 0;
  }
}
