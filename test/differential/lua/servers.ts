/** A server that runs programs, and what can be seen of each. */

import { connect, type RawClient, type Target, type Word } from "../../support/client.ts";
import { LAYOUT, type Program } from "./programs.ts";
import { KEYS } from "./redis.ts";
import { print } from "./tree.ts";

/** The raw reply of a program as latin1, followed by the digests of its keys if it writes. */
export type Seen = string;

/** Programs that are sent before their replies are looked at; then the scripts are forgotten, since a server keeps each of them. */
const BATCH = 200;

export class Runner {
  /** For RESP2 and RESP3. */
  private readonly clients: readonly RawClient[];

  private constructor(clients: readonly RawClient[]) {
    this.clients = clients;
  }

  static async connect(target: Target, timeoutMs: number): Promise<Runner> {
    const clients = [await connect(target, { timeoutMs }), await connect(target, { timeoutMs })];
    await clients[1].command("HELLO", 3);
    return new Runner(clients);
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  /** Runs all of them, one after the other. */
  async run(programs: readonly Program[]): Promise<Seen[]> {
    const seen: Seen[] = [];
    for (let from = 0; from < programs.length; from += BATCH) seen.push(...(await this.batch(programs.slice(from, from + BATCH))));
    return seen;
  }

  private async batch(programs: readonly Program[]): Promise<Seen[]> {
    const seen = new Map<Program, Seen>();
    for (const [index, client] of this.clients.entries()) {
      const group = programs.filter((program) => (program.seed % 4 === 0 ? 1 : 0) === index);
      const requests = group.map(requestsOf);
      const replies = await client.pipeline(requests.flat());
      let at = 0;
      group.forEach((program, place) => {
        const own = replies.slice(at, at + requests[place].length).map((reply) => reply.toString("latin1"));
        at += requests[place].length;
        seen.set(program, program.hasEffects ? own.slice(LAYOUT.length).join("") : own.join(""));
      });
    }
    await this.clients[0].command("SCRIPT", "FLUSH");
    return programs.map((program) => seen.get(program) as Seen);
  }
}

function requestsOf(program: Program): (readonly Word[])[] {
  const text = Buffer.from(print(program.tree), "latin1");
  const words = [3, "string", "list", "missing", "first", "2"];
  const run = program.isFunction
    ? [
        ["FUNCTION", "FLUSH"],
        ["FUNCTION", "LOAD", text],
        ["FCALL", "f", ...words],
      ]
    : [[program.seed % 13 === 3 ? "EVAL_RO" : "EVAL", text, ...words]];
  return program.hasEffects ? [...LAYOUT, ...run, ["DEBUG", "DIGEST-VALUE", ...KEYS]] : run;
}

/** Whether both servers were seen to do the same, but for what Redis leaves open (see lua.test.ts). */
export function isSame(a: Seen, b: Seen): boolean {
  return a === b || masked(a) === masked(b);
}

function masked(seen: Seen): string {
  return seen
    .replace(/\$\d+\r\n/g, "$")
    .replace(/\b(table|function|thread|userdata): 0x[0-9a-f]+/g, "$1: 0x")
    .replace(/\d+:REDIS_VERSION(_NUM)?=[\d.:]+/g, "REDIS_VERSION$1")
    .replace(/-(nan)/gi, "$1");
}
