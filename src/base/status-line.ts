/** A line at the end of a terminal that is written over: whether there is one, and what redraws it. */

/** To the line's begin, and empties it. */
export const CLEAR_LINE = "\r\x1b[K";
/** A terminal that is too narrow shows the beginning, and does not go on in the next line, which could not be written over. */
const NO_WRAP = "\x1b[?7l";
const WRAP = "\x1b[?7h";

/** Terminals that know no escape sequences, by TERM. */
export const DUMB_TERMINAL = /^(?:dumb|cons25|emacs)$/i;

/** Returns what writes `text` over the line. */
export function redrawn(text: string): string {
  return `${CLEAR_LINE}${NO_WRAP}${text}${WRAP}`;
}

/** Whether a terminal in these surroundings is one whose line can be written over, and its user wants more than plain text (no-color.org). */
export function redraws(env: Readonly<Record<string, string | undefined>>, platform: NodeJS.Platform): boolean {
  const { TERM = "", NO_COLOR = "", WT_SESSION, ConEmuANSI } = env;
  if (NO_COLOR !== "") return false;
  // The console of Windows sets no TERM, and the old one shows escape sequences as they are.
  if (platform === "win32" && TERM === "") return WT_SESSION !== undefined || ConEmuANSI === "ON";
  return TERM !== "" && !DUMB_TERMINAL.test(TERM);
}
