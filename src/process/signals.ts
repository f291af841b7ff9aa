/**
 * What signals do to a server. Source: setupSignalHandlers and initServer of Redis; for Windows the events of a console, which its runtime
 * hands on as signals (SIGBREAK: Ctrl+Break; SIGHUP: the console is closed). What manages services there sends Ctrl+C or Ctrl+Break.
 */

import type { Config } from "../config/config.ts";
import type { ShutdownOptions } from "../execution/server-parts.ts";
import type { Log } from "../log.ts";

/** Of a server, what signals concern. */
export interface SignalledServer {
  readonly config: Config;
  readonly log: Log;
  readonly persistence: { readonly loading: unknown; abandonFinalSave(): void };
  /** Resolves to false when the server goes on. */
  shutdownBySignal(options: ShutdownOptions): Promise<boolean>;
}

/** Of a process, what hears signals. */
export interface SignalSource {
  readonly platform: NodeJS.Platform;
  on(signal: NodeJS.Signals, handler: () => void): unknown;
  exit(code: number): void;
}

interface Ending {
  /** Which directive says how to shut down. */
  readonly directive: "shutdown-on-sigterm" | "shutdown-on-sigint";
  /** A second one, mostly of someone at a terminal, does not wait for anything. */
  readonly insistent?: boolean;
  /** Lagging replicas are not waited for: the system waits a few seconds only, then ends the process. */
  readonly hurried?: boolean;
}

const ENDINGS: Partial<Record<NodeJS.Signals, Ending>> = {
  SIGTERM: { directive: "shutdown-on-sigterm" },
  SIGINT: { directive: "shutdown-on-sigint", insistent: true },
};
const ENDINGS_OF_WINDOWS: Partial<Record<NodeJS.Signals, Ending>> = {
  ...ENDINGS,
  SIGBREAK: { directive: "shutdown-on-sigterm" },
  SIGHUP: { directive: "shutdown-on-sigterm", hurried: true },
};

/**
 * Has signals shut the server down as SHUTDOWN with the options of shutdown-on-sigterm and -sigint does. One that comes meanwhile changes
 * nothing, but a second SIGINT. SIGHUP, the end of a terminal, is nothing to a server, except on Windows.
 */
export function followSignals(server: SignalledServer, source: SignalSource): void {
  const { log, config, persistence } = server;
  const windows = source.platform === "win32";
  const endings = windows ? ENDINGS_OF_WINDOWS : ENDINGS;
  let ending = false;
  const shutDown = async ({ directive, hurried = false }: Ending): Promise<void> => {
    const options = config.values[directive];
    const save = options.includes("save") ? "always" : options.includes("nosave") ? "never" : "configured";
    ending = true;
    // The data set could not be saved, or the shutdown was aborted: the server goes on, and the next signal is a first one.
    const now = hurried || options.includes("now");
    if (!(await server.shutdownBySignal({ save, now, force: options.includes("force") }))) ending = false;
  };
  for (const signal of Object.keys(endings) as NodeJS.Signals[]) {
    const how = endings[signal];
    if (how === undefined) continue;
    source.on(signal, () => {
      if (ending && how.insistent) {
        log.warning("You insist... exiting now.");
        persistence.abandonFinalSave();
        source.exit(1);
        return;
      }
      log.warning(
        persistence.loading === null
          ? `Received ${signal} scheduling shutdown...`
          : "Received shutdown signal during loading, scheduling shutdown.",
      );
      if (!ending) void shutDown(how);
    });
  }
  if (!windows) source.on("SIGHUP", () => {});
}
