/** A stream: its entries in windows, and below them its groups. */

import { useSignal } from "@preact/signals";
import { Dialog } from "../../components/dialog.tsx";
import { FormDialog } from "../../components/form-dialog.tsx";
import { Empty, Failure } from "../../components/notice.tsx";
import { Pager } from "../../components/pager.tsx";
import { Table } from "../../components/table.tsx";
import { toast } from "../../components/toast.tsx";
import { Content } from "../../content/content.tsx";
import { count, readable } from "../../format.ts";
import { type Fields, fieldsOf, listOf, numberOf, octetsIn, wordOf } from "../../reply.ts";
import type { Reply } from "../../resp.ts";
import { UNSEEN } from "./editor.ts";
import { ElementBar, RowActions } from "./element-bar.tsx";
import { Glance, Removal } from "./elements.tsx";
import { useRead } from "./reading.ts";
import type { ShownKey } from "./shown-key.ts";
import { FieldLines, pairsIn } from "./stream-fields.tsx";
import { Groups } from "./stream-groups.tsx";
import type { TypeViewProps } from "./type-view.ts";

interface Entry {
  readonly id: string;
  /** Names and values in turn. */
  readonly fields: readonly Uint8Array[];
  readonly reply: Reply;
}

interface Page {
  readonly info: Fields;
  readonly entries: readonly Entry[];
  readonly isLast: boolean;
}

const ENTRIES = 50;

interface Asked {
  readonly what: "entry" | "removal";
  readonly entry: Entry;
  readonly since: number;
}

