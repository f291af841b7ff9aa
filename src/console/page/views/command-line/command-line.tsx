/** A terminal: commands typed, replies shown as trees, what the server says about a command beside it. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Confirm } from "../../components/confirm.tsx";
import { Notice } from "../../components/notice.tsx";
import { toast } from "../../components/toast.tsx";
import { count, microseconds } from "../../format.ts";
import { listOf, wordOf } from "../../reply.ts";
import { Push } from "../../resp.ts";
import { call, wordsOf as wordsOfError } from "../../session.ts";
import type { View } from "../view.ts";
import { type CommandDocs, type CommandEntry, commandDocs } from "./command-docs.ts";
import { dangerOf, type Facts } from "./dangers.ts";
import { remember } from "./history.ts";
import { Prompt } from "./prompt.tsx";
import { jsonOfReply, textOfReply } from "./reply-text.ts";
import { ReplyTree } from "./reply-tree.tsx";
import { type Exchange, Terminal } from "./terminal.ts";
import { namesOf, wordsOfLine } from "./words.ts";

interface Question {
  readonly lines: readonly string[];
  /** What lines of them would do, by line. */
  readonly dangers: readonly (string | null)[];
}

function CommandLine() {
  const held = useRef<Terminal | null>(null);
  held.current ??= new Terminal();
  const terminal = held.current;
  const docs = useSignal<CommandDocs | null>(null);
  const problem = useSignal<string | null>(null);
  const entry = useSignal<CommandEntry | null>(null);
  const question = useSignal<Question | null>(null);
  const log = useRef<HTMLDivElement>(null);
  const isStopped = useRef(false);
  useEffect(() => {
    commandDocs().then(
      (loaded) => (docs.value = loaded),
      (error) => (problem.value = `Without completion and help: ${wordsOfError(error)}`),
    );
    return () => terminal.close();
  }, [terminal]);
  useEffect(() => {
    if (log.current !== null) log.current.scrollTop = log.current.scrollHeight;
  }, [terminal.exchanges.value]);

  const runAll = async (lines: readonly string[]): Promise<void> => {
    isStopped.current = false;
    for (const line of lines) {
      if (isStopped.current) break;
      remember(line);
      await terminal.run(line);
    }
  };
  const submit = async (lines: readonly string[]): Promise<void> => {
    if (lines.every((line) => line.trim() === "")) return;
    if (terminal.isBusy.value) {
      toast("The command before still runs; Ctrl-C breaks it off.");
      return;
    }
    const dangers = await Promise.all(lines.map((line) => questionOf(line, terminal.database.value)));
    if (lines.length > 1 || dangers.some((danger) => danger !== null)) question.value = { lines, dangers };
    else await runAll(lines);
  };
  const interrupt = (): void => {
    isStopped.current = true;
    terminal.interrupt();
  };
  return (
    <>
      <div class="head">
        <h1>Command line</h1>
        {terminal.queued.value === null ? null : <span class="badge warn">MULTI, {count(terminal.queued.value)} queued</span>}
        {terminal.listens.value === null ? null : <span class="badge good">listens to {terminal.listens.value}</span>}
        {terminal.isBusy.value || terminal.listens.value !== null ? (
          <button type="button" class="button" onClick={interrupt}>
            Break off (Ctrl-C)
          </button>
        ) : null}
        <button type="button" class="button" onClick={() => terminal.clear()}>
          Clear (Ctrl-L)
        </button>
      </div>
      {problem.value === null ? null : <Notice kind="warning">{problem.value}</Notice>}
      <div class="terminal">
        <section class="panel terminal-main" aria-label="Conversation">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
          <div class="exchanges" ref={log} role="log" aria-label="Replies" tabIndex={0}>
            {terminal.dropped.value > 0 ? <p class="soft">{count(terminal.dropped.value)} older ones are not shown any more.</p> : null}
            {terminal.exchanges.value.length === 0 ? (
              <p class="soft">Type a command. Tab completes, the arrows bring back earlier lines, Ctrl-R searches them.</p>
            ) : null}
            {terminal.exchanges.value.map((exchange) => (
              <ExchangeShown key={exchange.id} exchange={exchange} />
            ))}
          </div>
          <Prompt
            prompt={terminal.prompt.value}
            docs={docs.value}
            typed={(line) => (entry.value = docs.value?.entryOf(line) ?? null)}
            submit={(line) => void submit([line])}
            pasted={(lines) => void submit(lines)}
            clear={() => terminal.clear()}
            interrupt={interrupt}
          />
        </section>
        <Help entry={entry.value} />
      </div>
      {question.value === null ? null : (
        <Ask question={question.value} close={() => (question.value = null)} run={(lines) => void runAll(lines)} />
      )}
    </>
  );
}

