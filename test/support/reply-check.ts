/**
 * Holds the replies that a client of a test gets against what the specs of the commands say that they answer, whichever server it talks to: a
 * reply that does not match fails the test.
 */
import { COMMANDS } from "../../src/commands/command-list.ts";
import type { Contract, Runnable } from "../../src/execution/contract.ts";
import { caseOf, mismatch, type ReplyValue } from "../../src/execution/reply-match.ts";
import type { ReplyCase, Shape } from "../../src/execution/reply-shape.ts";
import { isGiven, nameOf, type Request } from "./given.ts";

const BY_NAME: ReadonlyMap<string, Runnable> = new Map(COMMANDS.map((command) => [command.spec.name, command]));

/** Those that may have another number of replies than one, and after which others come that answer no request. */
const LISTENING = /^[ps]?(un)?subscribe$/;
/** After the first reply to these what comes is no longer one reply for each request. */
const ENDS_REPLIES = new Set(["monitor", "psync"]);
const MESSAGES = new Set(["message", "pmessage", "smessage", "subscribe", "psubscribe", "ssubscribe"]);

/** What PFCOUNT makes of a damaged HyperLogLog. */
const DAMAGED = /^-?922337203685477580[78]$/;

/** What is long is no constant and no number: only so much of it is looked at. */
const TEXT_BYTES = 1024;

/** Of one connection: what it has asked and not been answered yet, and what decides about the form of replies. */
export class ReplyCheck {
  private protocol: 2 | 3 = 2;
  private asked: Request[] = [];
  /** Inside MULTI: what was queued. */
  private queue: Request[] | null = null;
  private listens = false;
  private following = true;
  private readonly seen: ((found: ReplyCase | Shape) => void) | null;

  /** `seen` is told of what replies match: cases of their commands, and members of unions. */
  constructor(seen: ((found: ReplyCase | Shape) => void) | null = null) {
    this.seen = seen;
  }

  /** The connection is used in a way that says no longer which reply answers what. */
  giveUp(): void {
    this.following = false;
  }

  /** Requests as they go over the wire. */
  sent(bytes: Uint8Array): void {
    if (!this.following) return;
    const requests = requestsIn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (requests === null) this.giveUp();
    else for (const words of requests) this.request(words);
  }

  request(words: Request): void {
    if (!this.following) return;
    const name = nameOf(words[0]);
    if (isUnanswered(name, words)) return this.giveUp();
    const isListening = LISTENING.test(name) && this.queue === null;
    // What is asked at one go with it may have to do with it, and is not answered yet.
    const before = (pattern: RegExp) => this.asked.some(([first]) => pattern.test(nameOf(first)));
    if (isListening && (before(/^multi$/) || (words.length === 1 && (this.listens || before(LISTENING))))) return this.giveUp();
    const replies = isListening ? Math.max(1, words.length - 1) : 1;
    for (let left = replies; left > 0; left--) this.asked.push(words);
  }

  /** Throws when it is not what its command answers. */
  reply(bytes: Buffer): void {
    if (!this.following) return;
    const [value] = decodeAt(bytes, 0);
    const [request] = this.asked;
    if (this.isMessage(value, request)) return;
    this.asked.shift();
    if (request === undefined) return this.giveUp();
    const { queue } = this;
    if (queue !== null && value.mark === "+" && value.text === "QUEUED") queue.push(request);
    else this.answer(request, value);
    if (ENDS_REPLIES.has(nameOf(request[0]))) this.giveUp();
  }

  private isMessage({ mark, items }: ReplyValue, request: Request | undefined): boolean {
    const first = items?.[0]?.text ?? "";
    const asked = request !== undefined && LISTENING.test(nameOf(request[0]));
    if (mark === ">") return !(asked && first === nameOf(request[0]));
    return mark === "*" && this.listens && MESSAGES.has(first) && !(asked && first === nameOf(request[0]));
  }

  private answer(request: Request, value: ReplyValue): void {
    const name = nameOf(request[0]);
    const { queue } = this;
    if (["exec", "discard", "reset", "quit"].includes(name) && (value.mark !== "-" || name === "exec")) this.queue = null;
    if (value.mark === "-" || value.mark === "!") return;
    if (name === "multi") this.queue = [];
    if (name === "hello" && request.length > 1) this.protocol = Number(request[1]) === 3 ? 3 : 2;
    if (name === "reset") this.protocol = 2;
    if (LISTENING.test(name)) this.listens = true;
    this.expect(request, value);
    if (name !== "exec" || value.items === null || queue === null) return;
    if (queue.length !== value.items.length) return this.giveUp();
    for (const [index, item] of value.items.entries()) this.answer(queue[index], item);
  }

