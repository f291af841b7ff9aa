/**
 * Clients that have subscribed to the changes of this server (REPLICANT.CHANGES): each is a cursor into the journal, as a replica is, and is
 * pushed events in place of bytes. What a client does not read waits in the journal, up to the limit that a replica has.
 */

import type { ChangeRequest, ServerParts, SubscribesToChanges } from "../execution/server-parts.ts";
import type { Cursor } from "../journal/journal.ts";
import { Access } from "../session/acl/selector.ts";
import type { Session } from "../session/session.ts";
import type { OutputLimit } from "../transport/output-buffer.ts";
import { ChangeStream } from "./change-stream.ts";
import { CommandTargets } from "./command-targets.ts";
import type { StreamEvent, TextOf, ValueType } from "./events.ts";
import { Filter } from "./filter.ts";
import { type StreamPoint, textOfPoint } from "./position.ts";
import { pushOf, pushOfGap } from "./push.ts";

/** No more is given to a client that has so many bytes to read. */
const WAITING_BYTES = 256 * 1024;
/** So much of the journal is read for one client before others have their turn. */
const SLICE_BYTES = 256 * 1024;

/** Bytes as they lie in the journal: what is made of them is encoded at once. */
const inPlace: TextOf<Buffer> = (bytes, from, to) => bytes.subarray(from, to);

interface Subscriber {
  readonly session: Session;
  readonly cursor: Cursor;
  readonly stream: ChangeStream<Buffer>;
  /** The journal that the cursor belongs to: it forgets its readers when it goes on in another history. */
  readonly era: number;
  /** The name of the history that the stream has. */
  id: string;
  /** Since which second it has been as far behind as the soft limit; 0 while it is not. */
  behindSince: number;
}

export class ChangeSubscribers implements SubscribesToChanges {
  private readonly server: ServerParts;
  private readonly subscribers = new Map<Session, Subscriber>();
  private targets: CommandTargets | null = null;
  private scheduled = false;
  private endAppends: (() => void) | null = null;

  constructor(server: ServerParts) {
    this.server = server;
  }

  /** Where one goes on that has seen all that there is now. */
  private get here(): StreamPoint {
    const { journal, replication } = this.server;
    const db = journal.selectedDatabase;
    return { id: replication.history.id, offset: journal.offset, db: Math.max(0, db), skip: 0 };
  }

  subscribe(session: Session, { from, keys, types, db }: ChangeRequest): string | null {
    const { journal, replication, commands } = this.server;
    if (from !== null && !this.keeps(from)) return null;
    if (!journal.hasBacklog) replication.replicas.beginHistory();
    this.remove(session);
    // Who begins in the middle must be told the database.
    if (from === null && !journal.following) journal.forgetSelected();
    const point = from ?? this.here;
    this.targets ??= new CommandTargets(commands);
    const filter = new Filter({ keys: keys ?? undefined, types: (types as readonly ValueType[] | null) ?? undefined, db: db ?? undefined });
    const stream = new ChangeStream<Buffer>(point, {
      targets: this.targets,
      text: inPlace,
      filter,
      copy: null,
      asked: () => {},
      bytesAreReused: true,
    });
    const { id } = replication.history;
    stream.rename(id);
    const subscriber = { session, cursor: journal.open(point.offset), stream, era: journal.era, id, behindSince: 0 };
    this.subscribers.set(session, subscriber);
    session.link.onDrained = () => this.schedule();
    this.endAppends ??= journal.onAppend(() => this.schedule());
    this.schedule();
    return textOfPoint({ ...point, id });
  }

  private keeps({ id, offset }: StreamPoint): boolean {
    const { journal, replication } = this.server;
    return journal.hasBacklog && replication.history.covers(id, offset + 1) && offset >= journal.firstOffset && offset <= journal.offset;
  }

