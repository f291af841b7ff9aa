/** This server's keys beside another one's: what to compare with, how far it is, and what differs. */

import { useSignal } from "@preact/signals";
import { Empty, Notice } from "../../components/notice.tsx";
import { type Column, Table } from "../../components/table.tsx";
import { count, readable } from "../../format.ts";
import { addressOfKey } from "../../key-address.ts";
import type { Work } from "../../live/progress.ts";
import { WorkLine } from "../../live/work-line.tsx";
import { type CountName, compareWith, comparison, type Difference, giveUp, type Report, type Target } from "./comparison.ts";
import { Field } from "./field.tsx";
import { addressOfServer, type Topology } from "./topology.ts";

interface CompareProps {
  readonly topology: Topology | null;
  readonly works: readonly Work[];
}

export function Compare({ topology, works }: CompareProps) {
  const { value } = comparison;
  const work = works.find(({ kind }) => kind === "compare");
  return (
    <section class="panel stack" aria-labelledby="compare">
      <h2 id="compare">Comparison</h2>
      <p class="soft">
        REPLICANT.COMPARE reads all keys of this server and of another one, and names those that differ. Clients of both are served
        meanwhile, and what seems to differ while it is written is looked at again.
      </p>
      {value.state === "running" ? null : <CompareForm topology={topology} />}
      {value.state === "running" ? (
        <div class="row">
          {work === undefined ? <span role="status">Comparing with {value.address} …</span> : <WorkLine work={work} />}
          <button type="button" class="button" onClick={giveUp}>
            Give up
          </button>
        </div>
      ) : null}
      {value.state === "failed" ? (
        <Notice kind="error">
          No comparison with {value.address}: {value.reason}
        </Notice>
      ) : null}
      {value.state === "done" ? <Outcome address={value.address} at={value.at} report={value.report} /> : null}
    </section>
  );
}

/** What was asked for last, but the password. */
let former: Omit<Target, "password"> | null = null;

function CompareForm({ topology }: { readonly topology: Topology | null }) {
  // Most wish to know whether both ends of a link have the same.
  const peer = topology?.master ?? topology?.replicas.find(({ port }) => port !== 0) ?? null;
  const host = useSignal(former?.host ?? peer?.host ?? "");
  const port = useSignal(former?.port ?? String(peer?.port ?? 6379));
  const user = useSignal(former?.user ?? "");
  const password = useSignal("");
  const sample = useSignal(former?.sample ?? "");
  const differences = useSignal(former?.differences ?? "100");
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    former = {
      address: addressOfServer(host.value.trim(), port.value.trim()),
      host: host.value.trim(),
      port: port.value.trim(),
      user: user.value,
      sample: sample.value.trim(),
      differences: differences.value.trim(),
    };
    const secret = password.value;
    password.value = "";
    void compareWith({ ...former, password: secret });
  };
  return (
    <form class="row ends" onSubmit={submit} aria-labelledby="compare">
      <Field label="Host" value={host} isMono />
      <Field label="Port" value={port} isMono isNumber />
      <Field label="User (or none)" value={user} isMono />
      <Field label="Password, not kept" value={password} isSecret />
      <Field label="Sample (or all keys)" value={sample} isMono isNumber />
      <Field label="Differences named" value={differences} isMono isNumber />
      <button type="submit" class="button primary" disabled={host.value.trim() === ""}>
        Compare
      </button>
    </form>
  );
}

const LABELS: Readonly<Record<CountName, string>> = {
  compared: "Compared",
  same: "Same",
  different: "Different",
  "missing-here": "Missing here",
  "missing-there": "Missing there",
  changing: "Kept changing",
};

const OFFSETS: Readonly<Record<string, string>> = {
  equal: "Both stood at the same offset of one history.",
  apart: "They have one history, and one did not catch up within ten seconds.",
  unrelated: "There is no replication between them.",
};

const COLUMNS: readonly Column<Difference>[] = [
  { id: "database", label: "Database", isNumber: true, by: ({ database }) => database, cell: ({ database }) => database },
  {
    id: "key",
    label: "Key",
    by: ({ key }) => readable(key),
    cell: ({ database, key, what }) =>
      what === "missing-here" ? <code>{readable(key)}</code> : <a href={addressOfKey(database, key)}>{<code>{readable(key)}</code>}</a>,
  },
  { id: "what", label: "What differs", by: ({ what }) => what, cell: ({ what }) => what.replace("-", " ") },
];

function Outcome({ address, at, report }: { readonly address: string; readonly at: Date; readonly report: Report }) {
  const { counts, offsets, differences } = report;
  const differing = counts.different + counts["missing-here"] + counts["missing-there"];
  const isAllNamed = differences.length >= differing;
  return (
    <div class="stack">
      <p role="status">
        <span class={`badge ${differing === 0 ? "good" : "bad"}`}>{differing === 0 ? "the same" : `${count(differing)} keys differ`}</span>{" "}
        {address}, {at.toTimeString().slice(0, 8)}. {OFFSETS[offsets] ?? offsets}
      </p>
      <dl class="tiles">
        {(Object.keys(LABELS) as CountName[]).map((name) => (
          <div key={name} class="tile">
            <dt>{LABELS[name]}</dt>
            <dd>{count(counts[name])}</dd>
          </div>
        ))}
      </dl>
      {differing === 0 ? (
        <Empty>No key differs.</Empty>
      ) : (
        <>
          {isAllNamed ? null : <p class="soft">The first {count(differences.length)} of them:</p>}
          <Table caption="Keys that differ" columns={COLUMNS} rows={differences} rowKey={(_, index) => index} />
        </>
      )}
    </div>
  );
}
