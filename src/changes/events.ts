/** What a change feed tells: one union, told apart by `kind`. `T` is how keys, arguments and values come: as texts, or as bytes. */

/** Keys, arguments and parts of values: texts (UTF-8; what is no UTF-8 is replaced in them), bytes where they were asked for, or as JSON has them. */
export type Text = string | Uint8Array | { readonly base64: string };

export type ValueType = "string" | "list" | "set" | "zset" | "hash" | "stream";

export interface StreamEntry<T extends Text> {
  /** `<ms>-<sequence>`. */
  readonly id: string;
  readonly fields: readonly (readonly [field: T, value: T])[];
}

/** What a key holds, by its type. Members of sorted sets come in the order of their scores, entries of streams in that of their ids. */
export type TypedValue<T extends Text> =
  | { readonly type: "string"; readonly value: T }
  | { readonly type: "list"; readonly value: readonly T[] }
  | { readonly type: "set"; readonly value: ReadonlySet<T> }
  | { readonly type: "zset"; readonly value: readonly (readonly [member: T, score: number])[] }
  | { readonly type: "hash"; readonly value: ReadonlyMap<T, T>; readonly fieldExpireAt?: ReadonlyMap<T, number> }
  | { readonly type: "stream"; readonly value: readonly StreamEntry<T>[] };

/** A key with what it holds and when it expires, in ms since 1970; null: never. */
export type KeyState<T extends Text> = TypedValue<T> & { readonly expireAt: number | null };

/** What every event has. */
interface Placed {
  /**
   * Where a feed goes on that has taken this event and all before it. Of an image, which cannot be gone on with in the middle: "image", to
   * begin with it again.
   */
  readonly position: string;
}

/** An image of all keys follows: what was known before is to be forgotten. */
export interface ImageStart extends Placed {
  readonly kind: "image-start";
  /** The history that it is of, and where in it. */
  readonly replid: string;
  readonly offset: number;
}

/** A key of the image. */
export type ImageEntry<T extends Text> = Placed & KeyState<T> & { readonly kind: "image"; readonly db: number; readonly key: T };

/** A key of the image whose value cannot be shown: that of a module. */
export interface OpaqueEntry<T extends Text> extends Placed {
  readonly kind: "image-opaque";
  readonly db: number;
  readonly key: T;
  /** Which module it belongs to, or what else it is. */
  readonly what: string;
  readonly expireAt: number | null;
}

/** A function library of the image. */
export interface ImageLibrary<T extends Text> extends Placed {
  readonly kind: "image-library";
  readonly code: T;
}

/** The image is complete: the changes since follow. */
export interface ImageEnd extends Placed {
  readonly kind: "image-end";
  readonly replid: string;
  readonly offset: number;
  /** How many keys it had, those that were filtered out included. */
  readonly keys: number;
}

/** What every command of the stream has. */
interface Commanded<T extends Text> extends Placed {
  /** The database that it was run on. */
  readonly db: number;
  /** Its name, in lower case. */
  readonly command: string;
  /** What follows the name. */
  readonly args: readonly T[];
  /** How many bytes of the history there are up to the end of the command. */
  readonly offset: number;
  /** What the commands of a MULTI ... EXEC, a script or a function have in common; null for one by itself. */
  readonly transaction: string | null;
}

/** A command has changed a key, or deleted it. One that changes several is one event for each. */
export interface Change<T extends Text> extends Commanded<T> {
  readonly kind: "change";
  readonly key: T;
  /** What the key holds, or held, as far as the command tells; null where it does not (DEL, EXPIRE, RENAME, ...) and no copy is kept. */
  readonly type: ValueType | null;
  /** What the key held, null for nothing; only with `values`. */
  readonly before?: KeyState<T> | null;
  /** What it holds now; likewise. */
  readonly after?: KeyState<T> | null;
}

/** FLUSHDB, FLUSHALL: all keys of a database are gone, or those of all (null). */
export interface Flush<T extends Text> extends Omit<Commanded<T>, "db"> {
  readonly kind: "flush";
  readonly db: number | null;
}

/** SWAPDB: what `db` held is in `other` now, and the other way round. */
export interface Swap<T extends Text> extends Commanded<T> {
  readonly kind: "swap";
  readonly other: number;
}

/** A command that changes no key by its name: FUNCTION LOAD, or one that is not known here, whose keys no one can tell. */
export interface OtherCommand<T extends Text> extends Commanded<T> {
  readonly kind: "command";
  readonly known: boolean;
}

export type GapReason = "backlog" | "history" | "copy";

/** Changes are missing here: the source could not go on from where the feed was. An image follows. */
export interface Gap extends Placed {
  readonly kind: "gap";
  /**
   * Why: the source has forgotten the bytes (`backlog`), or has another history (`history`); or the copy that `values` needs was in another
   * process (`copy`).
   */
  readonly reason: GapReason;
  /** The position that could not be gone on from. */
  readonly after: string;
  readonly message: string;
}

/** Something was left out, or is not to be relied on from here on. */
export interface Warning extends Placed {
  readonly kind: "warning";
  readonly message: string;
}

/** A feed that compares scans has seen a key that differs from the time before: changes in between, and their order, are not known. */
export interface Difference<T extends Text> extends Placed {
  readonly kind: "difference";
  readonly db: number;
  readonly key: T;
  readonly exact: false;
  readonly change: "created" | "changed" | "deleted";
  readonly type: ValueType | null;
  readonly before?: KeyState<T> | null;
  readonly after?: KeyState<T> | null;
}

/** What a stream of writes holds. */
export type StreamEvent<T extends Text> = Change<T> | Flush<T> | Swap<T> | OtherCommand<T>;

export type FeedEvent<T extends Text> =
  | ImageStart
  | ImageEntry<T>
  | OpaqueEntry<T>
  | ImageLibrary<T>
  | ImageEnd
  | StreamEvent<T>
  | Gap
  | Warning
  | Difference<T>;

/** How bytes become what the consumer sees. */
export type TextOf<T extends Text> = (bytes: Buffer, from: number, to: number) => T;

export const asText: TextOf<string> = (bytes, from, to) => bytes.utf8Slice(from, to);
export const asBytes: TextOf<Uint8Array> = (bytes, from, to) => Uint8Array.prototype.slice.call(bytes, from, to);
