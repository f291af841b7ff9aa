/** Short notes of what has been done, or has gone wrong, which leave by themselves. */

import { signal } from "@preact/signals";

interface Note {
  readonly id: number;
  readonly kind: "info" | "error";
  readonly text: string;
}

const SHOWN_MS = 6000;
const notes = signal<readonly Note[]>([]);
let nextId = 0;

/** Shows `text` for a while; errors stay until they are closed. */
export function toast(text: string, kind: Note["kind"] = "info"): void {
  const id = nextId++;
  notes.value = [...notes.value, { id, kind, text }];
  if (kind === "info") setTimeout(() => dismiss(id), SHOWN_MS);
}

function dismiss(id: number): void {
  notes.value = notes.value.filter((note) => note.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" aria-live="polite">
      {notes.value.map(({ id, kind, text }) => (
        <div key={id} class={`notice ${kind}`} role={kind === "error" ? "alert" : "status"}>
          <span>{text}</span>
          <button type="button" class="button quiet" onClick={() => dismiss(id)}>
            Close
          </button>
        </div>
      ))}
    </div>
  );
}
