/**
 * One image on its way to the replicas that asked for it, all at once: straight to their sockets as it is made, between two EOF marks
 * (`StreamedSync`), or through the file of the data set, whose length is known (`FileSync`), for replicas that know no EOF marks, or if configured.
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { assert } from "../../assert.ts";
import { randomHex } from "../../base/random.ts";
import { failureWords } from "../../config/error.ts";
import { type Cursor, Journal } from "../../journal/journal.ts";
import type { Progress, Work } from "../../progress/progress.ts";
import type { ImageParts, Persistence } from "../../snapshot/persistence.ts";
import type { Snapshot, SnapshotConsumer } from "../../snapshot/snapshot.ts";
import { type Replica, ReplicaState } from "./replica.ts";

/** What the slowest replica may lag behind the image while it is made, in bytes. */
const WINDOW_BYTES = 512 * 1024;
const FILE_CHUNK_BYTES = 256 * 1024;

/** What is told of an image. */
export interface SyncEvents {
  /** A replica has the whole image. */
  delivered(replica: Replica, sync: FullSync): void;
  /** There is nothing left to do, or nothing that could be done: `error` says why. Replicas still on the list have not got it. */
  ended(sync: FullSync, error: Error | null): void;
}

export abstract class FullSync<Place = unknown> {
  /** Whether the replicas know where the image ends only by its EOF mark. */
  abstract readonly streamed: boolean;
  /** How far each replica is that has not got it all yet. */
  protected readonly places = new Map<Replica, Place>();
  private readonly told = new Map<Replica, Progress>();
  protected over = false;
  protected readonly persistence: Persistence;
  private readonly events: SyncEvents;

  constructor(events: SyncEvents, persistence: Persistence) {
    this.events = events;
    this.persistence = persistence;
  }

  /** Starts to make an image of the data as it is now, or of parts of it. */
  abstract begin(parts: ImageParts): void;
  /** Takes one more replica, if it is not too late for that. Returns whether it did. */
  abstract join(replica: Replica): boolean;
  /** The replica can take more. */
  abstract pump(replica: Replica): void;
  /** Gives up; `ended` is told. */
  abstract cancel(reason: Error): void;

  has(replica: Replica): boolean {
    return this.places.has(replica);
  }

  get replicas(): readonly Replica[] {
    return [...this.places.keys()];
  }

  /** The replica is gone. */
  leave(replica: Replica): void {
    this.told.get(replica)?.end("failed");
    if (this.places.delete(replica) && this.places.size === 0) this.cancel(new Error("last replica dropped"));
  }

  protected pumpAll(): void {
    for (const replica of this.replicas) this.pump(replica);
  }

  /** The replica gets its image from now on: others see how far it is. */
  protected tell(replica: Replica, work: Pick<Work, "unit" | "done" | "total" | "bytes">): void {
    this.told.set(replica, this.persistence.progress.begin({ kind: "sync-send", subject: replica.name, ...work }));
  }

  protected deliver(replica: Replica): void {
    assert(this.places.delete(replica), "a replica gets an image once");
    this.told.get(replica)?.end("complete");
    this.events.delivered(replica, this);
    if (this.places.size === 0) this.end(null);
  }

  protected end(error: Error | null): void {
    if (this.over) return;
    this.over = true;
    for (const replica of this.places.keys()) this.told.get(replica)?.end("failed");
    this.events.ended(this, error);
  }
}

export class StreamedSync extends FullSync<Cursor> implements SnapshotConsumer {
  readonly streamed = true;
  private readonly mark = randomHex(40);
  /** What not all replicas have taken yet: a journal of its own keeps the bytes once and each replica's place. */
  private readonly window = new Journal();
  private image: Snapshot | null = null;
  private complete = false;

  constructor(events: SyncEvents, replicas: readonly Replica[], persistence: Persistence) {
    super(events, persistence);
    this.window.retain = 0;
    this.window.start();
    for (const replica of replicas) this.places.set(replica, this.window.open(0));
    this.append(`$EOF:${this.mark}\r\n`);
  }

  begin(parts: ImageParts): void {
    assert(this.image === null, "there is one image for all");
    // Redis's words as well: it is this process that does it.
    this.persistence.log.notice(`Background RDB transfer started by pid ${process.pid}`);
    const image = this.persistence.snapshot(this, parts);
    this.image = image;
    const done = () => image.keysWritten;
    const total = () => image.keysTotal;
    for (const [replica, place] of this.places) this.tell(replica, { unit: "keys", done, total, bytes: () => place.offset });
    image.start();
  }

  /** The beginning is gone: the next image will do. */
  join(): boolean {
    return false;
  }

  write(bytes: Buffer, from: number, to: number): void {
    assert(!this.complete, "what follows the EOF mark is taken for the stream");
    this.window.appendRaw(bytes, from, to);
    this.pumpAll();
  }

  ready(): boolean {
    let slowest = this.window.offset;
    for (const place of this.places.values()) slowest = Math.min(slowest, place.offset);
    return this.window.offset - slowest < WINDOW_BYTES;
  }

