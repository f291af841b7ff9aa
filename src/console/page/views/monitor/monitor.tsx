/** Requests of all clients as they come. It costs the server, so it begins only when told to, and ends when the page is hidden. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Confirm } from "../../components/confirm.tsx";
import { Empty, Notice } from "../../components/notice.tsx";
import { type Column, Table } from "../../components/table.tsx";
import { count } from "../../format.ts";
import { type Link, LinkError } from "../../link.ts";
import { openLink } from "../../session.ts";
import type { View } from "../view.ts";
import { MonitorBuffer, type MonitorLine } from "./monitor-line.ts";

const KEPT_LINES = 5000;
const SHOWN_LINES = 200;
const SHOW_EVERY_MS = 250;

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

function Monitor() {
  const link = useRef<Link | null>(null);
  const buffer = useRef(new MonitorBuffer(KEPT_LINES));
  const isAsking = useSignal(false);
  const state = useSignal<"off" | "on">("off");
  const isPaused = useSignal(false);
  const problem = useSignal<string | null>(null);
  const text = useSignal("");
  const client = useSignal("");
  const database = useSignal("");
  const shown = useSignal<readonly MonitorLine[]>([]);
  const figures = useSignal({ count: 0, dropped: 0, rate: 0 });

  const filter = { text: text.value, client: client.value, database: database.value === "" ? null : Number(database.value) };
  const show = (): void => {
    shown.value = buffer.current.newest(filter, SHOWN_LINES);
  };
  const stop = (why: string | null): void => {
    problem.value = why;
    state.value = "off";
    const open = link.current;
    link.current = null;
    open?.close();
  };
  const start = async (): Promise<void> => {
    problem.value = null;
    const opened = await openLink();
    try {
      await opened.call("MONITOR");
    } catch (error) {
      opened.close();
      throw error;
    }
    buffer.current = new MonitorBuffer(KEPT_LINES);
    shown.value = [];
    isPaused.value = false;
    opened.onPush = (line) => buffer.current.add(String(line));
    opened.onClose = () => {
      if (link.current === opened) stop("The server closed the connection: it ended, or this page read too slowly.");
    };
    link.current = opened;
    state.value = "on";
  };
  useEffect(() => {
    const hidden = (): void => {
      if (document.hidden && link.current !== null) stop("Stopped, since the page was hidden: MONITOR costs the server throughput.");
    };
    document.addEventListener("visibilitychange", hidden);
    return () => {
      document.removeEventListener("visibilitychange", hidden);
      const open = link.current;
      link.current = null;
      open?.close(new LinkError("The view was left."));
    };
  }, []);
  useEffect(() => {
    if (state.value !== "on") return;
    let before = { at: performance.now(), count: buffer.current.count };
    const timer = setInterval(() => {
      const { count: all, dropped } = buffer.current;
      const now = performance.now();
      if (now - before.at >= 1000) {
        figures.value = { count: all, dropped, rate: ((all - before.count) * 1000) / (now - before.at) };
        before = { at: now, count: all };
      } else if (all !== figures.value.count) figures.value = { ...figures.value, count: all, dropped };
      if (!isPaused.value) show();
    }, SHOW_EVERY_MS);
    return () => clearInterval(timer);
  }, [state.value, text.value, client.value, database.value]);
  useEffect(show, [text.value, client.value, database.value]);

  const isOn = state.value === "on";
  return (
    <>
      <div class="head">
        <h1>Monitor</h1>
        {isOn ? (
          <>
            <button type="button" class="button" aria-pressed={isPaused.value} onClick={() => (isPaused.value = !isPaused.value)}>
              {isPaused.value ? "Go on" : "Pause"}
            </button>
            <button type="button" class="button" onClick={() => stop(null)}>
              Stop
            </button>
          </>
        ) : (
          <button type="button" class="button primary" onClick={() => (isAsking.value = true)}>
            Start …
          </button>
        )}
      </div>
      {problem.value === null ? null : <Notice kind="warning">{problem.value}</Notice>}
      <section class="panel stack">
        <div class="row fields">
          <label class="field">
            <span>Text in the request</span>
            <input type="search" value={text.value} onInput={({ currentTarget }) => (text.value = currentTarget.value)} />
          </label>
          <label class="field">
            <span>Client's address</span>
            <input
              type="text"
              placeholder="127.0.0.1:"
              value={client.value}
              onInput={({ currentTarget }) => (client.value = currentTarget.value.trim())}
            />
          </label>
          <label class="field">
            <span>Database</span>
            <input
              type="number"
              min={0}
              placeholder="all"
              value={database.value}
              onInput={({ currentTarget }) => (database.value = currentTarget.value)}
            />
          </label>
          <p class="soft number monitor-figures" role="status">
            {count(figures.value.count)} requests, {count(Math.round(figures.value.rate))}/s
            {figures.value.dropped > 0 ? `; ${count(figures.value.dropped)} dropped: the last ${count(KEPT_LINES)} are kept` : ""}
            {isPaused.value ? "; paused, they still come" : ""}
          </p>
        </div>
        <Lines isOn={isOn} shown={shown.value} all={figures.value.count} />
      </section>
      {isAsking.value ? (
        <Confirm title="Watch all requests?" action="Start MONITOR" act={start} close={() => (isAsking.value = false)}>
          <p>
            The server will write every request of every client to this page as well. That costs it throughput, up to half of it when it is
            busy, until you stop. Keys and values of all clients will be seen here; passwords are left out.
          </p>
        </Confirm>
      ) : null}
    </>
  );
}

function Lines({ isOn, shown, all }: { readonly isOn: boolean; readonly shown: readonly MonitorLine[]; readonly all: number }) {
  if (shown.length > 0) return <Table caption="Requests, the newest first" columns={COLUMNS} rows={shown} rowKey={({ id }) => id} />;
  if (!isOn && all === 0) return <Empty>What clients ask of the server appears here, the newest first, once MONITOR is started.</Empty>;
  if (all === 0) return <Empty>No client has asked anything yet.</Empty>;
  return <Empty>Nothing that is kept passes these filters.</Empty>;
}

const COLUMNS: readonly Column<MonitorLine>[] = [
  {
    id: "time",
    label: "When",
    isNumber: true,
    cell: ({ time }) => (
      <span class="nowrap">
        {clock.format(time * 1000)}.{String(Math.floor(time * 1e6) % 1_000_000).padStart(6, "0")}
      </span>
    ),
  },
  { id: "database", label: "Database", isNumber: true, cell: ({ database }) => (database < 0 ? "" : database) },
  { id: "client", label: "Client", cell: ({ client }) => <span class="nowrap">{client}</span> },
  { id: "request", label: "Request", cell: ({ request }) => <code class="request">{request}</code> },
];

export const MONITOR: View = { id: "monitor", title: "Monitor", key: "m", component: Monitor };
