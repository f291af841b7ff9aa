/** `replicant cli`: a redis-cli for machines that have none. */

import { readFileSync } from "node:fs";
import { fromBytes, toBytes } from "../../base/utf8.ts";
import { failureWords } from "../../config/error.ts";
import { REDIS_VERSION, VERSION } from "../../version.ts";
import { type Console, consoleOf, runWith, ToolFailure, wordBytes } from "./console.ts";
import { Help } from "./help.ts";
import { firstLineOf, readAll } from "./input.ts";
import { LineEditor } from "./line-editor.ts";
import { runMode } from "./modes.ts";
import { type Options, parseOptions, unquoted } from "./options.ts";
import { repl } from "./repl.ts";
import { showReplicaStream } from "./replica.ts";
import { Session } from "./session.ts";
import { usage } from "./usage.ts";

/** Runs it with the words behind `cli`. Returns the exit code. */
export function cliProgram(argv: readonly string[], process: NodeJS.Process): Promise<number> {
  const console = consoleOf(process);
  return runCli(wordBytes(argv), console);
}

/** The same with words that are bytes, on any console. */
export function runCli(argv: readonly string[], console: Console): Promise<number> {
  return runWith(console, async () => {
    // As in redis-cli, for what reads its output as a person would.
    const forPeople = console.outputIsTerminal || console.env.FAKETTY !== undefined;
    const parsed = parseOptions(argv, forPeople, (text) => console.complain(text));
    if (parsed.kind === "help") {
      console.print(usage());
      return 0;
    }
    if (parsed.kind === "run") return run(parsed.options, parsed.mode, console);
    console.print(`redis-cli ${REDIS_VERSION} (replicant ${VERSION})\n`);
    return 0;
  });
}

async function run(options: Options, mode: Parameters<typeof runMode>[0] | null, console: Console): Promise<number> {
  const { target } = options;
  const fromEnvironment = console.env.REDISCLI_AUTH;
  if (fromEnvironment !== undefined) target.password ??= toBytes(fromEnvironment);
  if (options.askPassword) target.password = await askPassword(console);
  const session = new Session(options, console, new Help());
  session.replicaOutput = showReplicaStream;
  try {
    if (mode !== null) return await runMode(mode, session);
    if (options.testHint !== null) {
      await session.help.load(session);
      console.print(`${session.help.hint(options.testHint) ?? ""}\n`);
      return 0;
    }
    if (options.evalFile !== null) return await runScript(options.evalFile, session);
    if (options.words.length > 0) return await runCommand(session);
    await session.connect();
    return await repl(session);
  } finally {
    session.connection?.close();
  }
}

/** At a terminal it is asked for; else it is the first line of the input, and nothing is printed. */
async function askPassword(console: Console): Promise<string> {
  if (console.input.isTTY !== true) return firstLineOf(console.input);
  const editor = new LineEditor(console, { masked: true });
  try {
    return (await editor.read("Please input password: ")) ?? "";
  } finally {
    editor.close();
  }
}

async function runCommand(session: Session): Promise<number> {
  const { options, console } = session;
  const words: string[] = [];
  for (const word of options.words) {
    const meant = options.quotedInput ? unquoted(word) : word;
    if (meant === null) {
      console.print("Invalid quoted string\n");
      return 1;
    }
    words.push(meant);
  }
  if (options.stdinLast) words.push(await readAll(console.input));
  if (options.stdinTag !== null) {
    const place = words.indexOf(options.stdinTag);
    if (place < 0) throw new ToolFailure("Using -X option but stdin tag not match.");
    words[place] = await readAll(console.input);
  }
  await session.connect(true);
  const held = await session.issue(words);
  while (session.subscribed) await session.readReply(false);
  return held ? 0 : 1;
}

function scriptIn(file: string): string {
  try {
    return readFileSync(fromBytes(file), "latin1");
  } catch (error) {
    throw new ToolFailure(`Can't open file '${file}': ${failureWords(error)}`);
  }
}

/** Has the server run the script in a file; the words are its keys, and its arguments behind a comma. */
async function runScript(file: string, session: Session): Promise<number> {
  await session.connected();
  const words = session.options.words;
  const comma = words.indexOf(",");
  const keys = comma < 0 ? words : words.slice(0, comma);
  const args = comma < 0 ? [] : words.slice(comma + 1);
  return (await session.issue(["EVAL", scriptIn(file), String(keys.length), ...keys, ...args])) ? 0 : 1;
}
