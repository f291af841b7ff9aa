/**
 * What a program and the executable that it started (`replicant attached`) say to each other: a line each (transfer.ts), over the standard
 * input and output of the executable. No option is on a command line, where other users of the machine could read a password.
 */

import type { FeedEvent } from "../changes/events.ts";
import type { CommandEvent } from "../embedding/events.ts";
import type { FollowErrorCode } from "../follow/error.ts";
import type { FollowOptions } from "../follow/options.ts";
import type { ListenOptions } from "../index.ts";

/** To the executable: what it is to be, first. The end of the input ends it, so it does not outlive the program. */
export type ToAttached =
  | { readonly start: StartWords }
  | { readonly follow: FollowWords }
  | { readonly id: number; readonly ask: Question };

/** A server is wanted. */
export interface StartWords {
  readonly options: Omit<ListenOptions, "log"> & { readonly log?: string };
  /** Whether the lines of the log are wanted. */
  readonly tellLog: boolean;
}

/** A feed is wanted. */
export interface FollowWords {
  readonly urls: readonly string[];
  readonly options: Omit<FollowOptions, "log" | "signal">;
  readonly tellLog: boolean;
}

/** What a server can be asked for. */
export type Question =
  | { readonly what: "snapshot" }
  | { readonly what: "restore"; readonly image: Uint8Array }
  | { readonly what: "flush" }
  | { readonly what: "reset" }
  | { readonly what: "advance"; readonly milliseconds: number }
  | { readonly what: "commands"; readonly wanted: boolean };

/** A server serves. */
export interface Ready {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** What time it is to the server. */
  readonly now: number;
}

/** From the executable. */
export type FromAttached =
  | { readonly ready: Ready }
  | { readonly failed: { readonly name: string; readonly message: string } }
  | { readonly log: string }
  | { readonly command: CommandEvent }
  | { readonly id: number; readonly answer: Uint8Array | null; readonly now: number }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } }
  | { readonly events: readonly FeedEvent<string | Uint8Array>[]; readonly position: string }
  /** Where one goes on that has taken all events before this: what concerns no one moves it too. */
  | { readonly position: string }
  | { readonly ended: { readonly code: FollowErrorCode; readonly message: string } };
