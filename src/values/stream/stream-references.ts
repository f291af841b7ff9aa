/**
 * What consumer groups have to do with an entry: one that has not been read yet, or is pending, is still referenced. The groups' own lists
 * answer that, so that streams of which no one asks it pay nothing; a question costs a search in each group.
 */

import type { Stream } from "./stream.ts";
import type { StreamGroup } from "./stream-group.ts";
import type { StreamId } from "./stream-id.ts";

/**
 * What is done about references when an entry is to be deleted, by Redis's words: they stay, they go, or while there are any the entry stays.
 */
export const References = { KEEPREF: 0, DELREF: 1, ACKED: 2 } as const;
export type References = (typeof References)[keyof typeof References];

/** Whether a group has not read up to the id yet (there need be no such entry), or has it pending. */
export function isReferenced(stream: Stream, id: StreamId): boolean {
  return stream.groups.values().some((group) => id.compare(group.lastId) > 0 || group.pending.find(id));
}

/** Sets `into` to the last id that all groups have read, without any to the largest id there is. Returns it. */
export function readByAll(stream: Stream, into: StreamId): StreamId {
  into.setMax();
  for (const { lastId } of stream.groups.values()) if (lastId.compare(into) < 0) into.assign(lastId);
  return into;
}

/** The id is pending in no group any more. `dropped` is told in which ones it was. */
export function dropReferences(stream: Stream, id: StreamId, dropped: (group: StreamGroup) => void): void {
  for (const group of stream.groups.values()) {
    if (!group.pending.find(id)) continue;
    group.remove(id);
    dropped(group);
  }
}
