/**
 * The stream that comes over the first of two connections while the image comes over the second, until that is loaded and the stream can be
 * run: in memory, and from replica-full-sync-buffer-limit on in a temporary file. So the master need not keep it, however long that takes.
 *
 * Once it is run, what comes meanwhile goes to memory, and the master is not listened to while that is full.
 */

import type { Config } from "../../config/config.ts";
import type { Log } from "../../log.ts";
import type { Persistence } from "../../snapshot/persistence.ts";
import { Overflow, type OverflowOptions } from "./overflow.ts";

export class Delta extends Overflow {
  constructor({ config, log, persistence }: DeltaServer, events: Pick<OverflowOptions, "listen" | "failed">) {
    super({
      limit: () => limitOf(config),
      spool: (on) => {
        log.notice(`Replication buffer limit has been reached (${limitOf(config)} bytes), further accumulation is on disk.`);
        return persistence.spool({ what: "replication buffer file", ...on });
      },
      spillsAgain: false,
      ...events,
    });
  }
}

interface DeltaServer {
  readonly config: Config;
  readonly log: Log;
  readonly persistence: Persistence;
}

function limitOf({ values }: Config): number {
  const limit = values["replica-full-sync-buffer-limit"] || values["client-output-buffer-limit"].replica.hard;
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}
