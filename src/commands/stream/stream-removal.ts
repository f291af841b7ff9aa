/** Deleting entries with regard to the groups that reference them: what XDELEX, XACKDEL and the trims of XADD and XTRIM share. */

import type { Call } from "../../execution/call.ts";
import { IdList } from "../../values/stream/id-list.ts";
import type { Stream, TrimRule } from "../../values/stream/stream.ts";
import type { StreamGroup } from "../../values/stream/stream-group.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { dropReferences, isReferenced, References, readByAll } from "../../values/stream/stream-references.ts";
import { meaningOf } from "../arguments/numbers.ts";

const WORDS = { keepref: References.KEEPREF, delref: References.DELREF, acked: References.ACKED } as const;

/** The lowest id that an entry may have: what XSETID is told in place of 0-0, which it ignores. */
const LOWEST_ID = "0-1";
/** How many ids a command that is journalled has at most. */
const IDS_AT_ONCE = 1024;

const each = new StreamId();

/** Returns what argument `index` says is done about references, if it does. */
export function referencesOf(call: Call, index: number): References | undefined {
  return meaningOf(call, index, WORDS);
}

/** What one command takes out of a stream and of its groups' lists. It is journalled in words that every replica knows. */
export class StreamRemoval {
  /** How many references went. */
  dropped = 0;
  /** Whether a trim took others than the first entries. */
  scattered = false;
  private readonly call: Call;
  private readonly stream: Stream;
  private readonly references: References;
  private readonly deleted = new IdList();
  private readonly droppedFrom = new Map<StreamGroup, IdList>();
  /** The stream's largest id that was deleted by itself, before. */
  private readonly maxDeletedBefore = new StreamId();

  constructor(call: Call, stream: Stream, references: References) {
    this.call = call;
    this.stream = stream;
    this.references = references;
    this.maxDeletedBefore.assign(stream.maxDeletedId);
  }

  /** The entry that `group` has just been found to have pending, is not any more. */
  acknowledge(group: StreamGroup, id: StreamId): void {
    group.remove(id);
    this.noteDropped(group, id);
  }

  /** Whether the entry may go. Its references do, if they are to. */
  allows(id: StreamId): boolean {
    if (this.references === References.ACKED) return !isReferenced(this.stream, id);
    if (this.references === References.DELREF) this.dropReferences(id);
    return true;
  }

  /** Deletes the entry. Returns whether there was one. */
  delete(id: StreamId): boolean {
    const found = this.stream.delete(id);
    if (found) this.deleted.push(id);
    return found;
  }

  /** Trims the stream. Returns how many entries went. */
  trim(rule: TrimRule): number {
    const { deleted, references, stream } = this;
    if (references === References.KEEPREF || stream.groups.size === 0) return stream.trim(rule);
    const acked = references === References.ACKED;
    const last = new StreamId();
    const goes = (id: StreamId): boolean => {
      if (acked && isReferenced(stream, id)) return false;
      deleted.push(id);
      return true;
    };
    const count = stream.trimChosen(rule, { last: acked ? readByAll(stream, last) : last.setMax(), goes });
    if (!acked) for (let index = 0; index < count; index++) this.dropReferences(deleted.read(index, last));
    this.scattered = count > 0 && stream.length > 0 && stream.firstId.compare(deleted.read(count - 1, last)) < 0;
    return count;
  }

  private dropReferences(id: StreamId): void {
    dropReferences(this.stream, id, (group) => this.noteDropped(group, id));
  }

  private noteDropped(group: StreamGroup, id: StreamId): void {
    this.dropped++;
    let ids = this.droppedFrom.get(group);
    if (ids === undefined) {
      ids = new IdList();
      this.droppedFrom.set(group, ids);
    }
    ids.push(id);
  }

  // ---- journal

  /** Journals which references went. */
  journalReferences(): void {
    for (const [group, ids] of this.droppedFrom) this.journalIds(ids, "XACK", group.name);
  }

  /** Journals which entries were deleted one by one. */
  journalDeleted(): void {
    this.journalIds(this.deleted, "XDEL");
  }

  /**
   * The same of a scattered trim, which leaves the largest id that was deleted by itself as it was: an XDEL would not. Where that is 0-0,
   * which no command can restore, it becomes the lowest id: what is reckoned from it is the same.
   */
  journalScattered(): void {
    const { call, deleted, maxDeletedBefore, stream } = this;
    this.journalDeleted();
    if (deleted.read(deleted.size - 1, each).compare(maxDeletedBefore) <= 0) return;
    const maxDeleted = maxDeletedBefore.isZero ? LOWEST_ID : maxDeletedBefore.toString();
    const facts = ["ENTRIESADDED", stream.entriesAdded.toString(), "MAXDELETEDID", maxDeleted];
    call.journalAs("XSETID", call.bytes(1), stream.lastId.toString(), ...facts);
  }

  private journalIds(ids: IdList, command: string, ...group: readonly string[]): void {
    const { call } = this;
    for (let first = 0; first < ids.size; first += IDS_AT_ONCE) {
      const words: string[] = [];
      for (let index = first; index < Math.min(ids.size, first + IDS_AT_ONCE); index++) words.push(ids.read(index, each).toString());
      call.journalAs(command, call.bytes(1), ...group, ...words);
    }
  }
}
