/**
 * A full synchronization over two connections, on the replica's side: the image comes over a second one (image-channel.ts), and what the
 * stream brings over the first one meanwhile is kept (delta.ts) until the image is loaded. Source: Redis 8's "rdb channel for full sync",
 * Valkey's dual-channel-replication.
 */

import type { Broken } from "../../assert.ts";
import { deferToLoop } from "../../snapshot/snapshot.ts";
import type { ReplicationContext } from "../context.ts";
import type { Stops } from "../stops.ts";
import type { MasterRoute } from "./connection.ts";
import { Delta } from "./delta.ts";
import { type ChannelOptions, ImageChannel, type ImagePoint } from "./image-channel.ts";

/** How long what was kept of the stream is run before clients have a turn, in ms. */
const SLICE_MS = 10;
/** How long a stream that has to wait (for a pause, for a long script) is left alone, in ms. */
const WAIT_MS = 10;
const NO_BYTES = Buffer.alloc(0);

/** What the link is told. */
export interface TwoConnectionsEvents {
  /** The image follows, over the second connection. */
  announced(point: ImagePoint): void;
  received(chunk: Buffer, from: number): void;
  /** The second connection is gone; `announced` says whether the image had been announced before. */
  channelLost(reason: string, announced: boolean): void;
  /** The stream cannot be kept any more. */
  streamFailed(reason: string): void;
  heard(bytes: number): void;
  /** Whether to go on reading from the first connection. */
  listen(on: boolean): void;
}

export class TwoConnections {
  private readonly server: ReplicationContext;
  private readonly delta: Delta;
  private readonly channel: ImageChannel;
  private readonly stops: Stops;
  private announced = false;
  private discarded = false;

  constructor(server: ReplicationContext, route: MasterRoute, options: ChannelOptions, events: TwoConnectionsEvents) {
    const { log, broken }: { log: ReplicationContext["log"]; broken: Broken } = server;
    this.server = server;
    this.stops = options.stops;
    this.delta = new Delta(server, { listen: (on) => events.listen(on), failed: ({ message }) => events.streamFailed(message) });
    const channelEvents = {
      announced: (point: ImagePoint) => {
        this.announced = true;
        log.notice("Starting to receive RDB and replication stream in parallel.");
        events.announced(point);
      },
      received: (chunk: Buffer, from: number) => events.received(chunk, from),
      lost: (reason: string) => events.channelLost(reason, this.announced),
      heard: (bytes: number) => events.heard(bytes),
    };
    this.channel = new ImageChannel(route, options, log, channelEvents, broken);
  }

  /** What is being waited for on the second connection. */
  get step(): string {
    return this.channel.step;
  }

  /** Whether the second connection is not read from. */
  get paused(): boolean {
    return this.channel.connection.paused;
  }

  /** Bytes of the stream that wait to be run; in memory, of them and beside them; and most that have waited. */
  get waiting(): { readonly size: number; readonly heldBytes: number; readonly peak: number } {
    return this.delta;
  }

  /** Whether to go on reading from the second connection. */
  listen(on: boolean): void {
    this.channel.connection.listen(on);
  }

  /** Keeps what follows chunk[from] of the stream. */
  keep(chunk: Buffer, from: number): void {
    this.delta.push(chunk, from, chunk.length);
  }

  /** The image is here: the second connection has done what it was for. */
  imageLoaded(): void {
    this.channel.close();
  }

  /**
   * Hands out what has come of the stream, and what comes meanwhile, until that is all; clients have their turns between. `take` returns
   * false while the stream has to wait. Ends early, and returns false, when it is discarded. Errors: the file with a part of it cannot be read.
   */
  async run(take: (piece: Buffer) => boolean): Promise<boolean> {
    const { delta } = this;
    const { log } = this.server;
    log.notice(`MASTER <-> REPLICA sync: Starting to stream replication buffer into the db (${delta.size} bytes).`);
    let sliceEnd = performance.now() + SLICE_MS;
    for (;;) {
      const piece = await delta.shift();
      if (this.discarded) return false;
      if (piece === null && delta.size === 0) break;
      for (let next = piece ?? NO_BYTES; !take(next); next = NO_BYTES) {
        await new Promise<void>((resolve) => deferToLoop(resolve, WAIT_MS));
        if (this.discarded) return false;
      }
      if (this.discarded) return false;
      this.stops.at("on-streaming-repl-buf");
      if (performance.now() < sliceEnd) continue;
      await new Promise<void>((resolve) => deferToLoop(resolve, 0));
      sliceEnd = performance.now() + SLICE_MS;
    }
    log.notice(`MASTER <-> REPLICA sync: Successfully streamed replication buffer into the db (${delta.taken} bytes in total)`);
    return true;
  }

  discard(): void {
    this.discarded = true;
    this.channel.close();
    this.delta.discard();
  }
}
