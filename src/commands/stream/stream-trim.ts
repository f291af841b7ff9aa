/** The trimming options of XADD and XTRIM, and XADD's other options. */

import type { Counter } from "../../base/numbers/counter.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { SessionKind } from "../../session/session.ts";
import type { Stream, TrimRule } from "../../values/stream/stream.ts";
import { type IdForm, IdText, StreamId } from "../../values/stream/stream-id.ts";
import { References } from "../../values/stream/stream-references.ts";
import { isByte, parseCounter, parseId } from "./stream-arguments.ts";
import { referencesOf } from "./stream-removal.ts";

const STAR = 0x2a;
const TILDE = 0x7e;
const EQUAL = 0x3d;
const NEW_ID: IdForm = { missing: "first", openSequence: true };

/** How many entries an approximate trim removes at most without LIMIT: those of this many nodes, within bounds. */
const NODES_AT_ONCE = 100;
const DEFAULT_LIMIT = 10_000;
const MAX_LIMIT = 1_000_000;

/** Where the id of a new entry comes from. */
export const IdSource = { AUTOMATIC: 0, GIVEN: 1, GIVEN_TIME: 2 } as const;
export type IdSource = (typeof IdSource)[keyof typeof IdSource];

/** The parsed options; reused by the next command. */
export class StreamOptions implements TrimRule {
  maxLength: Counter | null = null;
  minId: StreamId | null = null;
  approximate = false;
  limit = 0;
  /** The argument of the threshold. */
  thresholdIndex = 0;
  /** What is done about references of entries that go, and whether that was told. */
  references: References = References.KEEPREF;
  referencesTold = false;
  noMakeStream = false;
  idSource: IdSource = IdSource.AUTOMATIC;
  /** The argument of the id of a new entry. */
  idIndex = 0;
  readonly id = new StreamId();
  private readonly minimum = new StreamId();

  get trims(): boolean {
    return this.maxLength !== null || this.minId !== null;
  }

  /** Parses the options from argument 2 on; XADD's end with the id. Errors: as Redis has them. */
  parse(call: Call, command: "xadd" | "xtrim"): void {
    this.reset();
    const adds = command === "xadd";
    let limitGiven = false;
    let index = 2;
    for (; index < call.count; index++) {
      const more = call.count - 1 - index;
      if (adds && isByte(call, index, STAR)) break;
      if (more > 0 && (call.is(index, "maxlen") || call.is(index, "minid"))) {
        index = this.parseStrategy(call, index, call.is(index, "maxlen"));
      } else if (more > 0 && call.is(index, "limit")) {
        limitGiven = true;
        this.limit = Number(call.int64(++index));
        if (this.limit < 0) throw commandError("ERR The LIMIT argument must be >= 0.");
      } else if (this.parseReferences(call, index)) {
        this.referencesTold = true;
      } else if (adds && call.is(index, "nomkstream")) {
        this.noMakeStream = true;
      } else if (adds) {
        const read = parseId(call, index, this.id, NEW_ID);
        this.idSource = read === IdText.OPEN_SEQUENCE ? IdSource.GIVEN_TIME : IdSource.GIVEN;
        break;
      } else {
        throw errors.syntax;
      }
    }
    this.idIndex = index;
    if (!adds || this.trims || limitGiven) this.settle(call, limitGiven, adds);
  }

  private reset(): void {
    this.maxLength = null;
    this.minId = null;
    this.approximate = false;
    this.limit = 0;
    this.references = References.KEEPREF;
    this.referencesTold = false;
    this.noMakeStream = false;
    this.idSource = IdSource.AUTOMATIC;
  }

  /** Whether argument `index` says what is done about references, for the first time. */
  private parseReferences(call: Call, index: number): boolean {
    const told = this.referencesTold ? undefined : referencesOf(call, index);
    if (told !== undefined) this.references = told;
    return told !== undefined;
  }

  /** Returns the argument of the threshold. */
  private parseStrategy(call: Call, index: number, byLength: boolean): number {
    if (this.trims) throw commandError("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    let threshold = index + 1;
    this.approximate = false;
    if (call.count - 1 - index >= 2) {
      this.approximate = isByte(call, threshold, TILDE);
      if (this.approximate || isByte(call, threshold, EQUAL)) threshold++;
    }
    if (byLength) {
      const length = parseCounter(call, threshold);
      if (length < 0) throw commandError("ERR The MAXLEN argument must be >= 0.");
      this.maxLength = length;
    } else {
      parseId(call, threshold, this.minimum);
      this.minId = this.minimum;
    }
    this.thresholdIndex = threshold;
    return threshold;
  }

  private settle(call: Call, limitGiven: boolean, adds: boolean): void {
    if (this.limit !== 0 && !this.trims)
      throw commandError("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    if (!adds && !this.trims) throw commandError("ERR syntax error, XTRIM must be called with a trimming strategy");
    // What the master sends is exact: everything it has removed must be removed here.
    if (call.session.kind === SessionKind.MASTER) {
      this.limit = 0;
    } else if (limitGiven) {
      if (!this.approximate) throw commandError("ERR syntax error, LIMIT cannot be used without the special ~ option");
    } else if (this.approximate) {
      const entries = call.server.keyspace.limits.streamNodeEntries * NODES_AT_ONCE;
      this.limit = entries <= 0 ? DEFAULT_LIMIT : Math.min(entries, MAX_LIMIT);
    }
  }

  /**
   * Returns the option that does to a stream, which has no regard for references, what these options have done to this one by removing its
   * first entries.
   */
  exactRule(call: Call, stream: Stream): string[] {
    if (this.references === References.ACKED) return ["MAXLEN", "=", String(stream.length)];
    const threshold = this.approximate ? this.exactThreshold(stream) : call.text(this.thresholdIndex);
    return [this.maxLength !== null ? "MAXLEN" : "MINID", "=", threshold];
  }

  /** Returns what is journalled in place of an approximate threshold: its effect. */
  exactThreshold(stream: Stream): string {
    return this.maxLength !== null ? String(stream.length) : stream.firstKept(new StreamId()).toString();
  }
}
