/** A list: windows by index. */

import { useSignal } from "@preact/signals";
import { FormDialog } from "../../components/form-dialog.tsx";
import { Empty, Failure } from "../../components/notice.tsx";
import { Pager } from "../../components/pager.tsx";
import { Table } from "../../components/table.tsx";
import { count, readable } from "../../format.ts";
import { listOf, octetsIn } from "../../reply.ts";
import { UNSEEN } from "./editor.ts";
import { ElementBar, RowActions } from "./element-bar.tsx";
import { ElementDialog, Glance, OctetsField, octetsFrom, Removal } from "./elements.tsx";
import { PAGE, useRead } from "./reading.ts";
import type { ShownKey } from "./shown-key.ts";
import type { TypeViewProps } from "./type-view.ts";

interface Page {
  readonly length: number;
  readonly first: number;
  readonly items: readonly Uint8Array[];
}

interface Asked {
  readonly what: "value" | "removal";
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly since: number;
}

export function ListView({ shown, facts }: TypeViewProps) {
  const first = useSignal(0);
  /** What is being typed as the index: elements that arrive meanwhile do not take it away. */
  const typed = useSignal<string | null>(null);
  const asked = useSignal<Asked | null>(null);
  const adding = useSignal<"LPUSH" | "RPUSH" | null>(null);
  const { data, error, refresh } = useRead(shown, () => readPage(shown, first.value), [first.value]);
  const page = data.value?.value;
  const ask = (what: Asked["what"], index: number, bytes: Uint8Array) => () => {
    asked.value = { what, index, bytes, since: data.value?.since ?? UNSEEN };
  };
  return (
    <section class="stack" aria-label="Elements">
      <div class="row">
        <label class="row">
          <span class="soft">From index</span>
          <input
            type="number"
            value={typed.value ?? String(page?.first ?? first.value)}
            onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
            onBlur={() => (typed.value = null)}
            onChange={({ currentTarget }) => {
              first.value = Number(currentTarget.value) || 0;
              typed.value = null;
            }}
          />
        </label>
        <span class="spacer" />
        <ElementBar
          whyNot={facts.whyNot}
          actions={[
            { text: "Add at the head …", run: () => (adding.value = "LPUSH") },
            { text: "Add at the tail …", run: () => (adding.value = "RPUSH") },
          ]}
        />
      </div>
      {error.value === null ? null : <Failure text={error.value} retry={refresh} />}
      {page === undefined ? null : page.items.length === 0 ? (
        <Empty>No elements.</Empty>
      ) : (
        <Table
          caption="Elements"
          rows={page.items.map((bytes, at) => ({ bytes, index: page.first + at }))}
          rowKey={({ index }) => index}
          columns={[
            { id: "index", label: "Index", isNumber: true, cell: ({ index }) => count(index) },
            { id: "element", label: "Element", cell: ({ bytes }) => <Glance bytes={bytes} /> },
            {
              id: "actions",
              label: "Actions",
              cell: ({ index, bytes }) => (
                <RowActions
                  name={`element ${index}`}
                  whyNot={facts.whyNot}
                  actions={[
                    { text: "Open", run: ask("value", index, bytes), isLooking: true },
                    { text: "Remove", run: ask("removal", index, bytes) },
                  ]}
                />
              ),
            },
          ]}
        />
      )}
      {page === undefined ? null : (
        <Pager
          label="elements"
          first={page.first}
          shown={page.items.length}
          total={page.length}
          previous={page.first === 0 ? null : () => (first.value = Math.max(0, page.first - PAGE))}
          next={page.first + PAGE >= page.length ? null : () => (first.value = page.first + PAGE)}
        />
      )}
      {asked.value === null ? null : (
        <ListElement shown={shown} asked={asked.value} whyNot={facts.whyNot} close={() => (asked.value = null)} />
      )}
      {adding.value === null ? null : <Push shown={shown} command={adding.value} close={() => (adding.value = null)} />}
    </section>
  );
}

async function readPage(shown: ShownKey, wanted: number): Promise<Page> {
  const length = await shown.askNumber("LLEN");
  const from = wanted < 0 ? Math.max(0, length + wanted) : wanted;
  const first = from < length ? from : Math.max(0, length - PAGE);
  return { length, first, items: listOf(await shown.ask("LRANGE", first, first + PAGE - 1)).map(octetsIn) };
}

interface ListElementProps {
  readonly shown: ShownKey;
  readonly asked: Asked;
  readonly whyNot: string | null;
  readonly close: () => void;
}

function ListElement({ shown, asked: { what, index, bytes, since }, whyNot, close }: ListElementProps) {
  const key = shown.name;
  const look = ["LINDEX", key, index] as const;
  if (what === "removal") {
    const remove = (): Promise<boolean> => {
      // There is no command that removes by index: the element becomes one that no list holds, and that goes.
      const mark = `removed ${crypto.randomUUID()}`;
      const commands = [
        ["LSET", key, index, mark],
        ["LREM", key, 1, mark],
      ];
      return shown.make({ title: `Remove element ${index}`, commands, since, touched: { look, seen: bytes } });
    };
    return <Removal title={`Remove element ${index}?`} bytes={bytes} submit={remove} close={close} />;
  }
  const save = (edited: Uint8Array, before: Uint8Array, from: number): Promise<boolean> =>
    shown.make({ title: `Set element ${index}`, commands: [["LSET", key, index, edited]], since: from, touched: { look, seen: before } });
  return <ElementDialog title={`Element ${index}`} bytes={bytes} since={since} whyNot={whyNot} save={save} close={close} />;
}

interface PushProps {
  readonly shown: ShownKey;
  readonly command: "LPUSH" | "RPUSH";
  readonly close: () => void;
}

function Push({ shown, command, close }: PushProps) {
  const submit = async (form: FormData): Promise<boolean> => {
    // Of a list that is gone meanwhile no new one is made.
    await shown.add(`${command}X`, octetsFrom(form, "element"));
    return true;
  };
  return (
    <FormDialog title={command === "LPUSH" ? "Add at the head" : "Add at the tail"} action="Add" submit={submit} close={close}>
      <p class="soft">To {readable(shown.name)}.</p>
      <OctetsField label="Element" name="element" isLong />
    </FormDialog>
  );
}
