/**
 * One image on its way to the replicas that asked for it, all at once: straight to their sockets as it is made, between two marks (`StreamedSync`), or through
 * a file whose length is known (`FileSync`), for replicas that do not know the marks or where the configuration wants it so.
 */

import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { failureWords } from "../../config/error.ts";
import { type Cursor, Journal } from "../../journal/journal.ts";
import type { FileSource } from "../../snapshot/file.ts";
import type { Persistence } from "../../snapshot/persistence.ts";
import type { SnapshotConsumer } from "../../snapshot/snapshot.ts";
import { type Replica, ReplicaState } from "./replica.ts";

/** Begins an image of the data as it is now. */
export type StartImage = (consumer: SnapshotConsumer) => FileSource;

/** What the slowest replica may lag behind the image while it is made, in bytes. */
const WINDOW_BYTES = 1024 * 1024;
const FILE_CHUNK_BYTES = 256 * 1024;

export interface SyncHost {
  /** A replica has the whole image. */
  delivered(replica: Replica, sync: FullSync): void;
  /** There is nothing left to do, or nothing that could be done: `error` says why. Replicas still on the list have not got it. */
  ended(sync: FullSync, error: Error | null): void;
}

export interface FullSync {
  /** Whether the replicas know where the image ends only by its mark. */
  readonly streamed: boolean;
  /** The replicas that have not got it all yet. */
  readonly replicas: ReadonlySet<Replica>;
  /** Takes one more, if it is not too late for that. -> whether it did. */
  join(replica: Replica): boolean;
  /** The replica can take more. */
  pump(replica: Replica): void;
  /** The replica is gone. */
  leave(replica: Replica): void;
  begin(start: StartImage): void;
  /** Gives up; `ended` is told. */
  cancel(reason: Error): void;
}

export class StreamedSync implements FullSync, SnapshotConsumer {
  readonly streamed = true;
  private readonly host: SyncHost;
  private readonly places = new Map<Replica, Cursor>();
  private readonly mark = randomBytes(20).toString("hex");
  /** What not all replicas have taken yet: a journal of its own keeps the bytes once and each replica's place. */
  private readonly window = new Journal();
  private image: FileSource | null = null;
  private complete = false;
  private over = false;

  constructor(host: SyncHost, replicas: readonly Replica[]) {
    this.host = host;
    this.window.retain = 0;
    this.window.start();
    for (const replica of replicas) this.places.set(replica, this.window.open(0));
    this.append(`$EOF:${this.mark}\r\n`);
  }

  get replicas(): ReadonlySet<Replica> {
    return new Set(this.places.keys());
  }

  /** The beginning is gone: the next image will do. */
  join(): boolean {
    return false;
  }

  begin(start: StartImage): void {
    this.image = start(this);
  }

  write(bytes: Buffer, from: number, to: number): void {
    this.window.appendRaw(bytes, from, to);
    this.pumpAll();
  }

  ready(): boolean {
    let slowest = this.window.offset;
    for (const place of this.places.values()) slowest = Math.min(slowest, place.offset);
    return this.window.offset - slowest < WINDOW_BYTES;
  }

  finished(): void {
    this.complete = true;
    this.append(this.mark);
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

  private pumpAll(): void {
    for (const replica of [...this.places.keys()]) this.pump(replica);
  }

  pump(replica: Replica): void {
    const place = this.places.get(replica);
    if (place === undefined || replica.blocked) return;
    const before = place.offset;
    this.window.read(place, (bytes, from, to) => replica.offer(bytes, from, to));
    if (place.offset > before) replica.progressAt = Date.now();
    if (this.complete && place.offset === this.window.offset) {
      this.drop(replica, place);
      this.host.delivered(replica, this);
      if (this.places.size === 0) this.end(null);
    } else if (!this.complete && this.ready()) this.image?.wake();
  }

  leave(replica: Replica): void {
    const place = this.places.get(replica);
    if (place === undefined) return;
    this.drop(replica, place);
    if (this.places.size === 0) this.cancel(new Error("last replica dropped"));
    else if (!this.complete && this.ready()) this.image?.wake();
  }

  private drop(replica: Replica, place: Cursor): void {
    this.places.delete(replica);
    this.window.close(place);
  }

  private end(error: Error | null): void {
    if (this.over) return;
    this.over = true;
    this.host.ended(this, error);
  }
}

interface FilePosition {
  /** What is left of the line before the image. */
  header: Buffer;
  /** Bytes of the file sent. */
  offset: number;
}

/** The image is the background save of this moment, in the file of the data set: more replicas may wait for it while it is written. */
export class FileSync implements FullSync {
  readonly streamed = false;
  private readonly host: SyncHost;
  private readonly persistence: Persistence;
  private readonly path: string;
  private readonly places = new Map<Replica, FilePosition>();
  private readonly chunk = Buffer.allocUnsafeSlow(FILE_CHUNK_BYTES);
  private size = 0;
  private descriptor = -1;
  private over = false;

  constructor(host: SyncHost, replicas: readonly Replica[], persistence: Persistence) {
    this.host = host;
    this.persistence = persistence;
    this.path = persistence.path;
    for (const replica of replicas) this.join(replica);
  }

  get replicas(): ReadonlySet<Replica> {
    return new Set(this.places.keys());
  }

  join(replica: Replica): boolean {
    if (this.over || this.descriptor !== -1) return false;
    this.places.set(replica, { header: Buffer.alloc(0), offset: 0 });
    return true;
  }

  begin(): void {
    this.persistence.startBackgroundSave((error) => this.settled(error));
  }

  cancel(reason: Error): void {
    if (this.descriptor === -1) void this.persistence.cancelBackgroundSave();
    this.end(reason);
  }

  private settled(error: Error | null): void {
    if (error !== null) return this.end(error);
    this.persistence.markSyncFile();
    if (this.over) return;
    try {
      // From here on the image is that of the descriptor, whatever becomes of the file's name.
      this.descriptor = openSync(this.path, "r");
      this.size = fstatSync(this.descriptor).size;
    } catch (failure) {
      return this.end(new Error(failureWords(failure)));
    }
    for (const [replica, place] of [...this.places]) {
      place.header = Buffer.from(`$${this.size}\r\n`, "latin1");
      replica.state = ReplicaState.FILE;
      this.pump(replica);
    }
  }

  pump(replica: Replica): void {
    const place = this.places.get(replica);
    if (place === undefined || this.descriptor === -1) return;
    while (place.header.length > 0) {
      const taken = replica.offer(place.header, 0, place.header.length);
      place.header = place.header.subarray(taken);
      if (replica.blocked) return;
    }
    while (place.offset < this.size && !replica.blocked) {
      const count = readSync(this.descriptor, this.chunk, 0, FILE_CHUNK_BYTES, place.offset);
      if (count === 0) return this.end(new Error("the file with the image became shorter"));
      place.offset += replica.offer(this.chunk, 0, count);
      replica.progressAt = Date.now();
    }
    if (place.offset < this.size) return;
    this.places.delete(replica);
    this.host.delivered(replica, this);
    if (this.places.size === 0) this.end(null);
  }

  leave(replica: Replica): void {
    if (!this.places.delete(replica) || this.places.size > 0) return;
    this.cancel(new Error("last replica dropped"));
  }

  private end(error: Error | null): void {
    if (this.over) return;
    this.over = true;
    if (this.descriptor !== -1) closeSync(this.descriptor);
    this.host.ended(this, error);
  }
}
