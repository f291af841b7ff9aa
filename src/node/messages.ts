/**
 * What a program and the executable that it started (`replicant attached`) say to each other: a line of JSON each, over the standard input
 * and output of the executable. No option is on a command line, where other users of the machine could read a password.
 */

/** To the executable: first the options, then what is asked of it. The end of the input ends it, so it does not outlive the program. */
export type ToServer = { readonly start: StartWords } | { readonly id: number; readonly ask: Question };

/** What the program wants started. */
export interface StartWords {
  /** Those of `Replicant.start` that are plain values. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether the lines of the log are wanted. */
  readonly log: boolean;
}

/** What can be asked. Bytes are Base64. */
export type Question =
  | { readonly what: "snapshot" }
  | { readonly what: "restore"; readonly image: string }
  | { readonly what: "flush" }
  | { readonly what: "advance"; readonly ms: number }
  | { readonly what: "commands"; readonly wanted: boolean }
  | { readonly what: "stop" };

/** From the executable. */
export type FromServer =
  | { readonly ready: { readonly port: number | null; readonly url: string | null; readonly pid: number; readonly version: string } }
  | { readonly failed: string }
  | { readonly log: string }
  | { readonly command: unknown }
  | { readonly id: number; readonly answer: string | null }
  | { readonly id: number; readonly error: string };

/** Puts lines together out of pieces. */
export class Lines {
  private rest: string[] = [];

  /** Returns the lines that `piece` completes. */
  take(piece: string): string[] {
    const [first = "", ...others] = piece.split("\n");
    this.rest.push(first);
    const last = others.pop();
    if (last === undefined) return [];
    const lines = [this.rest.join(""), ...others];
    this.rest = [last];
    return lines;
  }
}
