/** What stands above and in tables of elements: search, and buttons that say why they are off. */

import { useSignal } from "@preact/signals";

interface Action {
  readonly text: string;
  readonly run: () => void;
  /** Changes nothing: allowed to everyone. */
  readonly isLooking?: boolean;
}

interface ElementBarProps {
  readonly pattern?: string;
  readonly patternLabel?: string;
  readonly search?: (pattern: string) => void;
  readonly whyNot: string | null;
  readonly actions: readonly Action[];
}

export function ElementBar({ pattern = "", patternLabel = "", search, whyNot, actions }: ElementBarProps) {
  const typed = useSignal(pattern);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const { value } = typed;
    // As everywhere: a word alone is looked for anywhere in the name.
    search?.(value === "" || /[*?[]/.test(value) ? value : `*${value}*`);
  };
  return (
    <div class="row">
      {search === undefined ? null : (
        <search>
          <form class="row" onSubmit={submit}>
            <label class="row">
              <span class="soft">{patternLabel}</span>
              <input
                class="mono"
                value={typed.value}
                placeholder="*"
                spellcheck={false}
                onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
              />
            </label>
            <button type="submit" class="button">
              Find
            </button>
          </form>
        </search>
      )}
      <span class="spacer" />
      {actions.map(({ text, run, isLooking = false }) => (
        <button
          key={text}
          type="button"
          class="button"
          disabled={!isLooking && whyNot !== null}
          title={isLooking ? undefined : (whyNot ?? undefined)}
          onClick={run}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

interface RowActionsProps {
  /** What the row is about, for screen readers. */
  readonly name: string;
  readonly whyNot: string | null;
  readonly actions: readonly Action[];
}

/** What is done with a row. */
export function RowActions({ name, whyNot, actions }: RowActionsProps) {
  return (
    <span class="actions">
      {actions.map(({ text, run, isLooking = false }) => (
        <button
          key={text}
          type="button"
          class="button quiet"
          aria-label={`${text}: ${name}`}
          disabled={!isLooking && whyNot !== null}
          title={isLooking ? undefined : (whyNot ?? undefined)}
          onClick={run}
        >
          {text}
        </button>
      ))}
    </span>
  );
}
