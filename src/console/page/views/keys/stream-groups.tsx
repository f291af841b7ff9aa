/** The groups of a stream: their consumers, and what waits to be acknowledged. */

import { useSignal } from "@preact/signals";
import { Empty, Failure } from "../../components/notice.tsx";
import { count, duration, readable } from "../../format.ts";
import { latin1 } from "../../octets.ts";
import { type Fields, fieldsOf, listOf, numberOf, octetsIn, wordOf } from "../../reply.ts";
import type { Word } from "../../resp.ts";
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
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Group</th>
                <th scope="col" class="number">
                  Consumers
                </th>
                <th scope="col" class="number">
                  Pending
                </th>
                <th scope="col">Last delivered ID</th>
                <th scope="col" class="number">
                  Lag
                </th>
                <th scope="col">
                  <span class="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {groups.map((group) => (
                <GroupRow
                  key={latin1(octetsIn(group.name))}
                  group={group}
                  whyNot={whyNot}
                  isOpen={opened.value === latin1(octetsIn(group.name))}
                  toggle={() => {
                    const id = latin1(octetsIn(group.name));
                    opened.value = opened.value === id ? null : id;
                  }}
                  ask={(asked) => (question.value = asked)}
                />
              ))}
            </tbody>
          </table>
        </div>
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

interface GroupRowProps {
  readonly group: Fields;
  readonly whyNot: string | null;
  readonly isOpen: boolean;
  readonly toggle: () => void;
  readonly ask: (question: GroupQuestion) => void;
}

function GroupRow({ group, whyNot, isOpen, toggle, ask }: GroupRowProps) {
  const name = octetsIn(group.name);
  const pending = numberOf(group.pending);
  const lag = numberOf(group.lag);
  return (
    <tr>
      <td>
        <button type="button" class="button quiet mono" aria-expanded={isOpen} onClick={toggle}>
          {readable(name)}
        </button>
      </td>
      <td class="number">{count(numberOf(group.consumers))}</td>
      <td class="number">{count(pending)}</td>
      <td class="mono nowrap">{wordOf(group["last-delivered-id"])}</td>
      <td class="number">{Number.isNaN(lag) ? "unknown" : count(lag)}</td>
      <RowActions
        name={readable(name)}
        whyNot={whyNot}
        actions={[
          { text: "Position", run: () => ask({ what: "position", group: name, at: wordOf(group["last-delivered-id"]) }) },
          { text: "New consumer", run: () => ask({ what: "consumer", group: name }) },
          { text: "Destroy", run: () => ask({ what: "destroy", group: name, pending }) },
        ]}
      />
    </tr>
  );
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
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">ID</th>
                <th scope="col">Consumer</th>
                <th scope="col" class="number">
                  Delivered
                </th>
                <th scope="col" class="number">
                  Times
                </th>
                <th scope="col">
                  <span class="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {found.pending.map(([id, owner, idle, times]) => (
                <tr key={wordOf(id)}>
                  <td class="mono nowrap">{wordOf(id)}</td>
                  <td class="mono">{readable(octetsIn(owner))}</td>
                  <td class="number">{duration(numberOf(idle) / 1000)} ago</td>
                  <td class="number">{count(numberOf(times))}</td>
                  <RowActions
                    name={wordOf(id)}
                    whyNot={whyNot}
                    actions={[
                      { text: "Acknowledge", run: () => ask({ what: "acknowledge", group: name, id: wordOf(id) }) },
                      {
                        text: "Claim",
                        run: () => ask({ what: "claim", group: name, id: wordOf(id), idle: numberOf(idle), consumer: octetsIn(owner) }),
                      },
                    ]}
                  />
                </tr>
              ))}
            </tbody>
          </table>
        </div>
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
