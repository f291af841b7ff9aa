/** Leads from one page of a list to the next. */

import { count } from "../format.ts";

interface PagerProps {
  /** What is paged, for screen readers: "Fields". */
  readonly label: string;
  /** Where the page begins, counted from 0; null: not known, as in a scan. */
  readonly first: number | null;
  readonly shown: number;
  readonly total: number | null;
  /** Leads there; null: there is none. */
  readonly previous: (() => void) | null;
  readonly next: (() => void) | null;
}

export function Pager({ label, first, shown, total, previous, next }: PagerProps) {
  const range = first === null ? `${count(shown)} shown` : shown === 0 ? "none" : `${count(first + 1)}–${count(first + shown)}`;
  return (
    <nav class="row pager" aria-label={`Pages of ${label}`}>
      <span class="soft" aria-live="polite">
        {range}
        {total === null ? "" : ` of ${count(total)}`}
      </span>
      <button type="button" class="button" disabled={previous === null} onClick={() => previous?.()}>
        Previous
      </button>
      <button type="button" class="button" disabled={next === null} onClick={() => next?.()}>
        Next
      </button>
    </nav>
  );
}
