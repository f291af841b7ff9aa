/** Which changes are meant: it goes into the address. */

import { useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import { go, parameters } from "../../route.ts";

const TYPES = ["string", "list", "set", "zset", "hash", "stream"];

export function FilterForm() {
  const { value: asked } = parameters;
  const pattern = useSignal("");
  const database = useSignal("");
  const typesId = useId();
  const types = (asked.get("types") ?? "").split(",").filter((type) => type !== "");
  useEffect(() => {
    pattern.value = asked.get("keys") ?? "";
    database.value = asked.get("db") ?? "";
  }, [asked]);
  const apply = (change: Readonly<Record<string, string>>): void => {
    const values = { ...Object.fromEntries(asked), keys: pattern.value, db: database.value.trim(), ...change };
    go("changes", Object.fromEntries(Object.entries(values).filter(([, text]) => text !== "")), { replace: true });
  };
  const toggle = (type: string, isOn: boolean): void =>
    apply({ types: TYPES.filter((one) => (one === type ? isOn : types.includes(one))).join() });
  return (
    <form
      class="row ends"
      onSubmit={(event) => {
        event.preventDefault();
        apply({});
      }}
    >
      <label class="field feed-pattern">
        <span>Keys by pattern (\xNN is a byte)</span>
        <input
          type="search"
          class="mono"
          placeholder="user:*"
          spellcheck={false}
          value={pattern.value}
          onInput={({ currentTarget }) => (pattern.value = currentTarget.value)}
        />
      </label>
      <label class="field feed-database">
        <span>Database</span>
        <input
          class="mono"
          placeholder="all"
          inputMode="numeric"
          value={database.value}
          onInput={({ currentTarget }) => (database.value = currentTarget.value)}
        />
      </label>
      <button type="submit" class="button primary">
        Apply
      </button>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset's legend cannot stand in a row */}
      <div class="row" role="group" aria-labelledby={typesId}>
        <span id={typesId} class="soft">
          Types
        </span>
        {TYPES.map((type) => (
          <label key={type}>
            <input type="checkbox" checked={types.includes(type)} onChange={({ currentTarget }) => toggle(type, currentTarget.checked)} />{" "}
            {type}
          </label>
        ))}
        <span class="soft">{types.length === 0 ? "all" : ""}</span>
      </div>
    </form>
  );
}
