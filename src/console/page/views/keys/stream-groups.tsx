/** The groups of a stream: their consumers, and what waits to be acknowledged. */

import { useSignal } from "@preact/signals";
import { Empty, Failure } from "../../components/notice.tsx";
import { type Column, Table } from "../../components/table.tsx";
import { count, duration, readable } from "../../format.ts";
import { latin1 } from "../../octets.ts";
import { type Fields, fieldsOf, listOf, numberOf, octetsIn, wordOf } from "../../reply.ts";
import type { Reply, Word } from "../../resp.ts";
import { ElementBar, RowActions } from "./element-bar.tsx";
import { GroupDialog, type GroupQuestion } from "./group-dialogs.tsx";
import { useRead } from "./reading.ts";
import type { ShownKey } from "./shown-key.ts";
import type { TypeViewProps } from "./type-view.ts";

const PENDING = 50;

export function Groups({ shown, facts: { whyNot } }: TypeViewProps) {
  const opened = useSignal<string | null>(null);
  const question = useSignal<GroupQuestion | null>(null);
  const { data, error, refresh } = useRead(shown, async () =>
    listOf(await shown.link.callForBytes("XINFO", "GROUPS", shown.name)).map(fieldsOf),
  );
  const groups = data.value?.value;
  return (
    <section class="stack" aria-label="Groups">
      <div class="row">
        <h3>Groups</h3>
        <ElementBar whyNot={whyNot} actions={[{ text: "Create a group …", run: () => (question.value = { what: "create" }) }]} />
      </div>
      {error.value === null ? null : <Failure text={error.value} retry={refresh} />}
      {groups === undefined ? null : groups.length === 0 ? (
        <Empty>No consumer groups read this stream.</Empty>
      ) : (
        <Table
          caption="Groups"
          rows={groups}
          rowKey={({ name }) => latin1(octetsIn(name))}
          columns={groupColumns({
            whyNot,
            opened: opened.value,
            toggle: (id) => (opened.value = opened.value === id ? null : id),
            ask: (asked) => (question.value = asked),
          })}
        />
      )}
      {groups?.map((group) =>
        opened.value === latin1(octetsIn(group.name)) ? (
          <Group key={opened.value} shown={shown} name={octetsIn(group.name)} whyNot={whyNot} ask={(asked) => (question.value = asked)} />
        ) : null,
      )}
      {question.value === null ? null : (
        <GroupDialog key={question.value.what} shown={shown} question={question.value} close={() => (question.value = null)} />
      )}
    </section>
  );
}

interface GroupTable {
  readonly whyNot: string | null;
  readonly opened: string | null;
  readonly toggle: (id: string) => void;
  readonly ask: (question: GroupQuestion) => void;
}

function groupColumns({ whyNot, opened, toggle, ask }: GroupTable): readonly Column<Fields>[] {
  const nameOf = (group: Fields): Uint8Array => octetsIn(group.name);
  const lastOf = (group: Fields): string => wordOf(group["last-delivered-id"]);
  return [
    {
      id: "name",
      label: "Group",
      cell: (group) => {
        const id = latin1(nameOf(group));
        return (
          <button type="button" class="button quiet opener mono" aria-expanded={opened === id} onClick={() => toggle(id)}>
            {readable(nameOf(group))}
          </button>
        );
      },
    },
    { id: "consumers", label: "Consumers", isNumber: true, cell: ({ consumers }) => count(numberOf(consumers)) },
    { id: "pending", label: "Pending", isNumber: true, cell: ({ pending }) => count(numberOf(pending)) },
    { id: "last", label: "Last delivered ID", cell: (group) => <span class="mono nowrap">{lastOf(group)}</span> },
    { id: "lag", label: "Lag", isNumber: true, cell: ({ lag }) => (Number.isNaN(numberOf(lag)) ? "unknown" : count(numberOf(lag))) },
    {
      id: "actions",
      label: "Actions",
      cell: (group) => (
        <RowActions
          name={readable(nameOf(group))}
          whyNot={whyNot}
          actions={[
            { text: "Position", run: () => ask({ what: "position", group: nameOf(group), at: lastOf(group) }) },
            { text: "New consumer", run: () => ask({ what: "consumer", group: nameOf(group) }) },
            { text: "Destroy", run: () => ask({ what: "destroy", group: nameOf(group), pending: numberOf(group.pending) }) },
          ]}
        />
      ),
    },
  ];
}

