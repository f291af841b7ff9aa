/** Places in a history as texts: `<replication id>:<offset>:<database>`, and behind that how many events of a unit were taken. */

/** A place in a stream that one can begin from. */
export interface StreamPoint {
  readonly id: string;
  /** Bytes of the history before it. */
  readonly offset: number;
  /** The database that is selected there. */
  readonly db: number;
  /** So many events of what comes first have been taken already. */
  readonly skip: number;
}

/** The position of what belongs to an image: begin with one. */
export const AT_IMAGE = "image";

const FORM = /^([0-9a-fA-F]{40}):(\d{1,15}):(\d{1,9})(?::(\d{1,9}))?$/;

export function positionText(id: string, offset: number, db: number): string {
  return `${id}:${offset}:${db}`;
}

export function textOfPoint({ id, offset, db, skip }: StreamPoint): string {
  const text = positionText(id, offset, db);
  return skip === 0 ? text : `${text}:${skip}`;
}

/** Returns the point that a text names, or null where it names none. */
export function pointOf(text: string): StreamPoint | null {
  const [, id, offset, db, skip = "0"] = FORM.exec(text) ?? [];
  return id === undefined ? null : { id, offset: Number(offset), db: Number(db), skip: Number(skip) };
}
