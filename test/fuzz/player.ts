/** Sends batches over many connections at once, and sees that each gets what it must. */
import { encodeCommand, type RawClient, replyText } from "../support/client.ts";
import type { ServerProcess } from "../support/process.ts";
import type { Batch, Expectation } from "./requests.ts";

/** How long an answer may take, in ms, where there is nothing to wait for; when a run that hung is made shorter, to come to an end. */
export const HANGS_MS = { first: 60_000, again: 4000 };
/** A connection may have nothing to say for long: the limit above is for those that have something to answer. */
const UNLIMITED_MS = 2 ** 31 - 1;
/** So many rounds a client may wait for keys before it is told to go on. */
const PATIENT_ROUNDS = 3;

/** A replica is left when the image that it waits for is given up, as for FLUSHALL. */
const MAY_CLOSE: readonly Expectation[] = ["closes", "bytes", "unknown"];

type Kind = "hangs" | "closed" | "replies" | "threw" | "data" | "memory";

/** A server that did not do what it must. */
export class Misbehaviour extends Error {
  readonly kind: Kind;

  constructor(kind: Kind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** One connection at a time. */
class Seat {
  client: RawClient | null = null;
  id = "";
  life = -1;
  /** The batch that is under way. */
  batch: Batch | null = null;
  rounds = 0;
  since = 0;
  replies = 0;
  last = "";
  killsAtSend = 0;
  /** What `killsAtSend` was for the last batch that was answered: by what came later the connection may have been closed. */
  killsBefore = 0;
}

export class Player {
  /** Requests and batches sent so far. */
  requests = 0;
  /** Calls that are none of the requests': what connections begin and end with. */
  ownCalls = 0;
  /** At most so many calls were made by scripts. */
  scriptCalls = 0;
  closedForErrors = 0;
  newestClient = 30;
  private readonly server: ServerProcess;
  private readonly control: RawClient;
  private readonly seats = new Map<number, Seat>();
  /** Moves when a batch that may close others' connections is sent, and when it has ended. */
  private kills = 0;
  private failure: Misbehaviour | null = null;
  private readonly hangsMs: number;

  constructor(server: ServerProcess, control: RawClient, hangsMs: number) {
    this.hangsMs = hangsMs;
    this.server = server;
    this.control = control;
  }

  /** Whether this connection's last batch is not answered yet. */
  isBusy(connection: number): boolean {
    return (this.seats.get(connection)?.batch ?? null) !== null;
  }

  /** Sends a batch; what comes of it shows later. */
  async send(batch: Batch): Promise<void> {
    const seat = this.seats.get(batch.connection) ?? new Seat();
    this.seats.set(batch.connection, seat);
    if (seat.life !== batch.life || seat.client === null || seat.client.isClosed) await this.open(seat, batch);
    const { client } = seat;
    if (client === null) return;
    seat.batch = batch;
    seat.rounds = 0;
    seat.since = Date.now();
    seat.replies = 0;
    seat.killsAtSend = this.kills;
    if (batch.kills) this.kills += 1;
    this.requests += batch.requests;
    this.scriptCalls += batch.scriptCalls;
    const tail = batch.expects === "answers" ? batch.tail : [];
    this.ownCalls += tail.length;
    const bytes = Buffer.concat([batch.bytes, ...tail.map(encodeCommand)]);
    try {
      let from = 0;
      for (const cut of [...batch.cuts, bytes.length]) {
        client.send(bytes.subarray(from, cut));
        from = cut;
        if (batch.cuts.length > 0) await new Promise<void>((resolve) => setImmediate(resolve));
      }
    } catch {
      this.closed(seat, client, "while it was sent to");
    }
  }

  /** Lets the server catch up, and those who have waited long for keys go on. Throws what was wrong. */
  async settle(): Promise<void> {
    await this.control.command("PING");
    for (const seat of this.seats.values()) await this.look(seat, PATIENT_ROUNDS);
    this.complain();
  }

  /** Waits until everything sent is answered. Throws what was wrong. */
  async finish(): Promise<void> {
    for (;;) {
      await this.control.command("PING");
      for (const seat of this.seats.values()) await this.look(seat, 0);
      this.complain();
      if ([...this.seats.values()].every((seat) => seat.batch === null)) return;
      await Bun.sleep(1);
    }
  }

  /** Every connection that is open still answers. */
  async pingAll(): Promise<void> {
    await this.finish();
    for (const [connection, seat] of this.seats) {
      if (seat.client === null || seat.client.isClosed) continue;
      const marker = `last-${connection};`;
      const batch: Batch = { ...EMPTY, connection, life: seat.life, tail: [["RESET"], ["PING", marker]], marker };
      await this.send(batch);
    }
    await this.finish();
  }

  /** Users are about to be deleted, and with them connections are closed. */
  mayClose(): void {
    this.kills += 1;
  }

  close(): void {
    for (const seat of this.seats.values()) seat.client?.close();
    this.seats.clear();
  }

  private complain(): void {
    if (this.failure !== null) throw this.failure;
  }

  private async open(seat: Seat, batch: Batch): Promise<void> {
    this.leave(seat);
    const client = await this.server.connect({ timeoutMs: UNLIMITED_MS });
    seat.client = client;
    seat.life = batch.life;
    seat.killsBefore = this.kills;
    seat.id = replyText(await client.command("CLIENT", "ID"));
    this.newestClient = Number(seat.id);
    this.ownCalls += 1 + batch.setup.length;
    client.send(Buffer.concat(batch.setup.map(encodeCommand)));
    const first = batch.expects === "bytes";
    this.read(seat, client, batch.setup.length, first).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      if (!/the (client|server) closed the connection/.test(why)) this.fail("replies", seat, `sent what is no reply: ${why}`);
      else if (seat.client === client) this.closed(seat, client, why);
    });
  }

