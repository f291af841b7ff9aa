/** The lines that were typed, kept as long as the browser's tab is open; none that holds a secret. */

import { isSensitive } from "../../../../base/sensitive-commands.ts";
import { user } from "../../session.ts";
import { namesOf, wordsOfLine } from "./words.ts";

const MOST_LINES = 500;

function keyOf(): string {
  return `replicant-history:${user.value}`;
}

/** Oldest first. */
export function historyLines(): string[] {
  try {
    const lines: unknown = JSON.parse(sessionStorage.getItem(keyOf()) ?? "[]");
    return Array.isArray(lines) ? lines.filter((line) => typeof line === "string") : [];
  } catch {
    return [];
  }
}

/** Whether a line shows a password; one whose quotes do not fit is taken for such. */
export function holdsSecret(line: string): boolean {
  const words = wordsOfLine(line);
  return words === null || isSensitive(namesOf(words));
}

/** Keeps a line, unless it is the last one again or holds a secret. */
export function remember(line: string): void {
  const lines = historyLines();
  if (line === lines.at(-1) || holdsSecret(line)) return;
  try {
    sessionStorage.setItem(keyOf(), JSON.stringify([...lines, line].slice(-MOST_LINES)));
  } catch {
    // A browser that keeps nothing: the line is gone with the page.
  }
}

/** Lines that have `text` in them, the newest first, each once. */
export function matching(text: string): string[] {
  const wanted = text.toLowerCase();
  return [...new Set(historyLines().reverse())].filter((line) => line.toLowerCase().includes(wanted));
}
