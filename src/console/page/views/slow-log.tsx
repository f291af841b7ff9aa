/** The requests that took longest, and those that were, or had answered, the most bytes. */

import { useSignal } from "@preact/signals";
import { Confirm } from "../components/confirm.tsx";
import { Empty, Failure } from "../components/notice.tsx";
import { type Column, Table } from "../components/table.tsx";
import { Tabs } from "../components/tabs.tsx";
import { toast } from "../components/toast.tsx";
import { bytes, microseconds, moment, readable } from "../format.ts";
import { usePoll } from "../poll.ts";
import { addressOf } from "../route.ts";
import { call, callForBytes } from "../session.ts";
import type { View } from "./view.ts";

interface Log {
  readonly id: string;
  readonly title: string;
  /** What is in it: "Requests of 10 ms or more". */
  readonly what: string;
  /** What its figures are called, and how they are written. */
  readonly measure: string;
  readonly format: (value: number) => string;
  /** The directive from which on requests are noted. */
  readonly threshold: string;
  readonly nothing: string;
}

const LOGS: readonly [Log, ...Log[]] = [
  {
    id: "slow",
    title: "Slow",
    what: "Requests",
    measure: "Took",
    format: microseconds,
    threshold: "slowlog-log-slower-than",
    nothing: "No request has taken that long.",
  },
  {
    id: "large-request",
    title: "Large requests",
    what: "Requests",
    measure: "Size",
    format: bytes,
    threshold: "commandlog-request-larger-than",
    nothing: "No request has been that large.",
  },
  {
    id: "large-reply",
    title: "Large replies",
    what: "Replies",
    measure: "Size",
    format: bytes,
    threshold: "commandlog-reply-larger-than",
    nothing: "No reply has been that large.",
  },
];

interface Entry {
  readonly id: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly amount: number;
  readonly request: string;
  readonly client: string;
}

const REFRESH_MS = 2000;
const ALL = -1;

async function entriesOf(log: Log): Promise<Entry[]> {
  const entries = (await callForBytes("COMMANDLOG", "GET", ALL, log.id)) as [
    number,
    number,
    number,
    Uint8Array[],
    Uint8Array,
    Uint8Array,
  ][];
  return entries.map(([id, time, amount, words, address, name]) => ({
    id,
    time,
    amount,
    request: words.map(quoted).join(" "),
    client: name.length === 0 ? readable(address) : `${readable(name)} (${readable(address)})`,
  }));
}

function quoted(word: Uint8Array): string {
  const text = readable(word);
  return text === "" || /[\s"']/.test(text) ? `"${text.replace(/"/g, '\\"')}"` : text;
}

async function thresholdOf(log: Log): Promise<number> {
  const values = (await call("CONFIG", "GET", log.threshold)) as Map<string, string>;
  return Number(values.get(log.threshold) ?? "-1");
}

function SlowLog() {
  const shown = useSignal(LOGS[0].id);
  const isResetting = useSignal(false);
  const log = LOGS.find(({ id }) => id === shown.value) ?? LOGS[0];
  const asked = usePoll(() => entriesOf(log), REFRESH_MS, [log.id]);
  const threshold = usePoll(() => thresholdOf(log), REFRESH_MS * 5, [log.id]);
  const entries = asked.data.value;
  return (
    <>
      <div class="head">
        <h1>Slow log</h1>
        <button type="button" class="button" onClick={() => (isResetting.value = true)}>
          Empty this log
        </button>
      </div>
      <Tabs label="Logs" tabs={LOGS} shown={shown.value} show={(id) => (shown.value = id)}>
        {asked.error.value === null ? null : <Failure text={asked.error.value} retry={asked.refresh} />}
        <section class="panel">
          <Threshold log={log} value={threshold.data.value} />
          {entries === null ? null : entries.length === 0 ? (
            <Empty>{log.nothing}</Empty>
          ) : (
            <Table key={log.id} caption={log.title} columns={columnsOf(log)} rows={entries} rowKey={({ id }) => id} sortedBy="time" />
          )}
        </section>
      </Tabs>
      {isResetting.value ? (
        <Confirm
          title={`Empty the log "${log.title}"?`}
          action="Empty it"
          isDangerous
          act={async () => {
            await call("COMMANDLOG", "RESET", log.id);
            asked.refresh();
            toast("The log is empty.");
          }}
          close={() => (isResetting.value = false)}
        >
          <p>Its {entries?.length ?? 0} entries are gone then, for everyone.</p>
        </Confirm>
      ) : null}
    </>
  );
}

function Threshold({ log, value }: { readonly log: Log; readonly value: number | null }) {
  if (value === null) return null;
  const address = addressOf("configuration", { search: log.threshold });
  return (
    <p class="soft">
      {value < 0 ? "Nothing is logged: " : `${log.what} of ${log.format(value)} or more are logged: `}
      <a href={address}>{log.threshold}</a>
    </p>
  );
}

function columnsOf({ measure, format }: Log): readonly Column<Entry>[] {
  return [
    {
      id: "time",
      label: "When",
      isNumber: true,
      by: ({ time, id }) => time + id / 1e9,
      cell: ({ time }) => <span class="when">{moment(time)}</span>,
    },
    { id: "amount", label: measure, isNumber: true, by: ({ amount }) => amount, cell: ({ amount }) => format(amount) },
    { id: "request", label: "Request", by: ({ request }) => request, cell: ({ request }) => <code class="request">{request}</code> },
    { id: "client", label: "Client", by: ({ client }) => client, cell: ({ client }) => <span class="nowrap">{client}</span> },
  ];
}

export const SLOW_LOG: View = { id: "slow-log", title: "Slow log", key: "s", component: SlowLog };
