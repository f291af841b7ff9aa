/** The whole state of a server as bytes, and back: an image in the RDB format, as files have it. */

import { CommandError } from "../errors.ts";
import { RdbError } from "../rdb/error.ts";
import type { Server } from "../server.ts";
import { LoadError } from "../snapshot/load-handler.ts";
import { deferToLoop } from "../snapshot/snapshot.ts";

/** An image of fewer keys is written at one go, some ms long; a larger one in slices, while the server goes on. */
const KEYS_AT_ONCE = 10_000;
/** How much of an image is taken in between two looks at the clock, and how long before others have a turn. */
const PIECE_BYTES = 128 * 1024;
const SLICE_MS = 5;

/** Returns an image of this moment: all databases, and the function libraries. */
export function takeImage({ persistence, keyspace }: Server): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const pieces: Uint8Array[] = [];
  const snapshot = persistence.keptSnapshot({
    write: (bytes, from, to) => pieces.push(new Uint8Array(bytes.subarray(from, to))),
    ready: () => true,
    finished: () => resolve(joined(pieces)),
    failed: reject,
  });
  if (keyspace.keyCount <= KEYS_AT_ONCE) snapshot.runNow();
  else snapshot.start();
  return promise;
}

/**
 * Puts what an image holds in the place of all that the server has. Errors: Error when it is none, or damaged, or the server cannot take it
 * now; everything is as it was then.
 */
export async function takeIn(server: Server, image: Uint8Array): Promise<void> {
  const { persistence, replication, executor } = server;
  while (executor.busy) await new Promise<void>((idle) => executor.whenIdle(idle));
  if (persistence.loading !== null) throw new Error("the server is loading a data set");
  const staging = persistence.stage();
  const load = persistence.beginStagedLoad(staging, { totalBytes: image.length, dropExpired: true, served: true });
  server.stateChanged();
  try {
    let sliceEnd = performance.now() + SLICE_MS;
    for (let at = 0; at < image.length && !load.finished; at += PIECE_BYTES) {
      load.push(image, at, Math.min(image.length, at + PIECE_BYTES));
      if (performance.now() < sliceEnd) continue;
      await new Promise<void>((resolve) => deferToLoop(resolve, 0));
      if (server.hasStopped) throw new Error("the server has stopped");
      sliceEnd = performance.now() + SLICE_MS;
    }
    const summary = load.finish();
    replication.replaceData(() => persistence.adoptStaged(staging));
    persistence.endLoad(summary);
  } catch (error) {
    load.abandon();
    persistence.endLoad(null);
    persistence.dropStaged(staging);
    throw refusalOf(error);
  } finally {
    server.stateChanged();
  }
  await server.appendOnly.initialFileWritten();
}

function refusalOf(error: unknown): unknown {
  if (error instanceof RdbError) return new Error(`this is no image, or a damaged one: ${error.message}`, { cause: error });
  if (error instanceof LoadError || error instanceof CommandError)
    return new Error(`the image was not taken: ${error.message}`, { cause: error });
  return error;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const image = new Uint8Array(pieces.reduce((bytes, { length }) => bytes + length, 0));
  let at = 0;
  for (const piece of pieces) {
    image.set(piece, at);
    at += piece.length;
  }
  return image;
}