function ExchangeShown({ exchange }: { readonly exchange: Exchange }) {
  const { prompt, line, reply, note, took, at } = exchange;
  const copy = (text: string): void => {
    navigator.clipboard.writeText(text).then(
      () => toast("Copied."),
      () => toast("The browser does not let this page copy.", "error"),
    );
  };
  return (
    <article class="exchange mono">
      {line === null ? (
        <p class="soft">
          {reply instanceof Push ? "pushed" : "came"} {new Date(at).toLocaleTimeString("en-GB")}
        </p>
      ) : (
        <p class="asked">
          <span class="soft">{prompt}</span> {line}
        </p>
      )}
      {note === null ? null : <p class="warning-text">{note}</p>}
      {reply === undefined ? (
        note === null ? (
          <p class="soft">waiting …</p>
        ) : null
      ) : (
        <div class="replied">
          <ReplyTree reply={reply} />
          <span class="exchange-tools soft">
            {took === null ? null : microseconds(took * 1000)}
            <button type="button" class="button quiet" onClick={() => copy(textOfReply(reply))}>
              Copy text
            </button>
            <button type="button" class="button quiet" onClick={() => copy(jsonOfReply(reply))}>
              Copy JSON
            </button>
          </span>
        </div>
      )}
    </article>
  );
}

function Help({ entry }: { readonly entry: CommandEntry | null }) {
  return (
    <aside class="panel terminal-help" aria-label="Help about the command">
      {entry === null ? (
        <p class="soft">What the server says about the command that is being typed.</p>
      ) : (
        <div class="stack">
          <h2 class="mono">{entry.name}</h2>
          <code>
            {entry.name} {entry.syntax}
          </code>
          <p>{entry.summary}</p>
          <dl class="command-facts">
            {[
              ["Group", entry.group],
              ["Since", entry.since],
              ["Complexity", entry.complexity],
            ].map(([name, value]) =>
              value === "" ? null : (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ),
            )}
          </dl>
        </div>
      )}
    </aside>
  );
}

interface AskProps {
  readonly question: Question;
  readonly close: () => void;
  readonly run: (lines: readonly string[]) => void;
}

function Ask({ question: { lines, dangers }, close, run }: AskProps) {
  const isMany = lines.length > 1;
  const isDangerous = dangers.some((danger) => danger !== null);
  return (
    <Confirm
      title={isMany ? `Run ${count(lines.length)} lines, one after the other?` : "Run this?"}
      action={isMany ? "Run them" : "Run it"}
      isDangerous={isDangerous}
      act={async () => run(lines)}
      close={close}
    >
      <ol class="asked-lines">
        {lines.map((line, index) => (
          <li key={index}>
            <code>{line}</code>
            {dangers[index] == null ? null : <p class="danger-text">{dangers[index]}</p>}
          </li>
        ))}
      </ol>
    </Confirm>
  );
}

/** What must be asked before the line is run; null: nothing. */
async function questionOf(line: string, database: number): Promise<string | null> {
  const words = wordsOfLine(line);
  if (words === null || words.length === 0) return null;
  const names = namesOf(words);
  const isDangerous = await isOfDangerous(names);
  const unknown: Facts = { keysHere: null, keysInAll: null, database, isDangerous };
  // How many keys there are is asked only where it will be said.
  if (dangerOf(names, unknown) === null) return null;
  return dangerOf(names, { ...unknown, ...(await keysOf(database)) });
}

const categories = new Map<string, Promise<boolean>>();

/** Whether the server has the command among @dangerous; asked once for each. */
function isOfDangerous([first = "", second = ""]: readonly string[]): Promise<boolean> {
  const name = first.toLowerCase();
  const full = `${name}|${second.toLowerCase()}`;
  const known = categories.get(full) ?? askCategories(name, full);
  categories.set(full, known);
  return known;
}

async function askCategories(name: string, full: string): Promise<boolean> {
  try {
    const [whole, part] = listOf(await call("COMMAND", "INFO", name, full));
    const info = part ?? whole;
    return listOf(listOf(info)[6]).some((category) => wordOf(category) === "@dangerous");
  } catch {
    return false; // who may not ask is refused the command itself, too, as a rule
  }
}

async function keysOf(database: number): Promise<Pick<Facts, "keysHere" | "keysInAll">> {
  try {
    const lines = String(await call("INFO", "keyspace")).split("\r\n");
    const sizes = lines.map((line) => /^db(\d+):keys=(\d+)/.exec(line)).filter((found) => found !== null);
    const keysHere = Number(sizes.find(([, number]) => Number(number) === database)?.[2] ?? 0);
    return { keysHere, keysInAll: sizes.reduce((sum, [, , keys]) => sum + Number(keys), 0) };
  } catch {
    return { keysHere: null, keysInAll: null };
  }
}

export const COMMAND_LINE: View = { id: "command-line", title: "Command line", key: "x", component: CommandLine };
