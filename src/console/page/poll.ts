/** Asking again and again, while the page can be seen. */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { phase, wordsOf } from "./session.ts";

export interface Polled<T> {
  /** Null: nothing has come yet. */
  readonly data: Signal<T | null>;
  /** Why nothing came last time; null: something did. */
  readonly error: Signal<string | null>;
  /** Asks now. */
  readonly refresh: () => void;
}

/**
 * Asks by `ask` at once and then every `ms` (0: only when told to), never twice at a time, not while the page is hidden, and again when the
 * connection is back. It begins afresh when one of `inputs` changes.
 */
export function usePoll<T>(ask: () => Promise<T>, ms: number, inputs: readonly unknown[] = []): Polled<T> {
  const data = useSignal<T | null>(null);
  const error = useSignal<string | null>(null);
  const turn = useSignal(0);
  const isInside = phase.value === "inside";
  useEffect(() => {
    let isOver = false;
    let timer = 0;
    const once = async (): Promise<void> => {
      clearTimeout(timer);
      if (!document.hidden) {
        try {
          const answer = await ask();
          if (isOver) return;
          data.value = answer;
          error.value = null;
        } catch (problem) {
          if (isOver) return;
          error.value = wordsOf(problem);
        }
      }
      if (ms > 0) timer = setTimeout(once, ms) as unknown as number;
    };
    if (isInside) void once();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isInside, ms, turn.value, ...inputs]);
  return { data, error, refresh: () => turn.value++ };
}