  private expect(request: Request, value: ReplyValue): void {
    const spec = specOf(request);
    if (spec === null || (spec.name === "pfcount" && DAMAGED.test(value.text ?? ""))) return;
    const { replies } = spec;
    const told = () => `${request.map(String).join(" ").slice(0, 200)} (RESP${this.protocol})`;
    if (replies === null) throw new Error(`the spec of ${spec.name} does not say what it answers: ${told()}`);
    const options = {
      protocol: this.protocol,
      given: (condition: string) => isGiven(spec, request, condition, isSubcommand(spec) ? 2 : 1),
      seen: (alternative: Shape) => this.seen?.(alternative),
    };
    const wrong = mismatch(replies, value, options);
    // A server of 7.0 does not have what later versions brought.
    if (wrong === null || mismatch(replies, value, { ...options, knows: () => false }) === null) {
      return this.seen?.(caseOf(replies, options));
    }
    throw new Error(`${told()}: ${wrong}, by "${spec.replyNotation}": ${describe(value)}`);
  }
}

/** Whether no reply comes. */
function isUnanswered(name: string, words: Request): boolean {
  if (name === "client" && nameOf(words[1]) === "reply") return nameOf(words[2]) !== "on";
  if (name === "replconf") return ["ack", "getack"].includes(nameOf(words[1]));
  return name === "sync";
}

/** The spec of what a request asks for; null where we do not have it. */
function specOf(request: Request): Contract | null {
  const command = BY_NAME.get(nameOf(request[0]));
  if (command === undefined) return null;
  if (request.length === 1 || command.subcommands.length === 0) return command.spec;
  return command.subcommands.find(({ spec }) => spec.name === nameOf(request[1]))?.spec ?? null;
}

function isSubcommand(spec: Contract): boolean {
  return BY_NAME.get(spec.name)?.spec !== spec;
}

function describe(value: ReplyValue): string {
  const text = (one: ReplyValue): string =>
    one.items === null ? `${one.mark}${one.text ?? "null"}` : `${one.mark}[${one.items.slice(0, 12).map(text).join(", ")}]`;
  return text(value).slice(0, 600);
}

/** Whole requests, arrays of bulk strings; null where there is anything else. */
function requestsIn(bytes: Buffer): Request[] | null {
  const requests: Request[] = [];
  for (let at = 0; at < bytes.length; ) {
    const count = HEADER.exec(bytes.toString("latin1", at, at + 16));
    if (count === null || count[1] !== "*") return null;
    at += count[0].length;
    const words: Buffer[] = [];
    for (let left = Number(count[2]); left > 0; left--) {
      const size = HEADER.exec(bytes.toString("latin1", at, at + 16));
      if (size === null || size[1] !== "$") return null;
      const from = at + size[0].length;
      at = from + Number(size[2]) + 2;
      if (at > bytes.length) return null;
      words.push(bytes.subarray(from, at - 2));
    }
    if (words.length === 0) return null;
    requests.push(words);
  }
  return requests;
}

const HEADER = /^([*$])(\d+)\r\n/;

/** Decodes the reply at `at`; -> it, and where it ends. */
export function decodeAt(bytes: Buffer, at: number): [value: ReplyValue, end: number] {
  const lineEnd = bytes.indexOf("\r\n", at);
  const mark = String.fromCharCode(bytes[at]);
  const header = bytes.toString("latin1", at + 1, lineEnd);
  const end = lineEnd + 2;
  if (mark === "|") return decodeAt(bytes, decodeMany(bytes, end, Number(header) * 2)[1]);
  if (mark === "_" || header === "-1" ? "$*_".includes(mark) : false) return [{ mark, text: null, items: null }, end];
  if (mark === "$" || mark === "=" || mark === "!") {
    const size = Number(header);
    return [{ mark, text: bytes.toString("latin1", end, end + Math.min(size, TEXT_BYTES)), items: null }, end + size + 2];
  }
  if (!"*~%>".includes(mark)) return [{ mark, text: header, items: null }, end];
  const [items, after] = decodeMany(bytes, end, Number(header) * (mark === "%" ? 2 : 1));
  return [{ mark, text: null, items }, after];
}

function decodeMany(bytes: Buffer, at: number, count: number): [items: ReplyValue[], end: number] {
  const items: ReplyValue[] = [];
  let end = at;
  for (let left = count; left > 0; left--) {
    const [item, next] = decodeAt(bytes, end);
    items.push(item);
    end = next;
  }
  return [items, end];
}
