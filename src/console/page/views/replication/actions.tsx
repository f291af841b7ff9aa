/** What changes who sends to whom: each is said in words before it is done. */

import { useSignal } from "@preact/signals";
import { Confirm } from "../../components/confirm.tsx";
import { toast } from "../../components/toast.tsx";
import { call } from "../../session.ts";
import { Field } from "./field.tsx";
import type { Topology } from "./topology.ts";

type Action = "follow" | "promote" | "failover" | "abort";

interface ActionsProps {
  readonly topology: Topology;
  readonly here: string;
  readonly done: () => void;
}

export function Actions({ topology, here, done }: ActionsProps) {
  const open = useSignal<Action | null>(null);
  const close = (): void => {
    open.value = null;
  };
  const props = { topology, here, done, close };
  const isFailingOver = topology.failover !== "no-failover";
  return (
    <div class="row">
      <button type="button" class="button" onClick={() => (open.value = "follow")}>
        {topology.role === "replica" ? "Follow another master" : "Become a replica"}
      </button>
      {topology.role === "replica" ? (
        <button type="button" class="button" onClick={() => (open.value = "promote")}>
          Become a master
        </button>
      ) : null}
      {topology.role === "master" && !isFailingOver && topology.replicas.some(isAble) ? (
        <button type="button" class="button" onClick={() => (open.value = "failover")}>
          Hand over to a replica
        </button>
      ) : null}
      {isFailingOver ? (
        <button type="button" class="button danger" onClick={() => (open.value = "abort")}>
          Call off the failover
        </button>
      ) : null}
      {open.value === "follow" ? <Follow {...props} /> : null}
      {open.value === "promote" ? <Promote {...props} /> : null}
      {open.value === "failover" ? <Failover {...props} /> : null}
      {open.value === "abort" ? <Abort {...props} /> : null}
    </div>
  );
}

interface DialogProps extends ActionsProps {
  readonly close: () => void;
}

/** Whether it can become the master. */
function isAble({ health, port }: Topology["replicas"][number]): boolean {
  return health === "good" && port !== 0;
}

function Follow({ topology, here, done, close }: DialogProps) {
  const host = useSignal("");
  const port = useSignal("6379");
  const target = host.value === "" ? "the server named above" : `${host.value}:${port.value}`;
  return (
    <Confirm
      title={topology.role === "replica" ? "Follow another master?" : "Become a replica?"}
      action="Drop the data and follow"
      isDangerous
      act={async () => {
        toast(String(await call("REPLICAOF", host.value.trim(), port.value.trim())));
        done();
      }}
      close={close}
    >
      <div class="row">
        <Field label="Host" value={host} isMono />
        <Field label="Port" value={port} isMono isNumber />
      </div>
      <p>
        REPLICAOF: {here} takes the data of {target}, and drops all of its own where the two have no common history. From then on it refuses
        writes of clients unless replica-read-only is off. It enters there with masteruser and masterauth (see Configuration).
      </p>
    </Confirm>
  );
}

function Promote({ topology, here, done, close }: DialogProps) {
  const { master } = topology;
  const isBehind = (master?.lagBytes ?? 0) > 0 || master?.health !== "good";
  return (
    <Confirm
      title="Become a master?"
      action="Become a master"
      isDangerous
      act={async () => {
        await call("REPLICAOF", "NO", "ONE");
        toast("This server is a master.");
        done();
      }}
      close={close}
    >
      <p>
        REPLICAOF NO ONE: {here} keeps its data, takes writes from now on, and hears no more of {master?.address}. That server stays as it
        is: where both take writes, they drift apart. Its replicas follow on.
      </p>
      {isBehind ? <p>The link is not up, or not all of what came is applied: what the master has written since then is not here.</p> : null}
    </Confirm>
  );
}

const ANY = "";

function Failover({ topology, here, done, close }: DialogProps) {
  const able = topology.replicas.filter(isAble);
  const target = useSignal(ANY);
  const timeout = useSignal("10000");
  const isForced = useSignal(false);
  const chosen = able.find(({ address }) => address === target.value);
  return (
    <Confirm
      title="Hand over to a replica?"
      action="Begin the failover"
      isDangerous
      act={async () => {
        const to = chosen === undefined ? [] : ["TO", chosen.host, chosen.port, ...(isForced.value ? ["FORCE"] : [])];
        const limit = timeout.value.trim() === "" ? [] : ["TIMEOUT", timeout.value.trim()];
        await call("FAILOVER", ...to, ...limit);
        toast("The failover has begun.");
        done();
      }}
      close={close}
    >
      <div class="row">
        <label class="field">
          <span>To</span>
          <select value={target.value} onChange={({ currentTarget }) => (target.value = currentTarget.value)}>
            <option value={ANY}>the first that has everything</option>
            {able.map(({ address }) => (
              <option key={address} value={address}>
                {address}
              </option>
            ))}
          </select>
        </label>
        <Field label="Given up after, ms" value={timeout} isMono isNumber />
      </div>
      {chosen === undefined ? null : (
        <label>
          <input type="checkbox" checked={isForced.value} onChange={({ currentTarget }) => (isForced.value = currentTarget.checked)} />{" "}
          After that time hand over all the same (FORCE): writes that the replica has not got are lost
        </label>
      )}
      <p>
        FAILOVER: {here} lets writes of clients wait until {chosen?.address ?? "a replica"} has all that there is, makes that one the
        master, and becomes its replica. Clients have to go there by themselves. Other replicas stay below this server.
      </p>
    </Confirm>
  );
}

function Abort({ done, close }: DialogProps) {
  return (
    <Confirm
      title="Call off the failover?"
      action="Call off"
      act={async () => {
        await call("FAILOVER", "ABORT");
        toast("The failover is called off.");
        done();
      }}
      close={close}
    >
      <p>FAILOVER ABORT: this server stays the master, and serves the writes that wait.</p>
    </Confirm>
  );
}