  /** Nothing more is pushed to this client. Returns whether anything was. */
  remove(session: Session): boolean {
    const subscriber = this.subscribers.get(session);
    if (subscriber === undefined) return false;
    this.subscribers.delete(session);
    session.link.onDrained = null;
    this.server.journal.close(subscriber.cursor);
    if (this.subscribers.size === 0) {
      this.endAppends?.();
      this.endAppends = null;
    }
    return true;
  }

  /** Serves them once this tick is over. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      for (const subscriber of [...this.subscribers.values()]) this.serve(subscriber);
    });
  }

  private serve(subscriber: Subscriber): void {
    const { session, cursor, stream } = subscriber;
    const { journal, replication } = this.server;
    if (subscriber.era !== journal.era) return this.tellGap(subscriber);
    if (session.protocol !== 3) return void this.remove(session);
    if (subscriber.id !== replication.history.id) {
      subscriber.id = replication.history.id;
      stream.rename(subscriber.id);
    }
    const events: StreamEvent<Buffer>[] = [];
    let left = SLICE_BYTES;
    journal.read(cursor, (bytes, from, to) => {
      // Events are bytes of the journal: they are pushed before it may let go of them.
      if (left <= 0 || this.waitingFor(session) > WAITING_BYTES) return 0;
      const end = Math.min(to, from + left);
      left -= end - from;
      stream.take(bytes, from, end, events);
      this.push(session, events);
      return end - from;
    });
    if (cursor.offset === journal.offset) return;
    if (left <= 0) this.schedule();
    else this.checkLimit(subscriber);
  }

  private push(session: Session, events: StreamEvent<Buffer>[]): void {
    const { pubsub } = this.server;
    for (const event of events) {
      const args = this.visibleArgs(session, event);
      if (args !== "nothing") pubsub.post(session, pushOf(event, args));
    }
    events.length = 0;
  }

  private waitingFor({ link, pushes }: Session): number {
    return link.outputBytes + (pushes?.bytes ?? 0);
  }

  /**
   * Returns the arguments of a command as the client's user may see them: all of them if it may read every key in them, else null; and
   * "nothing" where it must not hear of the event.
   */
  private visibleArgs({ user, guarded }: Session, event: StreamEvent<Buffer>): readonly Buffer[] | null | "nothing" {
    if (!guarded || user === null || user.selectors.some((selector) => selector.allowsEveryKey(Access.READ))) return event.args;
    const mayRead = (key: Buffer): boolean => user.selectors.some((selector) => selector.allowsKey(key, 0, key.length, Access.READ));
    if (event.kind === "change") {
      if (!mayRead(event.key)) return "nothing";
      const keys = this.targets?.keysIn(event.command, event.args) ?? null;
      return keys?.every(mayRead) === true ? event.args : null;
    }
    // No one knows which keys are in others.
    return event.kind === "command" ? "nothing" : event.args;
  }

  /** The journal has gone on in another history. */
  private tellGap({ session, stream }: Subscriber): void {
    this.remove(session);
    this.server.pubsub.post(session, pushOfGap(textOfPoint(stream.point)));
  }

  private checkLimit(subscriber: Subscriber): void {
    const { session, cursor } = subscriber;
    const { config, journal, log, stats, keyspace } = this.server;
    const behind = journal.offset - cursor.offset;
    const limits: OutputLimit = config.values["client-output-buffer-limit"].replica;
    // What the backlog keeps anyway costs nothing.
    const hard = limits.hard === 0 ? Number.POSITIVE_INFINITY : Math.max(limits.hard, journal.retain);
    const passedSoft = limits.soft > 0 && behind >= limits.soft;
    const second = Math.floor(keyspace.now / 1000);
    if (!passedSoft) subscriber.behindSince = 0;
    else if (subscriber.behindSince === 0) subscriber.behindSince = second;
    if (behind < hard && !(passedSoft && second - subscriber.behindSince > limits.softSeconds)) return;
    stats.outputLimitDisconnects++;
    log.warning(`A client of REPLICANT.CHANGES (id=${session.id}) is closed: it is ${behind} bytes behind, more than a replica may be.`);
    this.remove(session);
    session.link.destroy();
  }
}
