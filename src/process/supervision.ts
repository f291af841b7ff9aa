/** `supervised`: tells a service manager that the server is ready, and that it ends. Source: redisSupervisedSystemd, redisCommunicateSystemd. */

import { UnixDatagram } from "../base/unix-datagram.ts";
import { ConfigError } from "../config/error.ts";
import type { Log } from "../log.ts";

export type Supervisor = "upstart" | "systemd" | "auto" | "no";
type Environment = Readonly<Record<string, string | undefined>>;

/** What talks to the manager; nothing where there is none. */
export interface Supervision {
  /** The server serves clients; `waits`: as a replica that has yet to synchronize. */
  ready(waits: boolean): void;
  stopping(): void;
}

const NONE: Supervision = { ready() {}, stopping() {} };

/** Errors: ConfigError where the manager that is named cannot be spoken to. */
export function supervision(
  wanted: Supervisor,
  env: Environment,
  log: Log,
  stop: () => void,
  platform: NodeJS.Platform = process.platform,
): Supervision {
  if (platform === "win32") return NONE; // the log says so: the directive has no effect there
  const found = wanted !== "auto" ? wanted : env.UPSTART_JOB !== undefined ? "upstart" : env.NOTIFY_SOCKET !== undefined ? "systemd" : "no";
  if (found === "no") return NONE;
  if (found === "upstart") return upstart(env, log, stop);
  const path = env.NOTIFY_SOCKET;
  if (path === undefined || path === "") {
    log.warning("systemd supervision requested or auto-detected, but NOTIFY_SOCKET is not set");
    return NONE;
  }
  const socket = UnixDatagram.to(path);
  if (socket === null) throw new ConfigError(`supervised ${wanted}: the socket '${path}' cannot be used here`);
  log.notice(
    "supervised by systemd. Please make sure you set appropriate values for TimeoutStartSec and TimeoutStopSec in your service unit.",
  );
  const say = (text: string): void => {
    if (!socket.send(Buffer.from(text))) log.warning(`the service manager did not take '${text.trim()}'`);
  };
  return {
    ready(waits) {
      say(
        waits
          ? "STATUS=Ready to accept connections in read-only mode. Waiting for MASTER <-> REPLICA sync\n"
          : "STATUS=Ready to accept connections\n",
      );
      say("READY=1\n");
    },
    stopping: () => say("STOPPING=1\n"),
  };
}

/** Stops itself once it is ready: the manager sees that, and lets it go on. */
function upstart(env: Environment, log: Log, stop: () => void): Supervision {
  if (env.UPSTART_JOB === undefined) {
    log.warning("upstart supervision requested, but UPSTART_JOB not found");
    return NONE;
  }
  log.notice("supervised by upstart, will stop to signal readiness");
  return { ready: stop, stopping() {} };
}