export function StreamView({ shown, facts }: TypeViewProps) {
  const isNewestFirst = useSignal(true);
  /** Where pages begin: "" is the end that comes first; the last one is shown. */
  const path = useSignal<readonly string[]>([""]);
  const asked = useSignal<Asked | null>(null);
  const dialog = useSignal<"add" | "trim" | null>(null);
  const from = path.value.at(-1) ?? "";
  const { data, error, refresh } = useRead(shown, () => readPage(shown, from, isNewestFirst.value), [from, isNewestFirst.value]);
  const page = data.value?.value;
  const last = page?.entries.at(-1)?.id;
  const ask = (what: Asked["what"], entry: Entry) => () => {
    asked.value = { what, entry, since: data.value?.since ?? UNSEEN };
  };
  return (
    <>
      <section class="stack" aria-label="Entries">
        {page === undefined ? null : <Info info={page.info} />}
        <div class="row">
          <label class="row">
            <span class="soft">From ID</span>
            <input
              class="mono"
              placeholder={isNewestFirst.value ? "the newest" : "the oldest"}
              value={from.replace(/^\(/, "")}
              onChange={({ currentTarget }) => (path.value = [currentTarget.value.trim()])}
            />
          </label>
          <label class="check">
            <input
              type="checkbox"
              checked={isNewestFirst.value}
              onChange={({ currentTarget }) => {
                isNewestFirst.value = currentTarget.checked;
                path.value = [""];
              }}
            />
            <span>Newest first</span>
          </label>
          <ElementBar
            whyNot={facts.whyNot}
            actions={[
              { text: "Add an entry …", run: () => (dialog.value = "add") },
              { text: "Trim …", run: () => (dialog.value = "trim") },
            ]}
          />
        </div>
        {error.value === null ? null : <Failure text={error.value} retry={refresh} />}
        {page === undefined ? null : page.entries.length === 0 ? (
          <Empty>No entries from there on.</Empty>
        ) : (
          <Table
            caption="Entries"
            rows={page.entries}
            rowKey={({ id }) => id}
            columns={[
              { id: "id", label: "ID", cell: ({ id }) => <span class="mono nowrap">{id}</span> },
              { id: "time", label: "Time", cell: ({ id }) => <span class="nowrap soft">{timeOf(id)}</span> },
              { id: "fields", label: "Fields", cell: ({ fields }) => <Pairs fields={fields} /> },
              {
                id: "actions",
                label: "Actions",
                cell: (entry) => (
                  <RowActions
                    name={entry.id}
                    whyNot={facts.whyNot}
                    actions={[
                      { text: "Open", run: ask("entry", entry), isLooking: true },
                      { text: "Delete", run: ask("removal", entry) },
                    ]}
                  />
                ),
              },
            ]}
          />
        )}
        {page === undefined ? null : (
          <Pager
            label="entries"
            first={null}
            shown={page.entries.length}
            total={numberOf(page.info.length)}
            previous={path.value.length > 1 ? () => (path.value = path.value.slice(0, -1)) : null}
            next={page.isLast || last === undefined ? null : () => (path.value = [...path.value, `(${last}`])}
          />
        )}
      </section>
      <Groups shown={shown} facts={facts} />
      {asked.value === null ? null : <EntryDialog shown={shown} asked={asked.value} close={() => (asked.value = null)} />}
      {dialog.value === "add" ? <AddEntry shown={shown} close={() => (dialog.value = null)} /> : null}
      {dialog.value === "trim" ? (
        <Trim shown={shown} length={numberOf(page?.info.length)} since={data.value?.since ?? UNSEEN} close={() => (dialog.value = null)} />
      ) : null}
    </>
  );
}

async function readPage(shown: ShownKey, from: string, isNewestFirst: boolean): Promise<Page> {
  const range = isNewestFirst ? ["XREVRANGE", from || "+", "-"] : ["XRANGE", from || "-", "+"];
  const [command = "", ...bounds] = range;
  const [info, reply] = await Promise.all([
    shown.link.callForBytes("XINFO", "STREAM", shown.name).catch(() => null),
    shown.ask(command, ...bounds, "COUNT", ENTRIES),
  ]);
  const entries = listOf(reply).map((item): Entry => {
    const [id, fields] = listOf(item);
    return { id: wordOf(id), fields: listOf(fields).map(octetsIn), reply: item };
  });
  return { info: fieldsOf(info), entries, isLast: entries.length < ENTRIES };
}

function Info({ info }: { readonly info: Fields }) {
  const facts: [string, string][] = [
    ["Entries", count(numberOf(info.length))],
    ["Ever added", count(numberOf(info["entries-added"]))],
    ["Last ID", wordOf(info["last-generated-id"])],
    ["Highest deleted ID", wordOf(info["max-deleted-entry-id"])],
    ["Groups", count(numberOf(info.groups))],
  ];
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== "" && value !== "NaN")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** IDs begin with a time in ms, unless someone gave others. */
function timeOf(id: string): string {
  const at = Number(id.split("-", 1)[0]);
  // Before 2000: no time.
  return at > 946_684_800_000 && at < 8.64e15 ? new Date(at).toISOString().replace("T", " ").replace("Z", "") : "";
}

function Pairs({ fields }: { readonly fields: readonly Uint8Array[] }) {
  const names = fields.filter((_field, index) => index % 2 === 0);
  return (
    <dl class="pairs">
      {names.map((name, index) => (
        <div key={index}>
          <dt>
            <Glance bytes={name} />
          </dt>
          <dd>
            <Glance bytes={fields[index * 2 + 1] ?? new Uint8Array(0)} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface EntryDialogProps {
  readonly shown: ShownKey;
  readonly asked: Asked;
  readonly close: () => void;
}

function EntryDialog({ shown, asked: { what, entry, since }, close }: EntryDialogProps) {
  const { id, fields, reply } = entry;
  if (what === "removal") {
    const touched = { look: ["XRANGE", shown.name, id, id], seen: [reply] };
    const remove = () => shown.make({ title: `Delete the entry ${id}`, commands: [["XDEL", shown.name, id]], since, touched });
    return <Removal title={`Delete the entry ${id}?`} bytes={null} action="Delete" submit={remove} close={close} />;
  }
  return (
    <Dialog title={`Entry ${id}`} isWide close={close}>
      {fields
        .filter((_field, index) => index % 2 === 0)
        .map((name, index) => (
          <section key={index} class="stack" aria-label={readable(name)}>
            <h3 class="mono">{readable(name)}</h3>
            <Content bytes={fields[index * 2 + 1] ?? new Uint8Array(0)} label={readable(name)} />
          </section>
        ))}
      <p class="soft">Entries of a stream cannot be changed.</p>
      <button type="button" class="button primary" onClick={close}>
        Close
      </button>
    </Dialog>
  );
}

interface DialogProps {
  readonly shown: ShownKey;
  readonly close: () => void;
}

function AddEntry({ shown, close }: DialogProps) {
  const submit = async (form: FormData): Promise<boolean> => {
    const id = String(form.get("id")).trim() || "*";
    const words = await shown.add("XADD", "NOMKSTREAM", id, ...pairsIn(String(form.get("fields") ?? "")));
    toast(`Added ${wordOf(words)}.`);
    return true;
  };
  return (
    <FormDialog title="Add an entry" action="Add" submit={submit} close={close}>
      <label class="field">
        <span>ID (empty: the server's time)</span>
        <input name="id" class="mono" placeholder="*" autocomplete="off" />
      </label>
      <FieldLines />
    </FormDialog>
  );
}

function Trim({ shown, length, since, close }: DialogProps & { readonly length: number; readonly since: number }) {
  const way = useSignal("MAXLEN");
  const submit = (form: FormData): Promise<boolean> => {
    const limit = String(form.get("limit")).trim();
    return shown.make({ title: "Trim the stream", commands: [["XTRIM", shown.name, way.value, "=", limit]], since });
  };
  return (
    <FormDialog title="Trim the stream" action="Trim" isDangerous submit={submit} close={close}>
      <label class="field">
        <span>Keep</span>
        <select value={way.value} onChange={({ currentTarget }) => (way.value = currentTarget.value)}>
          <option value="MAXLEN">the newest entries, so many</option>
          <option value="MINID">entries from this ID on</option>
        </select>
      </label>
      <label class="field">
        <span>{way.value === "MAXLEN" ? `How many, of ${count(length)}` : "The lowest ID that stays"}</span>
        <input name="limit" class="mono" required autocomplete="off" pattern={way.value === "MAXLEN" ? "[0-9]+" : "[0-9]+(-[0-9]+)?"} />
      </label>
      <p>All older entries are deleted, and cannot be brought back.</p>
    </FormDialog>
  );
}
