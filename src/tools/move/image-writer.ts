/** Writes the image of a source to the target: keys by RESTORE, function libraries. What cannot go is named before anything is written. */

import { type FileHandle, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Note } from "../../follow/inbox.ts";
import { RDB_COMMON_VERSION, RDB_TIMED_VERSION } from "../../rdb/format.ts";
import { ownFamily } from "../convert/form.ts";
import { ImageOut } from "../convert/image-out.ts";
import { ImagePipe } from "../convert/image-pipe.ts";
import type { Losses } from "../convert/losses.ts";
import { ToolError } from "../error.ts";
import { shownKey } from "../text.ts";
import { type Deadlines, NEVER } from "./deadlines.ts";
import type { ServerFacts } from "./facts.ts";
import { KeyImage, type MovedKey } from "./key-image.ts";
import { writesOf } from "./key-writes.ts";
import type { Reporter } from "./reporter.ts";
import type { SourceFeed } from "./source-feed.ts";
import { POSITION_KEY, requestOf, type Target, type Write } from "./target.ts";

const BATCH_BYTES = 1024 * 1024;
const PIECE_BYTES = 128 * 1024;
const WAIT_MS = 200;

export interface ImageOptions {
  readonly target: Target;
  readonly losses: Losses;
  readonly deadlines: Deadlines;
  readonly report: Reporter;
  readonly from: ServerFacts;
  readonly to: ServerFacts;
  readonly spillDirectory: string | null;
  /** Makes the target ready; nothing is written before. */
  readonly begin: () => Promise<void>;
}

type Outcome = { readonly kind: "whole"; readonly streamDb: number } | { readonly kind: "cut" } | { readonly kind: "stopped" };

/** What cannot go is in the way of the move. */
export class CannotGo extends ToolError {
  override name = "CannotGo";
}

export class ImageWriter {
  keys = 0;
  bytes = 0;
  private readonly options: ImageOptions;
  private writes: Write[] = [];
  private names: Buffer[] = [];
  private size = 0;
  private begun = false;
  /** What is on its way to the target. */
  private flight: Promise<void> = Promise.resolve();

  constructor(options: ImageOptions) {
    this.options = options;
  }

  /** Writes the image that the feed has next. Errors: CompareError, ToolError, FollowError. */
  async run(feed: SourceFeed, stopped: () => boolean): Promise<Outcome> {
    const { losses, deadlines, to } = this.options;
    const image = new KeyImage({
      version: to.rdbVersion,
      losses: this.checks ? losses.silent() : losses,
      key: (moved) => this.add(moved, deadlines),
      library: (code) => this.put({ db: 0, bytes: requestOf("FUNCTION", "LOAD", "REPLACE", code) }, Buffer.from("a function library")),
      name: "the image",
    });
    using _ = image;
    const pieces = this.checks ? this.checked(feed, stopped) : piecesOf(feed, stopped);
    for (;;) {
      const { value, done } = await pieces.next();
      if (done === true) {
        if (value !== "image-end") return { kind: value === "stopped" ? "stopped" : "cut" };
        break;
      }
      this.bytes += value.length;
      image.push(value);
      this.options.report.copying(this.keys, this.bytes);
      if (this.size >= BATCH_BYTES) await this.flush();
    }
    image.finish();
    await this.flush();
    await this.flight;
    if (losses.forbid) throw new CannotGo("the image has what cannot go (--skip leaves it out)");
    return { kind: "whole", streamDb: image.streamDb };
  }

  private add(moved: MovedKey, deadlines: Deadlines): void {
    const { db, key, deadline } = moved;
    const name = key.latin1Slice();
    if (name === POSITION_KEY) return;
    if (deadline !== NEVER) deadlines.set(name, db, deadline);
    this.keys++;
    for (const write of writesOf(moved, this.options.losses)) this.put(write, key);
  }

  private put(write: Write, name: Buffer): void {
    this.writes.push(write);
    this.names.push(name);
    this.size += write.bytes.length;
  }

  /** Sends what has come together, once what was sent before is there. */
  private async flush(): Promise<void> {
    await this.flight;
    await this.begin();
    const { writes, names } = this;
    if (writes.length === 0) return;
    this.writes = [];
    this.names = [];
    this.size = 0;
    this.flight = this.send(writes, names);
    this.flight.catch(() => {}); // it is waited for before the next
  }

  private async begin(): Promise<void> {
    if (this.begun) return;
    this.begun = true;
    await this.options.begin();
  }

  private async send(writes: readonly Write[], names: readonly Buffer[]): Promise<void> {
    const { target, losses } = this.options;
    for (const [index, error] of await target.write(writes))
      losses.key(writes[index].db, names[index].latin1Slice(), "value", `the target answered "${error.message}"`);
    if (losses.forbid) throw new CannotGo("the target does not take all of the image (--skip leaves out what it does not)");
  }

  // ---- what cannot go

  /** Whether the target may lack a form for something: then all is looked at before anything is written. */
  private get checks(): boolean {
    const { from, to } = this.options;
    if (to.rdbVersion === null) return false;
    const newest = from.rdbVersion ?? RDB_TIMED_VERSION.redis;
    return to.rdbVersion < newest || (newest > RDB_COMMON_VERSION && ownFamily(newest) !== ownFamily(to.rdbVersion));
  }

  /** The image again, from a file, once it is known that all of it can go. */
  private async *checked(feed: SourceFeed, stopped: () => boolean): AsyncGenerator<Buffer, PieceEnd, undefined> {
    const { losses, to, spillDirectory } = this.options;
    const path = join(spillDirectory ?? tmpdir(), `replicant-move-${process.pid}-${Date.now()}.rdb`);
    const file = await opened(path);
    try {
      const nowhere = { write(): void {} };
      using pipe = new ImagePipe(new ImageOut(nowhere, { version: to.rdbVersion, compress: false, losses }), "the image");
      const pieces = piecesOf(feed, stopped);
      for (;;) {
        const { value, done } = await pieces.next();
        if (done === true && value !== "image-end") return value;
        if (done === true) break;
        if (!pipe.finished) pipe.push(value, 0, value.length);
        await file.write(value);
      }
      pipe.finish();
      if (losses.forbid) {
        losses.summarize();
        throw new CannotGo(
          `${to.name} cannot hold ${losses.count === 1 ? "this" : `these ${losses.count}`}, so nothing was written (--skip leaves out what cannot go)`,
        );
      }
      yield* bytesOf(file);
      return "image-end";
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
  }
}

type PieceEnd = Note["kind"] | "stopped";

/** The bytes of the image that the feed has next; returns what came behind them. */
async function* piecesOf(feed: SourceFeed, stopped: () => boolean): AsyncGenerator<Buffer, PieceEnd, undefined> {
  while (!stopped()) {
    const item = await feed.next();
    if (item === null) await feed.wait(WAIT_MS);
    else if ("kind" in item) return item.kind;
    else yield item;
  }
  return "stopped";
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx+", 0o600);
  } catch (error) {
    throw new ToolError(`the image cannot be kept in ${shownKey(path)}: ${error instanceof Error ? error.message : error}`);
  }
}

async function* bytesOf(file: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; ; ) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
