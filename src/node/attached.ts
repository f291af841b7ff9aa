/**
 * `replicant attached`: the executable as a part of the program that started it. It is told what to be, a server or a feed of changes, on its
 * standard input, answers on its standard output (messages.ts), and ends when the input does: when the program wants it to, or is gone.
 */

import { asBytes, asText } from "../changes/events.ts";
import { FollowError } from "../follow/error.ts";
import { openFeed } from "../follow/open.ts";
import { type ListeningReplicant, Replicant } from "../index.ts";
import type { FollowWords, FromAttached, Question, StartWords, ToAttached } from "./messages.ts";
import { fromLine, Lines, toLine } from "./transfer.ts";

/** How often it is looked where a feed is. */
const POSITION_MS = 100;

/** Writes a line. Resolves when there is room for more. */
type Say = (message: FromAttached) => Promise<void>;

/** What a process has for it. */
export interface Surroundings {
  readonly input: AsyncIterable<string>;
  /** Resolves when there is room for more. Errors: the system's. */
  readonly print: (text: string) => Promise<void>;
}

/** Resolves with the exit code. */
export async function attached({ input, print }: Surroundings): Promise<number> {
  let last = Promise.resolve();
  const say: Say = (message) => {
    const line = toLine(message);
    last = last.then(() => print(line));
    return last;
  };
  const lines = messagesOf(input);
  const { value: first } = await lines.next();
  if (first === undefined) return 0;
  if ("start" in first) return serve(first.start, lines, say);
  if ("follow" in first) return feed(first.follow, lines, say);
  return 1;
}

async function* messagesOf(input: AsyncIterable<string>): AsyncGenerator<ToAttached, void> {
  const lines = new Lines();
  for await (const piece of input) for (const line of lines.take(piece)) yield fromLine(line) as ToAttached;
}

async function serve({ options, tellLog }: StartWords, messages: AsyncIterable<ToAttached>, say: Say): Promise<number> {
  let server: ListeningReplicant;
  try {
    server = await Replicant.start(tellLog ? { ...options, log: (line) => void say({ log: line }) } : options);
  } catch (error) {
    await say({ failed: described(error) });
    return 1;
  }
  const { port, url, now } = server;
  await say({ ready: { port, url, pid: process.pid, now } });
  const asked = (async () => {
    for await (const message of messages) if ("ask" in message) void answer(server, message.id, message.ask, say);
  })();
  await Promise.race([asked, server.stopped]);
  await server.stop();
  return 0;
}

async function answer(server: ListeningReplicant, id: number, question: Question, say: Say): Promise<void> {
  try {
    const bytes = await answerTo(server, question, say);
    await say({ id, answer: bytes, now: server.now });
  } catch (error) {
    await say({ id, error: described(error) });
  }
}

async function answerTo(server: ListeningReplicant, question: Question, say: Say): Promise<Uint8Array | null> {
  switch (question.what) {
    case "snapshot":
      return server.snapshot();
    case "restore":
      await server.restore(question.image);
      return null;
    case "flush":
      await server.flush();
      return null;
    case "reset":
      await server.reset();
      return null;
    case "advance":
      await server.advance(question.milliseconds);
      return null;
    case "commands":
      tellCommands(server, question.wanted, say);
      return null;
  }
}

/** The listener of each server that tells of commands. */
const tellers = new WeakMap<ListeningReplicant, (command: Extract<FromAttached, { command: unknown }>["command"]) => void>();

function tellCommands(server: ListeningReplicant, wanted: boolean, say: Say): void {
  const teller = tellers.get(server) ?? ((command) => void say({ command }));
  tellers.set(server, teller);
  if (wanted) server.on("command", teller);
  else server.off("command", teller);
}

async function feed({ urls, options, tellLog }: FollowWords, messages: AsyncGenerator<ToAttached, void>, say: Say): Promise<number> {
  const ending = new AbortController();
  void messages.next().finally(() => ending.abort());
  let stopTelling = (): void => {};
  const log = tellLog ? { log: (line: string) => void say({ log: line }) } : {};
  try {
    const all = { ...options, ...log, signal: ending.signal };
    const source = options.bytes === true ? openFeed(urls, all, asBytes) : openFeed(urls, all, asText);
    stopTelling = tellPosition(source, say);
    for await (const events of source.batches()) {
      const [{ position }] = events.slice(-1);
      await say({ events, position });
    }
    return 0;
  } catch (error) {
    const { code, message } = error instanceof FollowError ? error : new FollowError("DATA", described(error).message);
    await say({ ended: { code, message } });
    return 1;
  } finally {
    stopTelling();
  }
}

/** Tells where the feed is as that moves: also without events, when what the source does concerns no one. Returns what ends it. */
function tellPosition(source: { readonly position: string }, say: Say): () => void {
  let { position } = source;
  let isSaying = false;
  const timer = setInterval(() => {
    // While events are on their way their positions are before this one, which is that of what was taken.
    if (isSaying || source.position === position) return;
    position = source.position;
    isSaying = true;
    void say({ position }).finally(() => {
      isSaying = false;
    });
  }, POSITION_MS);
  return () => clearInterval(timer);
}

function described(error: unknown): { name: string; message: string } {
  return error instanceof Error ? { name: error.name, message: error.message } : { name: "Error", message: String(error) };
}
