/** What keys are searched for: by pattern, type, size, TTL. */

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { faultOf, NO_SEARCH, type Search } from "./search.ts";

const TYPES = ["string", "hash", "list", "set", "zset", "stream"];

interface SearchFormProps {
  /** As the address has it. */
  readonly search: Search;
  /** A key is shown: a small screen has no room for both. */
  readonly hasKey: boolean;
  readonly submit: (search: Search) => void;
}

export function SearchForm({ search, hasKey, submit }: SearchFormProps) {
  const isBelow = /^\d+$/.test(search.ttl);
  const ttl = useSignal(isBelow ? "below" : search.ttl);
  const problem = useSignal<string | null>(null);
  const id = useId();
  const submitted = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string): string => String(form.get(name) ?? "").trim();
    const wanted: Search = {
      match: String(form.get("match") ?? ""),
      type: text("type"),
      min: text("min"),
      max: text("max"),
      ttl: ttl.value === "below" ? text("below") || "60" : ttl.value,
    };
    problem.value = faultOf(wanted);
    if (problem.value === null) submit(wanted);
  };
  return (
    <search>
      <form class={hasKey ? "row keys-search has-key" : "row keys-search"} onSubmit={submitted}>
        <input
          type="search"
          name="match"
          class="mono"
          aria-label="Search keys by a pattern, or a word in their names"
          placeholder="Search: a word, or a pattern as user:*:cart"
          defaultValue={search.match}
          spellcheck={false}
          autocomplete="off"
          aria-describedby={problem.value === null ? undefined : id}
        />
        <label>
          <span class="visually-hidden">Type</span>
          <select name="type" defaultValue={search.type}>
            <option value="">any type</option>
            {TYPES.map((type) => (
              <option key={type} value={type}>
                {type}
              </option>
            ))}
          </select>
        </label>
        <input
          name="min"
          class="short"
          aria-label="At least so large"
          placeholder="min size"
          defaultValue={search.min}
          autocomplete="off"
        />
        <input name="max" class="short" aria-label="At most so large" placeholder="max size" defaultValue={search.max} autocomplete="off" />
        <label>
          <span class="visually-hidden">Expiry</span>
          <select value={ttl.value} onChange={({ currentTarget }) => (ttl.value = currentTarget.value)}>
            <option value="">any expiry</option>
            <option value="with">expires</option>
            <option value="without">never expires</option>
            <option value="below">expires within</option>
          </select>
        </label>
        {ttl.value === "below" ? (
          <label class="row">
            <input
              name="below"
              class="short"
              type="number"
              min="0"
              aria-label="Expires within, seconds"
              defaultValue={isBelow ? search.ttl : "60"}
            />
            <span class="soft">s</span>
          </label>
        ) : null}
        <button type="submit" class="button primary">
          Search
        </button>
        {Object.values(search).some((value) => value !== "") ? (
          <button type="button" class="button" onClick={() => submit(NO_SEARCH)}>
            Clear
          </button>
        ) : null}
        {problem.value === null ? null : (
          <p id={id} class="fault" role="alert">
            {problem.value}
          </p>
        )}
      </form>
    </search>
  );
}
