/** What the inbox has, turned into events. */

import { ChangeStream } from "../changes/change-stream.ts";
import { CommandTargets } from "../changes/command-targets.ts";
import type { FeedEvent, GapReason, StreamEvent, Text, TextOf } from "../changes/events.ts";
import type { Filter } from "../changes/filter.ts";
import { AT_IMAGE, type StreamPoint, textOfPoint } from "../changes/position.ts";
import { ImagePlace } from "../changes/stream-event.ts";
import { COMMANDS } from "../commands/command-list.ts";
import { CommandTable } from "../execution/registry.ts";
import type { Log } from "../log.ts";
import { encodeRequest } from "../protocol/frame.ts";
import { ProtocolError } from "../protocol/protocol-error.ts";
import { Copy } from "./copy.ts";
import { FollowError } from "./error.ts";
import { ImageStream } from "./image.ts";
import type { Note } from "./inbox.ts";
import { AT_NOW } from "./position.ts";

export interface DecoderOptions<T extends Text> {
  readonly text: TextOf<T>;
  readonly filter: Filter;
  /** Whether a copy of all keys is kept, so that events have values. */
  readonly values: boolean;
  /** Whether the first image is delivered. */
  readonly firstImage: boolean;
  /** Where the stream is to go on from; null: with an image. */
  readonly from: StreamPoint | null;
  /** What a position that cannot be gone on from is called, where there is no `from` for that. */
  readonly lost: string | null;
  readonly log: Log;
  /** The source has asked how far we are. */
  readonly asked: () => void;
}

const MESSAGES: Readonly<Record<GapReason, string>> = {
  backlog: "the source does not keep the bytes behind this position any more (repl-backlog-size)",
  history: "the source has another history now",
  copy: "the values of before are not kept from one process to the next",
};

export class Decoder<T extends Text> {
  private readonly options: DecoderOptions<T>;
  private readonly targets = new CommandTargets(new CommandTable(COMMANDS) as unknown as CommandTable);
  private image: { readonly id: string; readonly offset: number; readonly stream: ImageStream<T> } | null = null;
  private stream: ChangeStream<T> | null = null;
  private copy: Copy<T> | null = null;
  /** The point that is to be gone on from, before the source has answered. */
  private from: StreamPoint | null;
  private lost: string | null;
  private delivers: boolean;
  private events: FeedEvent<T>[] = [];

  constructor(options: DecoderOptions<T>) {
    this.options = options;
    this.from = options.from;
    this.lost = options.lost;
    this.delivers = options.firstImage;
  }

  /** Where one goes on that has taken all events so far. */
  get position(): string {
    const point = this.stream?.point ?? this.from;
    return point === null ? (this.lost ?? (this.delivers ? AT_IMAGE : AT_NOW)) : textOfPoint(point);
  }

  /** How many bytes of the history that are, 0 where that is not known. */
  get offset(): number {
    return this.stream?.point.offset ?? this.image?.offset ?? this.from?.offset ?? 0;
  }

  /** Adds what this tells to `events`. Errors: FollowError. */
  take(item: Note | Buffer, events: FeedEvent<T>[]): void {
    this.events = events;
    if ("kind" in item) this.takeNote(item);
    else this.takeBytes(item, events);
    this.copy?.tidy();
  }

  private takeBytes(bytes: Buffer, events: FeedEvent<T>[]): void {
    if (this.image !== null) return this.image.stream.take(bytes, events);
    try {
      this.stream?.take(bytes, 0, bytes.length, events as StreamEvent<T>[]);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      throw new FollowError("DATA", `the stream is none of commands: ${error.message}`, error);
    }
  }

  private takeNote(note: Note): void {
    switch (note.kind) {
      case "image":
        return this.beginImage(note.id, note.offset, note.gap);
      case "image-cut":
        this.image?.stream.abandon();
        return;
      case "image-end":
        return this.endImage();
      case "continued":
        return this.goOn(note.id);
    }
  }

  // ---- images

  private beginImage(id: string, offset: number, gap: GapReason | null): void {
    const { text, filter, values } = this.options;
    const reason = this.lost !== null ? "copy" : gap;
    if (reason !== null) this.tellGap(reason);
    this.copy?.stop();
    this.copy = values ? new Copy(text, this.warning) : null;
    this.stream = null;
    this.from = null;
    this.lost = null;
    const { delivers } = this;
    const copy = this.copy?.image ?? null;
    const command = (db: number, words: readonly Buffer[]): void => this.takeInlined(id, offset, db, words, delivers);
    this.image = { id, offset, stream: new ImageStream({ text, filter, delivers, copy, command, warning: this.warning }) };
    if (delivers) this.events.push({ kind: "image-start", replid: id, offset, position: AT_IMAGE });
  }

  private tellGap(reason: GapReason): void {
    const after = this.position;
    this.events.push({
      kind: "gap",
      reason,
      after,
      message: `changes after ${after} are missing: ${MESSAGES[reason]}`,
      position: AT_IMAGE,
    });
    // What it was that the consumer did not want to see has nothing to do with what comes now.
    this.delivers = true;
  }

  private readonly warning = (message: string): void => {
    this.options.log.warning(message);
    this.events.push({ kind: "warning", message, position: this.position });
  };

  /** A command between the keys of the image. */
  private takeInlined(id: string, offset: number, db: number, words: readonly Buffer[], delivers: boolean): void {
    const { buffer, start, end } = encodeRequest(words);
    const events: StreamEvent<T>[] = [];
    this.makeStream({ id, offset, db, skip: 0 }, new ImagePlace(id)).take(buffer, start, end, events);
    if (delivers) this.events.push(...events);
  }

  private makeStream(point: StreamPoint, place?: ImagePlace): ChangeStream<T> {
    const { text, filter, asked } = this.options;
    return new ChangeStream(point, { targets: this.targets, text, filter, copy: this.copy, asked }, place);
  }

  private endImage(): void {
    const { image, delivers } = this;
    if (image === null) return;
    const { id, offset, stream } = image;
    stream.finish();
    this.image = null;
    this.delivers = true;
    this.stream = this.makeStream({ id, offset, db: stream.streamDb, skip: 0 });
    if (delivers) this.events.push({ kind: "image-end", replid: id, offset, keys: stream.keys, position: this.position });
  }

  // ---- the stream

  private goOn(id: string | null): void {
    if (this.stream !== null) {
      if (id !== null) this.stream.rename(id);
      return;
    }
    const { from } = this;
    if (from === null) return;
    this.from = null;
    this.stream = this.makeStream(id === null ? from : { ...from, id });
  }

  stop(): void {
    this.copy?.stop();
  }
}