/** A row of XPENDING. */
function pendingOf([id, owner, idle, times]: readonly Reply[]) {
  return { id: wordOf(id), owner: octetsIn(owner), idle: numberOf(idle), times: numberOf(times) };
}

interface GroupProps {
  readonly shown: ShownKey;
  readonly name: Uint8Array;
  readonly whyNot: string | null;
  readonly ask: (question: GroupQuestion) => void;
}

/** A group that is opened: its consumers, and its pending entries. */
function Group({ shown, name, whyNot, ask }: GroupProps) {
  const consumer = useSignal<Uint8Array | null>(null);
  const from = useSignal("-");
  const { value: only } = consumer;
  const read = async () => {
    const filter: Word[] = only === null ? [] : [only];
    const [consumers, pending] = await Promise.all([
      shown.link.callForBytes("XINFO", "CONSUMERS", shown.name, name),
      shown.ask("XPENDING", name, from.value, "+", PENDING, ...filter),
    ]);
    return { consumers: listOf(consumers).map(fieldsOf), pending: listOf(pending).map(listOf) };
  };
  const { data, error, refresh } = useRead(shown, read, [from.value, only === null ? null : latin1(only)]);
  const found = data.value?.value;
  if (found === undefined) return error.value === null ? null : <Failure text={error.value} retry={refresh} />;
  const last = wordOf(found.pending.at(-1)?.[0]);
  return (
    <div class="panel stack">
      <h3>
        Consumers of <span class="mono">{readable(name)}</span>
      </h3>
      {found.consumers.length === 0 ? <Empty>No consumers.</Empty> : null}
      <ul class="stack consumers">
        {found.consumers.map((fields) => {
          const own = octetsIn(fields.name);
          const pending = numberOf(fields.pending);
          return (
            <li key={latin1(own)} class="row">
              <span class="mono">{readable(own)}</span>
              <span class="soft">
                {count(pending)} pending, seen {duration(numberOf(fields.idle) / 1000)} ago
              </span>
              <span class="spacer" />
              <button
                type="button"
                class="button quiet"
                aria-label={`Delete the consumer ${readable(own)}`}
                disabled={whyNot !== null}
                title={whyNot ?? undefined}
                onClick={() => ask({ what: "remove consumer", group: name, consumer: own, pending })}
              >
                Delete
              </button>
            </li>
          );
        })}
      </ul>
      <div class="row">
        <h3>Pending entries</h3>
        <label class="row">
          <span class="soft">of</span>
          <select
            aria-label="Consumer"
            value={only === null ? "" : latin1(only)}
            onChange={({ currentTarget }) => {
              from.value = "-";
              consumer.value =
                found.consumers.map(({ name: own }) => octetsIn(own)).find((own) => latin1(own) === currentTarget.value) ?? null;
            }}
          >
            <option value="">all consumers</option>
            {found.consumers.map((fields) => (
              <option key={latin1(octetsIn(fields.name))} value={latin1(octetsIn(fields.name))}>
                {readable(octetsIn(fields.name))}
              </option>
            ))}
          </select>
        </label>
      </div>
      {found.pending.length === 0 ? (
        <Empty>Nothing waits to be acknowledged.</Empty>
      ) : (
        <Table
          caption="Pending entries"
          rows={found.pending.map(pendingOf)}
          rowKey={({ id }) => id}
          columns={[
            { id: "id", label: "ID", cell: ({ id }) => <span class="mono nowrap">{id}</span> },
            { id: "consumer", label: "Consumer", cell: ({ owner }) => <span class="mono">{readable(owner)}</span> },
            { id: "idle", label: "Delivered", isNumber: true, cell: ({ idle }) => `${duration(idle / 1000)} ago` },
            { id: "times", label: "Times", isNumber: true, cell: ({ times }) => count(times) },
            {
              id: "actions",
              label: "Actions",
              cell: ({ id, owner, idle }) => (
                <RowActions
                  name={id}
                  whyNot={whyNot}
                  actions={[
                    { text: "Acknowledge", run: () => ask({ what: "acknowledge", group: name, id }) },
                    { text: "Claim", run: () => ask({ what: "claim", group: name, id, idle, consumer: owner }) },
                  ]}
                />
              ),
            },
          ]}
        />
      )}
      <div class="row">
        <button type="button" class="button" disabled={from.value === "-"} onClick={() => (from.value = "-")}>
          First pending
        </button>
        <button type="button" class="button" disabled={found.pending.length < PENDING} onClick={() => (from.value = `(${last}`)}>
          Next pending
        </button>
      </div>
    </div>
  );
}
