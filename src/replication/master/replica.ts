/** One replica of ours: what it said about itself, how far it has been served, how far it says it is. */

import { assert } from "../../assert.ts";
import type { Cursor } from "../../journal/journal.ts";
import type { RdbFamily } from "../../rdb/format.ts";
import type { Session } from "../../session/session.ts";

export const ReplicaState = {
  /** A client that has said something about itself and not asked for data. */
  NONE: "none",
  /** It waits for a second connection, which the image will go over. */
  CHANNEL: "channel",
  /** It waits for an image to be begun. */
  WAITING: "waiting",
  /** An image is being made: it gets it as it is made, or waits for the file. */
  IMAGE: "image",
  /** It is being sent the file with the image. */
  FILE: "file",
  /** It gets the stream while the image goes over its second connection: in Redis's protocol, and in Valkey's. */
  BULK_AND_STREAM: "bulk-and-stream",
  BG_TRANSFER: "bg-transfer",
  /** It has an image: it gets the stream. */
  ONLINE: "online",
} as const;
export type ReplicaState = (typeof ReplicaState)[keyof typeof ReplicaState];

/** The words of INFO. */
export const STATE_WORDS: Readonly<Record<ReplicaState, string>> = {
  none: "",
  channel: "wait_bgsave",
  waiting: "wait_bgsave",
  image: "wait_bgsave",
  file: "send_bulk",
  "bulk-and-stream": "send_bulk_and_stream",
  "bg-transfer": "bg_transfer",
  online: "online",
};

export class Replica {
  readonly session: Session;
  state: ReplicaState = ReplicaState.NONE;
  // What REPLCONF told.
  listeningPort = 0;
  /** "" for the one it connects from. */
  address = "";
  /** Understands an image of unknown length. */
  eof = false;
  /** Understands +CONTINUE with a new id. */
  psync2 = false;
  /** Wants to be told of function libraries that no stream has (../note.ts). */
  wantsFunctions = false;
  /** Whose form images have for it, where the two differ. */
  family: RdbFamily = "redis";
  /** Whether it reads hashes whose fields have times, as far as what it said tells; null where that tells nothing. */
  readsFieldTimes: boolean | null = null;
  /** Whether it was promised an image with such hashes, and has not said yet that it has loaded it. */
  owesTimes = false;
  /** Wants an image and no stream. */
  imageOnly = false;
  /** Wants these parts of an image only; null for all of it. */
  parts: { readonly functions: boolean } | null = null;

  // Full synchronizations over two connections (channels.ts).
  /** Which protocol it can have them in; null for none. */
  channelProtocol: "redis" | "valkey" | null = null;
  /** Of a second connection: the first one, if it named that; and the other way round. */
  main: Replica | null = null;
  channel: Replica | null = null;
  /** Of a first connection: the second one whose image it goes on from, as it said. */
  joins: Replica | null = null;
  /** It has been sent the whole image; and when its connection ended, in ms since 1970, if that matters. */
  delivered = false;
  leftAt = 0;

  /** It asked with SYNC: it acknowledges nothing, and is told no offset. */
  legacy = false;
  /** Its place in the journal. */
  cursor: Cursor | null = null;
  /** The stream begins only after it has acknowledged the image: until then it looks for the image's end. */
  awaitsAcknowledgement = false;
  /** A note that it is to be sent once it has the stream up to `at`, and what is left of one that it has been sent a part of. */
  private note: { readonly at: number; readonly bytes: Buffer } | null = null;
  private begunNote: Buffer | null = null;
  /** The kernel took less than it was offered: nothing more until it has drained. */
  blocked = false;
  /** The offset it acknowledged last, and when. */
  acknowledged = 0;
  acknowledgedAt = 0;
  /** The offset up to which its append-only file is on disk, as it says. */
  flushed = -1;
  /** When it asked for data, and when it last took some of an image; ms since 1970. */
  requestedAt = 0;
  progressAt = 0;
  /** Since which second it has been as far behind as the soft limit; 0 while it is not. */
  behindSince = 0;

  constructor(session: Session) {
    this.session = session;
  }

  get ip(): string {
    return this.address === "" ? hostOf(this.session.link.remoteAddress) : this.address;
  }

  /** As logs call it. */
  get name(): string {
    const { ip } = this;
    if (this.listeningPort === 0) return `${ip}:<unknown-replica-port>`;
    return ip.includes(":") ? `[${ip}]:${this.listeningPort}` : `${ip}:${this.listeningPort}`;
  }

  /** Whether it gets the stream while its image goes over another connection. */
  get inParallel(): boolean {
    return this.state === ReplicaState.BULK_AND_STREAM || this.state === ReplicaState.BG_TRANSFER;
  }

  /** Whether it can be sent the stream now. */
  get streams(): boolean {
    return this.inParallel || (this.state === ReplicaState.ONLINE && !this.awaitsAcknowledgement);
  }

  /** Whether one image serves both. */
  wantsSameAs(other: Replica): boolean {
    return (this.parts === null) === (other.parts === null) && this.parts?.functions === other.parts?.functions;
  }

  /** When it last acknowledged something or, while it loads, sent an empty line to say that it is there; ms since 1970. */
  get heardAt(): number {
    return Math.max(this.acknowledgedAt, this.session.lastActive);
  }

  /** Seconds since it was last heard of. */
  lag(now: number): number {
    return Math.floor(now / 1000) - Math.floor(this.heardAt / 1000);
  }

  /** Has it told this behind what the stream has up to `at`, in the place of an earlier note that has not been begun. */
  tell(bytes: Buffer, at: number): void {
    this.note = { at, bytes };
  }

  /** Sends the note that is due, if one is. Returns up to which offset the stream may be sent now. */
  sendNote({ offset }: Cursor): number {
    if (this.begunNote === null && this.note !== null && this.note.at <= offset) {
      this.begunNote = this.note.bytes;
      this.note = null;
    }
    if (this.begunNote !== null) {
      const taken = this.offer(this.begunNote, 0, this.begunNote.length);
      this.begunNote = taken < this.begunNote.length ? this.begunNote.subarray(taken) : null;
      if (this.begunNote !== null) return offset;
    }
    return this.note?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Sends what the kernel takes. Returns how many bytes that was. */
  offer(bytes: Buffer, from: number, to: number): number {
    if (this.blocked) return 0;
    const taken = this.session.link.offer(bytes, from, to);
    assert(taken >= 0 && taken <= to - from, "what is counted as sent was handed over: the rest would be missing in the stream");
    if (taken < to - from) this.blocked = true;
    return taken;
  }
}

/** The address in "address:port" or "[address]:port". */
function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}
