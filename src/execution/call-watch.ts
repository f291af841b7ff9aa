/**
 * What is noted of single calls, beside their counters: the command log, what LATENCY shows of commands, and what monitors see. A call is
 * looked at only when something asks for it, which the executor finds out with one comparison (`bytes`).
 */

import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config.ts";
import type { HotKeys } from "../inspection/hot-keys.ts";
import type { LatencyMonitor } from "../keyspace/latency-monitor.ts";
import type { Frame } from "../protocol/frame.ts";
import { NO_SINK, type Reply } from "../protocol/reply.ts";
import { Monitors } from "../session/monitors.ts";
import type { PubSub } from "../session/pubsub.ts";
import { isFed, type Session, SessionKind } from "../session/session.ts";
import { CommandLog, type LoggedRequest } from "./command-log.ts";
import { keysToTrack } from "./key-extraction.ts";
import type { CommandEntry } from "./registry.ts";

/** A request that was executed, or the call that did it. */
export interface Executed {
  readonly session: Session;
  readonly frame: Frame;
  readonly entry: CommandEntry;
}

/** Calls that handle so many bytes take so long that two looks at the clock do not count: they are timed by themselves. */
const LARGE_BYTES = 16 * 1024;
/** Below it (in microseconds) every call is timed by itself: what parsing and bookkeeping take would be seen in its time. */
const EXACT_BELOW = 1000;

const DIRECTIVES = [
  "slowlog-log-slower-than",
  "slowlog-max-len",
  "commandlog-request-larger-than",
  "commandlog-large-request-max-len",
  "commandlog-reply-larger-than",
  "commandlog-large-reply-max-len",
  "latency-monitor-threshold",
] as const;

export class CallWatch {
  readonly log = new CommandLog();
  readonly monitors: Monitors;
  /** A call whose request and reply have so many bytes or more together is handed to `over`: at 0 every call. */
  bytes = LARGE_BYTES;
  /** A call that takes so many microseconds or more is handed to `slow`. */
  slowFrom = Number.POSITIVE_INFINITY;
  /** Whether each call is timed by itself. */
  exact = false;
  /** Counts the keys that commands use; null: nothing does. */
  hotKeys: HotKeys | null = null;
  /** What `bytes` is but for hot keys. */
  otherBytes = LARGE_BYTES;
  /** Whether the commands of scripts are looked at, one by one. */
  seesScripts = false;
  private readonly config: Config;
  private readonly latency: LatencyMonitor;
  /** Whether the request of this session that is being executed is not for monitors, whatever it is. */
  private readonly isUnseen: (session: Session) => boolean;

  constructor(
    config: Config,
    { latency, clock }: { readonly latency: LatencyMonitor; readonly clock: Clock },
    pubsub: PubSub,
    isUnseen: (session: Session) => boolean,
  ) {
    this.config = config;
    this.latency = latency;
    this.isUnseen = isUnseen;
    this.monitors = new Monitors(pubsub, clock, () => this.update());
    config.onChange(DIRECTIVES, () => this.update());
    this.update();
  }

  private update(): undefined {
    const { log, latency, config } = this;
    log.follow(config);
    latency.threshold = config.values["latency-monitor-threshold"];
    this.slowFrom = Math.min(orNever(log.slow.threshold), latency.threshold === 0 ? Number.POSITIVE_INFINITY : latency.threshold * 1000);
    this.exact = this.slowFrom < EXACT_BELOW;
    const large = Math.min(LARGE_BYTES, orNever(log.largeRequests.threshold), orNever(log.largeReplies.threshold));
    this.otherBytes = this.exact || this.monitors.active ? 0 : large;
    this.bytes = this.hotKeys === null ? this.otherBytes : 0;
    this.seesScripts = this.monitors.active || this.hotKeys !== null;
  }

  /** Has the keys of all commands counted from now on, or, with null, of none. */
  countKeys(hotKeys: HotKeys | null): void {
    this.hotKeys = hotKeys;
    this.update();
  }

  /** Counts the keys of a call that was drawn. */
  sample({ session, frame, entry }: Executed): void {
    if (this.hotKeys === null || isFed(session.kind) || (session.id === 0 && !session.inScript)) return;
    for (const { index } of keysToTrack(entry, frame))
      this.hotKeys.add(session.database.index, frame.buffer, frame.offsets[index], frame.lengths[index]);
  }

  /** A script has called a command. */
  calledByScript(call: Executed): void {
    if (this.hotKeys?.samples()) this.sample(call);
    this.show(call);
  }

  /** Whether a call that handled so many bytes is to be timed by itself. */
  timesAlone(bytes: number): boolean {
    return this.exact || bytes >= LARGE_BYTES;
  }

  /** A call that a client made is over, or has blocked its client; request and reply have so many bytes. */
  over(call: Executed & { readonly reply: Reply }, requestBytes: number, replyBytes: number): void {
    const { entry, session, reply } = call;
    this.show(call);
    if (entry.skipsLog || session.blocked || session.id === 0) return;
    const { largeRequests, largeReplies } = this.log;
    if (largeRequests.takes(requestBytes)) largeRequests.add(requestBytes, loggedRequest(call));
    const sent = session.kind === SessionKind.MASTER || reply.sink === NO_SINK ? 0 : replyBytes;
    if (largeReplies.takes(sent)) largeReplies.add(sent, loggedRequest(call));
  }

  /** A call took so many microseconds, `slowFrom` or more. */
  slow(call: Executed, microseconds: number): void {
    const { entry, session } = call;
    // What a file holds, and what the server asks itself, no client has sent.
    if (session.id === 0 && !session.inScript) return;
    this.latency.note(entry.isFast ? "fast-command" : "command", Math.floor(microseconds / 1000));
    const whole = Math.floor(microseconds);
    if (!entry.skipsLog && this.log.slow.takes(whole)) this.log.slow.add(whole, loggedRequest(call));
  }

  /** Shows a call to the monitors, unless it is not for them. */
  show(call: Executed): void {
    if (!call.entry.isHidden) this.showAnyway(call);
  }

  /** Likewise one that runs others, and is shown before them. */
  showAnyway({ entry, session, frame }: Executed): void {
    if (!this.monitors.active || (session.id === 0 && !session.inScript) || this.isUnseen(session)) return;
    this.monitors.show(session, frame, entry.spec.secretsOf(frame), this.config.values.unixsocket);
  }
}

function orNever(threshold: number): number {
  return threshold < 0 ? Number.POSITIVE_INFINITY : threshold;
}

/** Commands of scripts are shown as those of no client, as in Redis 7. */
function loggedRequest({ session, frame, entry }: Executed): LoggedRequest {
  const secrets = entry.spec.secretsOf(frame);
  if (session.inScript) return { frame, secrets, address: "", name: "" };
  return { frame, secrets, address: session.link.remoteAddress, name: session.name };
}