  finished(): void {
    assert(!this.complete, "an image has one end");
    this.append(this.mark);
    this.complete = true;
    // Redis's words, though there is neither pipe nor child: its test suite, and others who watch a log, wait for them.
    this.persistence.log.notice(`Diskless rdb transfer, done reading from pipe, ${this.places.size} replicas still up.`);
    this.pumpAll();
  }

  failed(error: Error): void {
    this.end(error);
  }

  cancel(reason: Error): void {
    if (this.complete) this.end(reason);
    else this.image?.cancel(reason);
  }

  private append(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.window.appendRaw(bytes, 0, bytes.length);
  }

  pump(replica: Replica): void {
    const place = this.places.get(replica);
    if (place === undefined || replica.blocked) return;
    const before = place.offset;
    this.window.read(place, (bytes, from, to) => replica.offer(bytes, from, to));
    assert(place.offset >= before && place.offset <= this.window.offset, "a replica's place lies within the image and never goes back");
    if (place.offset > before) replica.progressAt = Date.now();
    if (this.complete && place.offset === this.window.offset) {
      this.window.close(place);
      this.deliver(replica);
    } else this.wake();
  }

  override leave(replica: Replica): void {
    const place = this.places.get(replica);
    if (place !== undefined) {
      this.window.close(place);
      if (this.places.size === 1) this.persistence.log.warning("Diskless rdb transfer, last replica dropped, killing fork child.");
    }
    super.leave(replica);
    if (place !== undefined && this.places.size > 0) this.wake();
  }

  protected override end(error: Error | null): void {
    const { log } = this.persistence;
    if (!this.over && error === null) log.notice("Background RDB transfer terminated with success");
    else if (!this.over) log.warning("Background transfer error");
    super.end(error);
  }

  private wake(): void {
    if (!this.complete && this.ready()) this.image?.wake();
  }
}

interface FilePosition {
  /** What is left of the line before the image. */
  header: Buffer;
  /** Bytes of the file sent. */
  offset: number;
}

/** The image is the background save of this moment, in the file of the data set: more replicas may wait for it while it is written. */
export class FileSync extends FullSync<FilePosition> {
  readonly streamed = false;
  private readonly path: string;
  private readonly chunk = Buffer.allocUnsafeSlow(FILE_CHUNK_BYTES);
  private size = 0;
  private descriptor = -1;

  constructor(events: SyncEvents, replicas: readonly Replica[], persistence: Persistence) {
    super(events, persistence);
    this.path = persistence.path;
    for (const replica of replicas) this.join(replica);
  }

  begin(): void {
    // What replicas can read is decided by what they said, not by what files are to be.
    this.persistence.startBackgroundSave({ version: "auto", ended: (error) => this.settled(error) });
  }

  join(replica: Replica): boolean {
    if (this.over || this.descriptor !== -1) return false;
    this.places.set(replica, { header: Buffer.alloc(0), offset: 0 });
    return true;
  }

  cancel(reason: Error): void {
    // With save points the file is worth something without a replica.
    if (this.descriptor === -1 && this.persistence.config.values.save.length === 0) void this.persistence.cancelBackgroundSave();
    this.end(reason);
  }

  private settled(error: Error | null): void {
    if (error !== null) return this.end(error);
    this.persistence.markSyncFile();
    if (this.over) return;
    assert(this.descriptor === -1, "a file is sent once it is complete, which it becomes once");
    try {
      // From here on the image is that of the descriptor, whatever becomes of the file's name.
      this.descriptor = openSync(this.path, "r");
      this.size = fstatSync(this.descriptor).size;
    } catch (failure) {
      return this.end(new Error(failureWords(failure)));
    }
    for (const [replica, place] of this.places) {
      place.header = Buffer.from(`$${this.size}\r\n`, "latin1");
      replica.state = ReplicaState.FILE;
      this.tell(replica, { unit: "bytes", done: () => place.offset, total: () => this.size });
    }
    this.pumpAll();
  }

  pump(replica: Replica): void {
    const place = this.places.get(replica);
    if (place === undefined || this.descriptor === -1) return;
    while (place.header.length > 0) {
      place.header = place.header.subarray(replica.offer(place.header, 0, place.header.length));
      if (replica.blocked) return;
    }
    while (place.offset < this.size && !replica.blocked) {
      const count = readSync(this.descriptor, this.chunk, 0, FILE_CHUNK_BYTES, place.offset);
      if (count === 0) return this.end(new Error("the file with the image became shorter"));
      place.offset += replica.offer(this.chunk, 0, count);
      replica.progressAt = Date.now();
    }
    assert(place.offset <= this.size, "a replica takes what follows the announced bytes for the stream");
    if (place.offset === this.size) this.deliver(replica);
  }

  protected override end(error: Error | null): void {
    if (!this.over && this.descriptor !== -1) closeSync(this.descriptor);
    super.end(error);
  }
}