  /** Takes note of all replies of a connection, as long as there is one. */
  private async read(seat: Seat, client: RawClient, setup: number, bytes: boolean): Promise<void> {
    for (let reply = 0; reply < setup; reply++) await client.readReply();
    if (bytes) {
      await client.readBytes(1);
      this.done(seat);
      return;
    }
    for (;;) {
      const reply = await client.readReply();
      if (reply[0] !== 62) seat.replies += 1;
      const { batch } = seat;
      seat.last = reply.length > 300 ? "" : reply.toString("latin1");
      if (batch === null || !seat.last.includes(batch.marker) || batch.expects !== "answers") continue;
      const due = batch.requests + batch.tail.length;
      if (batch.regular && seat.replies !== due) this.fail("replies", seat, `had ${seat.replies} replies to ${due} requests`);
      this.done(seat);
    }
  }

  private done(seat: Seat): void {
    seat.killsBefore = seat.killsAtSend;
    if (seat.batch?.kills === true) this.kills += 1;
    if (seat.batch?.expects === "bytes") this.leave(seat);
    seat.batch = null;
  }

  private leave(seat: Seat): void {
    const { client } = seat;
    seat.client = null;
    seat.batch = null;
    client?.close();
  }

  private closed(seat: Seat, client: RawClient, why: string): void {
    if (seat.client !== client) return;
    const { batch } = seat;
    seat.client = null;
    seat.batch = null;
    if (batch?.kills === true) this.kills += 1;
    const killed = this.kills !== seat.killsBefore || batch?.kills === true || this.someoneKills();
    if (batch?.expects === "error") {
      this.closedForErrors += 1;
      if (!seat.last.startsWith("-ERR Protocol error") && !killed)
        this.fail("closed", seat, `was closed for ${JSON.stringify(seat.last)} instead of a protocol error`, batch);
    } else if (killed || (batch !== null && MAY_CLOSE.includes(batch.expects))) return;
    else this.fail("closed", seat, `was closed (${why}), its last reply ${JSON.stringify(seat.last)}`, batch);
  }

  private someoneKills(): boolean {
    return [...this.seats.values()].some((seat) => seat.batch?.kills === true);
  }

  /** Looks after a connection whose batch is under way. */
  private async look(seat: Seat, patience: number): Promise<void> {
    const { batch } = seat;
    if (batch === null) return;
    seat.rounds += 1;
    // What waits for more is left: that the server goes on was asked for.
    if (batch.expects === "waits" || batch.expects === "unknown") {
      if (seat.rounds > 1) this.leave(seat);
    } else if (Date.now() - seat.since > this.hangsMs) {
      this.fail("hangs", seat, batch.expects === "answers" ? "has no answer" : "is not closed", batch);
    } else if (seat.rounds > patience)
      await this.control.command("CLIENT", "UNBLOCK", seat.id, ...(seat.rounds % 2 === 0 ? ["ERROR"] : []));
  }

  private fail(kind: Kind, seat: Seat, what: string, batch = seat.batch): void {
    const sent = batch === null ? "" : `; sent: ${JSON.stringify(batch.bytes.toString("latin1").slice(-6000))}`;
    this.failure ??= new Misbehaviour(kind, `connection ${batch?.connection} ${what}${sent}`);
    seat.batch = null;
  }
}

const EMPTY: Omit<Batch, "connection" | "life" | "tail" | "marker"> = {
  setup: [],
  bytes: Buffer.alloc(0),
  requests: 0,
  scriptCalls: 0,
  expects: "answers",
  regular: false,
  kills: false,
  cuts: [],
};
