/** Which view is shown, and with what: the part of the address behind #, which no server sees. `#/keys?db=1`. */

import { computed, signal } from "@preact/signals";

const hash = signal(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});

/** The name of the view. */
export const viewId = computed(() => hash.value.replace(/^#\/?/, "").split("?", 1)[0] ?? "");

/** What the view is asked for. */
export const parameters = computed(() => new URLSearchParams(hash.value.split("?")[1] ?? ""));

/** The address of a view. */
export function addressOf(view: string, values: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(values).toString();
  return `#/${view}${query === "" ? "" : `?${query}`}`;
}

/** Shows a view; `replace`: without a new entry in the browser's history. */
export function go(view: string, values: Readonly<Record<string, string>> = {}, { replace = false } = {}): void {
  const address = addressOf(view, values);
  if (!replace) {
    location.hash = address;
    return;
  }
  history.replaceState(null, "", address);
  hash.value = location.hash;
}
