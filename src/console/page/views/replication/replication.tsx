/** Who sends to whom, how far they are, and what may be done about it. */

import type { ComponentChildren } from "preact";
import { Failure, Notice } from "../../components/notice.tsx";
import { bytes, count, duration } from "../../format.ts";
import { askInfo, askProgress } from "../../live/ask.ts";
import { figure, type Info } from "../../live/info.ts";
import type { Work } from "../../live/progress.ts";
import { usePoll } from "../../poll.ts";
import type { View } from "../view.ts";
import { Actions } from "./actions.tsx";
import { Compare } from "./compare.tsx";
import { Links } from "./links.tsx";
import { Picture } from "./picture.tsx";
import { type Topology, topologyOf } from "./topology.ts";

const PERIOD_MS = 1000;

interface Asked {
  readonly info: Info;
  readonly topology: Topology;
  readonly works: readonly Work[];
}

async function ask(): Promise<Asked> {
  const [info, works] = await Promise.all([askInfo("server", "replication", "stats"), askProgress()]);
  return { info, topology: topologyOf(info, works), works };
}

function Replication() {
  const asked = usePoll(ask, PERIOD_MS);
  const { value } = asked.data;
  const here = `${location.hostname}:${value?.info.tcp_port ?? ""}`;
  return (
    <>
      <div class="head">
        <h1>Replication</h1>
        {value === null ? null : <Actions topology={value.topology} here={here} done={asked.refresh} />}
      </div>
      {asked.error.value === null ? null : <Failure text={asked.error.value} retry={asked.refresh} />}
      {value === null ? null : <Shown {...value} here={here} />}
      {value === null ? null : <Compare topology={value.topology} works={value.works} />}
    </>
  );
}

function Shown({ info, topology, here }: Asked & { readonly here: string }) {
  const { master, masterError, downSeconds, failover } = topology;
  return (
    <>
      {failover === "no-failover" ? null : <Notice kind="warning">A failover is under way: {failover}.</Notice>}
      {masterError === null ? null : <Notice kind="error">The link to the master is given up: {masterError}</Notice>}
      {master === null || master.health !== "bad" ? null : (
        <Notice kind="warning">
          The link to {master.address} is down{downSeconds === null || downSeconds < 0 ? "" : ` for ${duration(downSeconds)}`}. What this
          server has may be old.
        </Notice>
      )}
      <section class="panel stack" aria-label="Servers and their links">
        <Picture topology={topology} here={here} />
        <Links topology={topology} />
      </section>
      <History info={info} topology={topology} />
    </>
  );
}

function History({ info, topology }: { readonly info: Info; readonly topology: Topology }) {
  const { offset, history, formerHistory, formerOffset, backlog } = topology;
  const good = figure(info, "min_slaves_good_slaves");
  return (
    <section class="panel" aria-labelledby="history">
      <h2 id="history">History and backlog</h2>
      <dl class="link-facts">
        <Fact name="Offset">{count(offset)}</Fact>
        <Fact name="Name of the history">
          <code>{history}</code>
        </Fact>
        {formerHistory === null ? null : (
          <Fact name="Before that">
            <code>{formerHistory}</code> to offset {count(formerOffset ?? 0)}
          </Fact>
        )}
        <Fact name="Backlog">
          {backlog === null ? (
            "none yet: it begins with the first replica"
          ) : (
            <>
              {bytes(backlog.held)} of {bytes(backlog.size)}, from offset {count(backlog.first)}: a replica that was away for less goes on
              where it was
              <progress aria-label="Backlog" max={backlog.size} value={Math.min(backlog.held, backlog.size)} />
            </>
          )}
        </Fact>
        <Fact name="Synchronizations">
          {count(figure(info, "sync_full") ?? 0)} full, {count(figure(info, "sync_partial_ok") ?? 0)} gone on with,{" "}
          {count(figure(info, "sync_partial_err") ?? 0)} that could not be
        </Fact>
        {topology.master === null ? null : (
          <Fact name="Writes of clients">{topology.isReadOnly ? "refused (replica-read-only)" : "taken"}</Fact>
        )}
        {good === null ? null : <Fact name="Replicas good enough to write">{count(good)} (min-replicas-to-write)</Fact>}
      </dl>
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

export const REPLICATION: View = { id: "replication", title: "Replication", key: "r", component: Replication };
