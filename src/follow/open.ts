/** Begins a feed: what was asked for, from where it is to come. */

import type { Text, TextOf } from "../changes/events.ts";
import { Filter } from "../changes/filter.ts";
import { parseAddress } from "./address.ts";
import { FollowError } from "./error.ts";
import { type EventSource, Feed } from "./feed.ts";
import type { FollowOptions } from "./options.ts";
import { PositionFile } from "./position-file.ts";
import { ReplicaSource } from "./replica-source.ts";
import { ScanSource } from "./scan.ts";

const SCAN_INTERVAL_MS = 1000;

/** Errors: FollowError. */
export function openFeed<T extends Text>(url: string | readonly string[], options: FollowOptions, text: TextOf<T>): Feed<T> {
  return new Feed(sourceOf(typeof url === "string" ? [url] : url, options, text), options);
}

function sourceOf<T extends Text>(urls: readonly string[], options: FollowOptions, text: TextOf<T>): EventSource<T> {
  const { keys, types, db, from, positionFile, patienceMs = Number.POSITIVE_INFINITY } = options;
  const [first, ...others] = urls.map((one) => parseAddress(one, options));
  if (first === undefined) throw new FollowError("ADDRESS", "there is no URL");
  const filter = new Filter({ keys, types, db: db ?? first.db ?? undefined });
  if (options.mode !== "scan") {
    const kept = positionFile === undefined ? null : PositionFile.read(positionFile);
    return new ReplicaSource([first, ...others], { text, filter, from: kept ?? from ?? null }, options);
  }
  if (from !== undefined || positionFile !== undefined) {
    throw new FollowError("OPTION", "there are no positions where scans are compared: nothing can be gone on from");
  }
  const pattern = keys === undefined ? null : Buffer.from(keys as string).latin1Slice();
  const { values = false, intervalMs = SCAN_INTERVAL_MS } = options;
  return new ScanSource(first, { text, filter, pattern, values, intervalMs, patienceMs });
}
