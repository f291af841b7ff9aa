/**
 * Replicas that cannot read what the data needs, and would ask for all of it for ever: a Redis before 7.4 or a Valkey before 9.0 that gets a
 * hash whose fields have times hangs up while it loads, and comes back. They are told so instead. A replica's version is known if it said one
 * (Valkey 8 and later), or said what only later versions say; any other is judged by what becomes of its images.
 */

import type { ReplicationContext } from "../context.ts";
import type { Replica } from "./replica.ts";

/** A replica that hung up so often in a row while it loaded gets no more images, */
const MOST_FAILURES = 2;
/** and one that has loaded such data before when it did so often: it can, and it is the network that fails. */
const MOST_FAILURES_OF_ABLE = 20;
/** After this time it gets one more, then after twice that, up to an hour: the network may have failed, and its version may be a newer one. */
const AGAIN_MS = 60 * 1000;
const LONGEST_MS = 60 * 60 * 1000;
const MOST_REPLICAS = 1000;

interface Failures {
  count: number;
  /** Whether it has loaded such data. */
  able: boolean;
  /** When the last was, in ms since 1970. */
  at: number;
  /** Whether the log has it that the replica is refused. */
  told: boolean;
}

export class UnreadableData {
  private readonly server: Pick<ReplicationContext, "keyspace" | "log">;
  private readonly failures = new Map<string, Failures>();
  private readonly clock: () => number;

  constructor(server: Pick<ReplicationContext, "keyspace" | "log">, clock: () => number = Date.now) {
    this.server = server;
    this.clock = clock;
  }

  /** Returns why this replica gets no image of the data as it is now, or null where it may have one. */
  refusal(replica: Replica): string | null {
    const { keyspace, log } = this.server;
    const found = keyspace.timedHashWords;
    if (found === null) {
      this.failures.clear();
      return null;
    }
    // Who wants a file may do with it what he likes.
    if (replica.imageOnly || replica.readsFieldTimes === true) return null;
    const failures = this.of(replica);
    if (replica.readsFieldTimes === null) {
      const excess = failures.count - (failures.able ? MOST_FAILURES_OF_ABLE : MOST_FAILURES);
      if (excess < 0) return null;
      if (this.clock() - failures.at > Math.min(LONGEST_MS, AGAIN_MS * 2 ** excess)) {
        failures.at = this.clock();
        return null;
      }
    }
    if (!failures.told)
      log.warning(
        `Replica ${replica.name} cannot read ${found}: Redis 7.4 and Valkey 9.0 are the first that can. It is answered with an error until there are none.`,
      );
    failures.told = true;
    return `ERR Can't send ${found}, to a replica that cannot read it: Redis 7.4 and Valkey 9.0 are the first that can`;
  }

  /** The replica has hung up and not loaded the image that it was promised. */
  failed(replica: Replica): void {
    const failures = this.of(replica);
    failures.count++;
    failures.at = this.clock();
  }

  /** It has loaded one. */
  loaded(replica: Replica): void {
    const failures = this.of(replica);
    failures.count = 0;
    failures.able = true;
    failures.told = false;
  }

  private of({ name }: Replica): Failures {
    let failures = this.failures.get(name);
    if (failures === undefined) {
      if (this.failures.size >= MOST_REPLICAS) this.failures.clear();
      failures = { count: 0, able: false, at: 0, told: false };
      this.failures.set(name, failures);
    }
    return failures;
  }
}
