/** What makes a key at the target: RESTORE, or, where the value is too large for one request, the commands that build it. */

import { Lines, trusted } from "../../protocol/request.ts";
import { RequestBatch, RequestStream } from "../../protocol/request-stream.ts";
import { CommandsOut } from "../convert/commands-out.ts";
import { ImagePipe } from "../convert/image-pipe.ts";
import type { Losses } from "../convert/losses.ts";
import { ValueEvents } from "../convert/value-events.ts";
import { imageOf, type MovedKey, versionOfPayload } from "./key-image.ts";
import { requestOf, type Write } from "./target.ts";

/** Payloads of more bytes than this do not go in one request. */
const LARGEST_PAYLOAD = 32 * 1024 * 1024;

/** The requests that make a key what it is, whatever was there. */
export function writesOf(moved: MovedKey, losses: Losses): Write[] {
  const { db, key, payload, expireAt, idle, freq } = moved;
  if (payload.length > LARGEST_PAYLOAD) return [{ db, bytes: requestOf("DEL", key) }, ...commandsOf(moved, losses)];
  const used = idle >= 0 ? ["IDLETIME", String(idle)] : freq >= 0 ? ["FREQ", String(freq)] : [];
  return [{ db, bytes: requestOf("RESTORE", key, expireAt, payload, "REPLACE", "ABSTTL", ...used) }];
}

function commandsOf({ db, key, payload, expireAt }: MovedKey, losses: Losses): Write[] {
  const pieces: Buffer[] = [];
  const sink = { write: (bytes: Buffer, from: number, to: number) => pieces.push(Buffer.from(bytes.subarray(from, to))) };
  const version = versionOfPayload(payload);
  if (version === null) return [];
  const image = imageOf(version, [{ db, key, payload, expireAt: Number(expireAt) }]);
  using pipe = new ImagePipe(new ValueEvents(new CommandsOut(sink), losses, "commands"), "a value");
  pipe.push(image, 0, image.length);
  pipe.finish();
  return requestsIn(Buffer.concat(pieces)).map((bytes) => ({ db, bytes }));
}

/** Cuts bytes into the requests that they are, without the selection of a database. */
function requestsIn(bytes: Buffer): Buffer[] {
  const batch = new RequestBatch();
  const stream = new RequestStream(batch, trusted(Lines.EMPTY));
  const requests: Buffer[] = [];
  stream.take(bytes, 0, bytes.length);
  while (stream.next()) {
    for (let index = 0; index < batch.count; index++) {
      const frame = batch.frames[index];
      if (!frame.is(0, "select")) requests.push(bytes.subarray(frame.start, frame.end));
      frame.release();
    }
  }
  stream.keep();
  return requests;
}
