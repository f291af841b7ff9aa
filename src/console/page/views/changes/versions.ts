/**
 * What a key held before and after a change. Each reading knows the offset of the server's history that it was made at, so it is certain which
 * change it stands behind: a value is shown with a change only if no other change of the key lies between. Else it is said that it was not seen.
 */

import type { ShownValue } from "./shown-value.ts";

interface Version {
  readonly offset: number;
  readonly value: ShownValue;
}

interface History {
  readonly versions: Version[];
  /** Offsets of the key's changes, ascending. */
  readonly changes: number[];
}

const MOST_KEYS = 500;
const MOST_VERSIONS = 8;
const MOST_CHANGES = 64;
const MOST_FLUSHES = 64;

const NO_KEY: ShownValue = { type: "none", expires: null, lines: [], rest: 0 };

/** Null: it was not read in time. */
export interface BeforeAndAfter {
  readonly before: ShownValue | null;
  readonly after: ShownValue | null;
}

export class Versions {
  /** By a name of database and key; the one that was used last is the last. */
  private readonly histories = new Map<string, History>();

  /** Offsets at which all keys were changed at once, ascending. */
  private flushes: number[] = [];

  /** What names of keys begin with of which all were read, and at which offset that was done; null: no such. */
  private complete: { readonly beginning: string; readonly offset: number } | null = null;

  /** All keys whose names begin so have been read: those that were not are not there. */
  isComplete(beginning: string, offset: number): void {
    this.complete = { beginning, offset };
  }

  /** All keys are gone, or, with `areOthers`, others came. */
  flushed(offset: number, areOthers: boolean): void {
    if (areOthers) this.complete = null;
    this.flushes = [...this.flushes.slice(1 - MOST_FLUSHES), offset];
  }

  /** Changes between these offsets are not known; NaN: of another history. */
  missed(from: number, to: number): void {
    if (Number.isNaN(from) || to < from) {
      this.clear();
      return;
    }
    this.flushed(from + 1, true);
    this.flushed(to, true);
  }

  changed(name: string, offset: number): void {
    const { changes } = this.historyOf(name);
    if (changes.at(-1) !== offset) changes.push(offset);
    if (changes.length > MOST_CHANGES) changes.shift();
  }

  read(name: string, offset: number, value: ShownValue): void {
    const { versions } = this.historyOf(name);
    versions.push({ offset, value });
    if (versions.length > MOST_VERSIONS) versions.shift();
  }

  of(name: string, offset: number): BeforeAndAfter {
    const history = this.histories.get(name);
    if (history === undefined) return { before: null, after: null };
    const { changes, versions } = history;
    const index = changes.indexOf(offset);
    if (index < 0) return { before: null, after: null };
    const former = Math.max(changes[index - 1] ?? 0, this.flushes.findLast((flush) => flush < offset) ?? 0);
    const next = Math.min(
      changes[index + 1] ?? Number.POSITIVE_INFINITY,
      this.flushes.find((flush) => flush > offset) ?? Number.POSITIVE_INFINITY,
    );
    // The first change that is known of may follow others that were forgotten.
    const isFirstKnown = index === 0 && changes.length === MOST_CHANGES;
    const before = versions.findLast((version) => version.offset >= former && version.offset < offset)?.value;
    const { complete } = this;
    const isNew = index === 0 && complete !== null && offset > complete.offset && name.startsWith(complete.beginning);
    return {
      before: isFirstKnown ? null : (before ?? (isNew ? NO_KEY : null)),
      after: versions.find((version) => version.offset >= offset && version.offset < next)?.value ?? null,
    };
  }

  clear(): void {
    this.histories.clear();
    this.flushes = [];
    this.complete = null;
  }

  private historyOf(name: string): History {
    const known = this.histories.get(name) ?? { versions: [], changes: [] };
    this.histories.delete(name);
    this.histories.set(name, known);
    if (this.histories.size > MOST_KEYS) {
      const [oldest] = this.histories.keys();
      if (oldest !== undefined) this.histories.delete(oldest);
      this.complete = null;
    }
    return known;
  }
}
