/** The line that is typed: completion, hints, what was typed before. */

import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { CommandDocs } from "./command-docs.ts";
import { historyLines, matching } from "./history.ts";
import { lastWordOf, linesOf } from "./words.ts";

interface PromptProps {
  readonly prompt: string;
  readonly docs: CommandDocs | null;
  /** What is typed, told at each change. */
  readonly typed: (line: string) => void;
  readonly submit: (line: string) => void;
  /** Several lines were pasted. */
  readonly pasted: (lines: readonly string[]) => void;
  readonly clear: () => void;
  readonly interrupt: () => void;
}

/** What the list below the line offers. */
interface Offer {
  readonly kind: "completion" | "history";
  readonly choices: readonly string[];
  readonly chosen: number;
}

const MOST_CHOICES = 200;

export function Prompt({ prompt, docs, typed, submit, pasted, clear, interrupt }: PromptProps) {
  const line = useSignal("");
  const offer = useSignal<Offer | null>(null);
  /** How far back in the history; 0: the line itself. */
  const back = useSignal(0);
  const draft = useSignal("");
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const listId = useId();
  const set = (text: string): void => {
    line.value = text;
    typed(text);
  };
  useEffect(() => field.current?.focus(), []);
  useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [offer.value]);

  const accept = (choice: string): void => {
    const { kind } = offer.value ?? { kind: "completion" };
    offer.value = null;
    set(kind === "history" ? choice : `${line.value.slice(0, line.value.length - lastWordOf(line.value).length)}${choice} `);
    field.current?.focus();
  };
  const complete = (): boolean => {
    const choices = docs?.completions(line.value) ?? [];
    if (choices.length === 0) return false;
    if (choices.length === 1) accept(choices[0] ?? "");
    else {
      const typedWord = lastWordOf(line.value);
      const common = commonStart(choices);
      if (common.length > typedWord.length) set(line.value.slice(0, line.value.length - typedWord.length) + common);
      offer.value = { kind: "completion", choices: choices.slice(0, MOST_CHOICES), chosen: 0 };
    }
    return true;
  };
  const walk = (step: number): void => {
    const lines = historyLines();
    const next = Math.max(0, Math.min(lines.length, back.value + step));
    if (next === back.value) return;
    if (back.value === 0) draft.value = line.value;
    back.value = next;
    set(next === 0 ? draft.value : (lines.at(-next) ?? ""));
  };
  const choose = (shown: Offer, step: number): void => {
    const chosen = (shown.chosen + step + shown.choices.length) % shown.choices.length;
    offer.value = { ...shown, chosen };
  };
  /** Whether the key was one of ours. */
  const pressed = (event: KeyboardEvent): boolean => {
    const { key, ctrlKey, shiftKey } = event;
    /** Capital where Caps Lock is on. */
    const withCtrl = ctrlKey && !shiftKey ? key.toLowerCase() : "";
    const shown = offer.value;
    if (withCtrl === "l") clear();
    else if (withCtrl === "r") {
      if (shown?.kind === "history") choose(shown, 1);
      else offer.value = historyOffer(line.value);
    } else if (withCtrl === "c" && field.current?.selectionStart === field.current?.selectionEnd) {
      interrupt();
      set("");
      offer.value = null;
    } else if (shown !== null && shown.choices.length > 0 && (key === "ArrowDown" || key === "ArrowUp"))
      choose(shown, key === "ArrowDown" ? 1 : -1);
    else if (shown?.kind === "completion" && key === "Tab") choose(shown, event.shiftKey ? -1 : 1);
    else if (shown !== null && key === "Escape") offer.value = null;
    else if (shown !== null && key === "Enter") {
      const choice = shown.choices[shown.chosen];
      if (choice === undefined) offer.value = null;
      else accept(choice);
    } else if (key === "Tab" && !event.shiftKey) return complete();
    else if (key === "ArrowUp") walk(1);
    else if (key === "ArrowDown") walk(-1);
    else if (key === "Enter") {
      const text = line.value;
      back.value = 0;
      set("");
      submit(text);
    } else return false;
    return true;
  };
  const changed = (text: string): void => {
    back.value = 0;
    set(text);
    const shown = offer.value;
    if (shown === null) return;
    offer.value = shown.kind === "history" ? historyOffer(text) : completionOffer(docs, text);
  };
  const shown = offer.value;
  const hint = shown === null ? (docs?.hintOf(line.value) ?? "") : "";
  return (
    <div class="prompt">
      <span class="mono prompt-name">{prompt}</span>
      <div class="prompt-line mono">
        <span class="prompt-hint" aria-hidden="true">
          <span class="prompt-typed">{line.value}</span>
          {line.value === "" ? null : <span class="soft">{hint}</span>}
        </span>
        <input
          ref={field}
          type="text"
          role="combobox"
          aria-label="Command"
          aria-autocomplete="list"
          aria-expanded={shown !== null}
          aria-controls={listId}
          aria-activedescendant={shown === null ? undefined : `${listId}-${shown.chosen}`}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={line.value}
          onInput={({ currentTarget }) => changed(currentTarget.value)}
          onKeyDown={(event) => {
            if (!event.isComposing && pressed(event)) event.preventDefault();
          }}
          onBlur={() => (offer.value = null)}
          onPaste={(event) => {
            const lines = linesOf(event.clipboardData?.getData("text/plain") ?? "");
            if (lines.length < 2) return;
            event.preventDefault();
            pasted(lines);
          }}
        />
      </div>
      <div
        class="prompt-choices mono"
        id={listId}
        role="listbox"
        aria-label={shown?.kind === "history" ? "Lines typed before" : "Completions"}
        hidden={shown === null}
        ref={list}
      >
        {shown?.choices.length === 0 ? <p class="soft">Nothing typed before has that in it.</p> : null}
        {shown?.choices.map((choice, index) => (
          // The input has the focus all the time, and the keys.
          // biome-ignore lint/a11y/useFocusableInteractive: chosen by aria-activedescendant
          <div
            key={choice}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === shown.chosen}
            onMouseDown={(event) => {
              event.preventDefault();
              accept(choice);
            }}
          >
            {choice}
          </div>
        ))}
      </div>
    </div>
  );
}

function historyOffer(text: string): Offer {
  return { kind: "history", choices: matching(text).slice(0, MOST_CHOICES), chosen: 0 };
}

function completionOffer(docs: CommandDocs | null, text: string): Offer | null {
  const choices = (docs?.completions(text) ?? []).slice(0, MOST_CHOICES);
  return choices.length === 0 ? null : { kind: "completion", choices, chosen: 0 };
}

function commonStart(words: readonly string[]): string {
  const [first = ""] = words;
  let length = first.length;
  for (const word of words) while (!word.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}
