/** Data that leaves by the console's port: files of the server's directory, and an image of this moment. */

import { asFailure } from "../assert.ts";
import type { ServerParts } from "../execution/server-parts.ts";
import { Frame } from "../protocol/frame.ts";
import type { User } from "../session/acl/user.ts";
import type { SnapshotConsumer } from "../snapshot/snapshot.ts";
import type { Entrances } from "./entrances.ts";
import { sameOrigin } from "./names.ts";
import { refusal } from "./responses.ts";
import { type SavedFile, savedFiles } from "./saved-files.ts";
import type { Visit } from "./visit.ts";

/** What `GET /files/NAME` begins with. */
export const FILES_PATH = "/files/";

/** Bytes of an image that may wait for a slow reader before the walk does. */
const WINDOW_BYTES = 1 << 20;
/** Images on their way at a time: each keeps what changes meanwhile. */
const MOST_IMAGES = 4;
const RDB_TYPE = "application/octet-stream";

export class Downloads {
  private readonly parts: ServerParts;
  private readonly entrances: Entrances;
  private images = 0;

  constructor(parts: ServerParts, entrances: Entrances) {
    this.parts = parts;
    this.entrances = entrances;
  }

  /** GET /files: `{"directory": "...", "files": [{"name", "kind", "size", "time"}, ...]}`. */
  async list(visit: Visit): Promise<Response> {
    const user = await this.entitled(visit);
    if (user instanceof Response) return user;
    const files = this.files();
    if (files instanceof Response) return files;
    const listed = files.map(({ name, kind, size, time }) => ({ name, kind, size, time }));
    return Response.json({ directory: this.parts.config.values.dir, files: listed });
  }

  /** GET /files/NAME: whole, or the range that is asked for. */
  async file(visit: Visit): Promise<Response> {
    const user = await this.entitled(visit);
    if (user instanceof Response) return user;
    const files = this.files();
    if (files instanceof Response) return files;
    const name = decoded(visit.url.pathname.slice(FILES_PATH.length));
    const file = files.find((one) => one.name === name);
    if (file === undefined) return refusal(404, "The server has no such file; GET /files lists those that it has.");
    this.parts.log.notice(`${user.name} reads the file ${file.name} through the console`);
    const headers = { ...attachment(file.name), etag: `"${file.time.toString(36)}-${file.size.toString(36)}"` };
    // Bun answers ranges, and opens the file: another one that takes its name meanwhile does no harm.
    return new Response(Bun.file(file.path), { headers: { ...headers, "last-modified": new Date(file.time).toUTCString() } });
  }

  /** GET /snapshot: an image of the data as it is now, in the RDB format, sent while it is made. */
  async snapshot(visit: Visit): Promise<Response> {
    const user = await this.entitled(visit);
    if (user instanceof Response) return user;
    const { persistence, log } = this.parts;
    if (persistence.loading !== null)
      return refusal(503, "The server is loading a data set; there is nothing whole to make an image of yet.");
    const headers = attachment(`dump-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.rdb`);
    if (visit.request.method === "HEAD") return new Response(null, { headers });
    if (this.images >= MOST_IMAGES) return refusal(503, `${MOST_IMAGES} images are on their way already; try again when one is through.`);
    log.notice(`${user.name} downloads an image of the data through the console`);
    this.images++;
    return new Response(
      imageStream(this.parts, () => this.images--),
      { headers },
    );
  }

  /** Who asks, if they may have all the data; else what they are told. */
  private async entitled(visit: Visit): Promise<User | Response> {
    // Another site's page could not read it, but would make the server work.
    if (!sameOrigin(visit.request)) return refusal(403, "Another site's page may not do that.");
    const user = await this.entrances.visitor(visit);
    if (user instanceof Response) return user;
    const { commands, permissions } = this.parts;
    const request = new Frame().encode(["SYNC"]);
    const entry = commands.resolve(request);
    const may = entry !== null && permissions.mayReadEveryKey(user, entry, request);
    if (may) return user;
    return refusal(403, `All the data goes to users who may send SYNC and read every key; ${user.name} may not.`);
  }

  private files(): SavedFile[] | Response {
    try {
      return savedFiles(this.parts.config, this.parts.persistence);
    } catch (error) {
      return refusal(500, `The directory of the append-only files cannot be read: ${asFailure(error).message}`);
    }
  }
}

/** An image of this moment, in the pace of who reads it. `ended` is called when there is nothing more to do, whatever came of it. */
function imageStream({ persistence, log, config }: ServerParts, ended: () => void): ReadableStream<Uint8Array> {
  let end = (): void => {
    end = () => {};
    ended();
  };
  let wake = (): void => {};
  let giveUp = (): void => {};
  let isUnread = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const consumer: SnapshotConsumer = {
          write: (bytes, from, to) => {
            controller.enqueue(new Uint8Array(bytes.subarray(from, to))); // the bytes are used again
            // What changes is written at once, whoever reads: that has the limit that it has for replicas.
            const { hard } = config.values["client-output-buffer-limit"].replica;
            if (hard > 0 && WINDOW_BYTES - (controller.desiredSize ?? 0) > hard) throw new Error("who reads it is too slow");
          },
          ready: () => (controller.desiredSize ?? 0) > 0,
          finished: () => {
            controller.close();
            end();
          },
          failed: (error) => {
            // Who breaks a download off knows it.
            log[isUnread ? "verbose" : "warning"](`The image for the console was given up: ${error.message}`);
            controller.error(error);
            end();
          },
        };
        const image = persistence.keptSnapshot(consumer);
        wake = () => image.wake();
        giveUp = () => {
          isUnread = true;
          image.cancel(new Error("who asked for it is gone"));
        };
        image.start();
      },
      pull: () => wake(),
      cancel: () => giveUp(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: WINDOW_BYTES }),
  );
}

/** For a file that is kept, not shown. */
function attachment(name: string): Record<string, string> {
  const plain = name.replace(/[^\x20-\x7e]|["\\]/g, "_");
  return {
    "content-type": RDB_TYPE,
    "content-disposition": `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name)}`,
  };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
