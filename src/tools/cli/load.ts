/** `--stat`, a line of figures every second, and `--lru-test`, a load that is a cache's. */

import { textOf } from "../../protocol/reply-decoder.ts";
import { ToolFailure } from "./console.ts";
import { fixed, humanBytes } from "./numbers.ts";
import type { Session } from "./session.ts";

const HEAD =
  "------- data ------ --------------------- load -------------------- - child -\n" +
  "keys       mem      clients blocked requests            connections          \n";
const LINES_PER_HEAD = 20;
const STAT_INTERVAL_MS = 1000;
const CHILDREN = ["", "SAVE", "AOF", "SAVE+AOF", "LOAD"] as const;

export async function statMode(session: Session): Promise<number> {
  const { console } = session;
  let requestsBefore = 0;
  for (let line = 0; ; line++) {
    const reply = await session.askPatiently(["INFO"]);
    if (reply.kind === "error") throw new ToolFailure(`ERROR: ${reply.text}`);
    const info = textOf(reply) ?? "";
    const requests = field(info, "total_commands_processed");
    const children = field(info, "rdb_bgsave_in_progress") | (field(info, "aof_rewrite_in_progress") << 1) | (field(info, "loading") << 2);
    const columns = [
      String(keysIn(info)).padEnd(11),
      humanBytes(field(info, "used_memory")).padEnd(8),
      ` ${String(field(info, "connected_clients")).padEnd(8)}`,
      String(field(info, "blocked_clients")).padEnd(8),
      `${requests} (+${requestsBefore === 0 ? 0 : requests - requestsBefore})`.padEnd(19),
      ` ${String(field(info, "total_connections_received")).padEnd(12)}`,
      CHILDREN[children] ?? "",
    ];
    console.print(`${line % LINES_PER_HEAD === 0 ? HEAD : ""}${columns.join("")}\n`);
    requestsBefore = requests;
    await Bun.sleep(session.options.intervalMs || STAT_INTERVAL_MS);
  }
}

/** A number of INFO; 0 when it is not there. */
function field(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
}

function keysIn(info: string): number {
  let keys = 0;
  for (const [, count] of info.matchAll(/^db\d+:keys=(\d+)/gm)) keys += Number(count);
  return keys;
}

const CYCLE_MS = 1000;
const PIPELINE = 250;
/** With it a fifth of the numbers are four fifths of those that are drawn. */
const ALPHA = 6.2;
const VALUE_LETTERS = 5;

/** Half writes and half reads of keys lru:1 to lru:KEYS, and how many reads found one. */
export async function lruTestMode(session: Session): Promise<number> {
  const { options, console } = session;
  const connection = await session.connected();
  for (;;) {
    let hits = 0;
    let misses = 0;
    const end = performance.now() + CYCLE_MS;
    while (performance.now() < end) {
      connection.sendAll(Array.from({ length: PIPELINE }, () => ["SET", randomKey(options.lruTestKeys), randomValue()]));
      for (let index = 0; index < PIPELINE; index++) await session.readSilently();
      connection.sendAll(Array.from({ length: PIPELINE }, () => ["GET", randomKey(options.lruTestKeys)]));
      for (let index = 0; index < PIPELINE; index++) {
        const reply = await session.readSilently();
        if (reply.kind === "error") console.complain(`${reply.text}\n`);
        else if (reply.kind === "nil") misses++;
        else hits++;
      }
    }
    const share = (count: number): string => `${count} (${fixed((count / (hits + misses)) * 100, 2)}%)`;
    console.print(`${hits + misses} Gets/sec | Hits: ${share(hits)} | Misses: ${share(misses)}\n`);
  }
}

function randomKey(keys: number): string {
  const top = (keys + 1) ** (ALPHA + 1);
  const drawn = ((top - 1) * Math.random() + 1) ** (1 / (ALPHA + 1));
  return `lru:${keys - Math.floor(drawn) + 1}`;
}

function randomValue(): string {
  let value = "";
  for (let index = 0; index < VALUE_LETTERS; index++) value += String.fromCharCode(65 + Math.floor(Math.random() * 57));
  return value;
}
