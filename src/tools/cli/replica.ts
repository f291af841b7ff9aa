/** What a replica gets: `--rdb` and `--functions-rdb` keep the snapshot, `--replica` shows the commands that follow it. */

import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { fromBytes } from "../../base/utf8.ts";
import { failureWords } from "../../config/error.ts";
import type { Connection } from "./connection.ts";
import { ToolFailure } from "./console.ts";
import type { Session } from "./session.ts";

/** What a snapshot without a length ends with. */
const MARK_BYTES = 40;
const LONGEST_LINE = 4096;
const LF = 0x0a;
const ONLINE_AFTER_MS = 1000;

interface Sync {
  readonly full: boolean;
  /** The bytes of the snapshot; null: until the mark. */
  readonly length: number | null;
  readonly mark: Buffer;
}

/** `--replica`, which ends when the connection does. */
export async function replicaMode(session: Session): Promise<number> {
  const connection = await session.connected();
  await configure(session, "capa", "eof");
  await configure(session, "rdb-filter-only", "");
  connection.write(Buffer.from("SYNC\r\n"));
  await showReplicaStream(session);
  return 0;
}

/** What comes once SYNC or PSYNC is on its way: the snapshot is passed over, commands are printed as CSV. */
export async function showReplicaStream(session: Session): Promise<void> {
  const { console, options } = session;
  const connection = await session.connected();
  const sync = await readHead(connection, (text) => console.complain(text));
  const name = sync.full ? "Full resync" : "Partial resync";
  if (sync.full) {
    const extent = sync.length === null ? "bytes of bulk transfer until EOF marker" : `${sync.length} bytes of bulk transfer`;
    console.complain(`${name} with master, discarding ${extent}...\n`);
    const bytes = await readSnapshot(connection, sync, () => {}, `Error reading RDB payload while ${name}ing`);
    if (sync.length === null) {
      console.complain(`${name} done after ${bytes + MARK_BYTES} bytes. Logging commands from master.\n`);
      await Bun.sleep(ONLINE_AFTER_MS);
      console.complain("sending REPLCONF ACK 0\n");
      connection.send(["REPLCONF", "ACK", "0"]);
    } else console.complain(`${name} done. Logging commands from master.\n`);
  } else console.complain(`${name} with master...\n${name} done. Logging commands from master.\n`);
  const { output } = options;
  options.output = "csv";
  while ((await session.readReply(false)) !== null);
  options.output = output;
}

/** Keeps the snapshot that a replica would get. */
export async function rdbMode(session: Session, functionsOnly: boolean): Promise<number> {
  const { console, options } = session;
  const connection = await session.connected();
  await configure(session, "capa", "eof");
  await configure(session, "rdb-only", "1");
  if (functionsOnly && !(await configure(session, "rdb-filter-only", "functions"))) {
    throw new ToolFailure("Failed requesting functions only RDB from server, aborting");
  }
  connection.write(Buffer.from("SYNC\r\n"));
  const sync = await readHead(connection, (text) => console.complain(text));
  const name = options.rdbFile;
  const extent = sync.length === null ? "bytes of bulk transfer until EOF marker to" : `${sync.length} bytes to`;
  console.complain(`SYNC sent to master, writing ${extent} '${name}'\n`);
  const file = name === "-" ? null : openFile(name);
  const bytes = await readSnapshot(
    connection,
    sync,
    (piece) => {
      if (file === null) console.print(piece);
      else writeWhole(file, piece);
    },
    "I/O Error reading RDB payload from socket",
  );
  console.complain(sync.length === null ? `Transfer finished with success after ${bytes} bytes\n` : "Transfer finished with success.\n");
  connection.close();
  if (file === null) return 0;
  try {
    fsyncSync(file);
  } catch (error) {
    throw new ToolFailure(`Fail to fsync '${name}': ${failureWords(error)}`);
  }
  closeSync(file);
  return 0;
}

/** Says what this replica can. Returns whether the server took it: old ones do not know all of it. */
async function configure(session: Session, option: string, value: string): Promise<boolean> {
  session.console.complain(`sending REPLCONF ${option} ${value}\n`);
  const reply = await session.readAfter(["REPLCONF", option, value]);
  if (reply.kind === "error") session.console.complain(`REPLCONF ${option} error: ${reply.text}\n`);
  return reply.kind !== "error";
}

async function readHead(connection: Connection, complain: (text: string) => void): Promise<Sync> {
  let line = await readLine(connection, "Error reading bulk length while SYNCing");
  if (line.startsWith("-")) throw new ToolFailure(`SYNC with master failed: ${line}`);
  if (line.startsWith("+")) {
    const full = !line.startsWith("+CONTINUE");
    complain(`PSYNC replied ${line}\n`);
    if (!full) return { full, length: 0, mark: Buffer.alloc(0) };
    line = await readLine(connection, "Error reading bulk length while PSYNCing");
  }
  if (line.startsWith("$EOF:")) return { full: true, length: null, mark: Buffer.from(line.slice(5, 5 + MARK_BYTES), "latin1") };
  const length = /^\$(\d+)$/.exec(line);
  if (length === null) throw new ToolFailure(`SYNC with master failed: ${line}`);
  return { full: true, length: Number(length[1]), mark: Buffer.alloc(0) };
}

/** The next line that is not empty: empty ones keep the connection alive while the snapshot is made. */
async function readLine(connection: Connection, complaint: string): Promise<string> {
  let held = "";
  for (;;) {
    const bytes = await connection.readBytes();
    if (bytes === null || held.length > LONGEST_LINE) throw new ToolFailure(complaint);
    held = (held + bytes.latin1Slice()).replace(/^[\r\n]+/, "");
    const end = held.indexOf(String.fromCharCode(LF));
    if (end < 0) continue;
    connection.giveBack(Buffer.from(held.slice(end + 1), "latin1"));
    return held.slice(0, end).replace(/\r$/, "");
  }
}

/** Hands the snapshot to `take`, piece by piece. Returns how many bytes it has. Errors: ToolFailure with `complaint` when it is cut off. */
async function readSnapshot(connection: Connection, sync: Sync, take: (piece: Buffer) => void, complaint: string): Promise<number> {
  let bytes = 0;
  let tail: Buffer = Buffer.alloc(0);
  while (sync.length === null || bytes < sync.length) {
    const next = await connection.readBytes();
    if (next === null) throw new ToolFailure(complaint);
    if (sync.length !== null) {
      const mine = next.subarray(0, sync.length - bytes);
      if (mine.length < next.length) connection.giveBack(next.subarray(mine.length));
      take(mine);
      bytes += mine.length;
      continue;
    }
    // The master is silent behind the mark until it is answered: the mark is what stands last.
    const held = Buffer.concat([tail, next]);
    const whole = Math.max(held.length - MARK_BYTES, 0);
    take(held.subarray(0, whole));
    bytes += whole;
    tail = Buffer.from(held.subarray(whole));
    if (tail.equals(sync.mark)) return bytes;
  }
  return bytes;
}

function openFile(name: string): number {
  try {
    return openSync(fromBytes(name), "w", 0o644);
  } catch (error) {
    throw new ToolFailure(`Error opening '${name}': ${failureWords(error)}`);
  }
}

function writeWhole(file: number, bytes: Buffer): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  } catch (error) {
    throw new ToolFailure(`Error writing data to file: ${failureWords(error)}`);
  }
}
