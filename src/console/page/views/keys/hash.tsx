/** A hash: its fields in pages, with what expires. */

import { useSignal } from "@preact/signals";
import { FormDialog } from "../../components/form-dialog.tsx";
import { Empty, Failure } from "../../components/notice.tsx";
import { Pager } from "../../components/pager.tsx";
import { Table } from "../../components/table.tsx";
import { readable } from "../../format.ts";
import { latin1, octetsOf } from "../../octets.ts";
import { listOf, numberOf, octetsIn } from "../../reply.ts";
import type { Word } from "../../resp.ts";
import { UNSEEN } from "./editor.ts";
import { ElementBar, RowActions } from "./element-bar.tsx";
import { ElementDialog, Glance, OctetsField, octetsFrom, Removal } from "./elements.tsx";
import { type Expiry, ExpiryDialog, expiryWords } from "./expiry.tsx";
import { scan, useCursorPages, useRead } from "./reading.ts";
import type { ShownKey } from "./shown-key.ts";
import type { TypeViewProps } from "./type-view.ts";

interface Field {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
  /** Ms since 1970; null: never. */
  readonly expires: number | null;
}

interface Page {
  readonly total: number;
  readonly next: string;
  readonly fields: readonly Field[];
}

interface Asked {
  readonly what: "value" | "expiry" | "removal";
  readonly field: Field;
  readonly since: number;
}

export function HashView({ shown, facts }: TypeViewProps) {
  const pattern = useSignal("");
  const pages = useCursorPages();
  const asked = useSignal<Asked | null>(null);
  const isAdding = useSignal(false);
  const { data, error, refresh } = useRead(shown, () => readPage(shown, pages.cursor, pattern.value), [pages.cursor, pattern.value]);
  const page = data.value?.value;
  const close = (): void => {
    asked.value = null;
  };
  const ask = (what: Asked["what"], field: Field) => () => {
    asked.value = { what, field, since: data.value?.since ?? UNSEEN };
  };
  return (
    <section class="stack" aria-label="Fields">
      <ElementBar
        pattern={pattern.value}
        patternLabel="Fields like"
        search={(text) => {
          pages.reset();
          pattern.value = text;
        }}
        whyNot={facts.whyNot}
        actions={[{ text: "Add a field …", run: () => (isAdding.value = true) }]}
      />
      {error.value === null ? null : <Failure text={error.value} retry={refresh} />}
      {page === undefined ? null : page.fields.length === 0 ? (
        <Empty>{pattern.value === "" ? "No fields." : "No field of this page's is like that."}</Empty>
      ) : (
        <Table
          caption="Fields"
          rows={page.fields}
          rowKey={({ name }) => latin1(name)}
          columns={[
            { id: "name", label: "Field", cell: ({ name }) => <Glance bytes={name} /> },
            { id: "value", label: "Value", cell: ({ value }) => <Glance bytes={value} /> },
            {
              id: "expires",
              label: "Expires",
              cell: ({ expires }) => <span class="soft nowrap">{expires === null ? "" : expiryWords(expires)}</span>,
            },
            {
              id: "actions",
              label: "Actions",
              cell: (field) => (
                <RowActions
                  name={readable(field.name)}
                  whyNot={facts.whyNot}
                  actions={[
                    { text: "Open", run: ask("value", field), isLooking: true },
                    { text: "Expiry", run: ask("expiry", field) },
                    { text: "Remove", run: ask("removal", field) },
                  ]}
                />
              ),
            },
          ]}
        />
      )}
      {page === undefined ? null : (
        <Pager
          label="fields"
          first={null}
          shown={page.fields.length}
          total={page.total}
          previous={pages.back}
          next={pages.forward(page.next)}
        />
      )}
      {asked.value === null ? null : (
        <FieldDialog key={asked.value.what} shown={shown} asked={asked.value} whyNot={facts.whyNot} close={close} />
      )}
      {isAdding.value ? <AddField shown={shown} close={() => (isAdding.value = false)} /> : null}
    </section>
  );
}

async function readPage(shown: ShownKey, cursor: string, pattern: string): Promise<Page> {
  const { next, items } = await scan(shown, "HSCAN", cursor, octetsOf(pattern), 2);
  const names = items.filter((_item, index) => index % 2 === 0).map(octetsIn);
  const times = names.length === 0 ? [] : listOf(await shown.ask("HPEXPIRETIME", "FIELDS", names.length, ...names).catch(() => []));
  const fields = names.map((name, index): Field => {
    const time = numberOf(times[index]);
    return { name, value: octetsIn(items[index * 2 + 1]), expires: time >= 0 ? time : null };
  });
  return { next, fields, total: await shown.askNumber("HLEN") };
}

interface FieldDialogProps {
  readonly shown: ShownKey;
  readonly asked: Asked;
  readonly whyNot: string | null;
  readonly close: () => void;
}

function FieldDialog({ shown, asked: { what, field, since }, whyNot, close }: FieldDialogProps) {
  const key = shown.name;
  const { name, value, expires } = field;
  const title = `Field ${readable(name)}`;
  const look = ["HGET", key, name] as const;
  if (what === "removal")
    return (
      <Removal
        title={`Remove the field ${readable(name)}?`}
        bytes={value}
        submit={() =>
          shown.make({
            title: `Remove the field ${readable(name)}`,
            commands: [["HDEL", key, name]],
            since,
            touched: { look, seen: value },
          })
        }
        close={close}
      />
    );
  if (what === "expiry") {
    const submit = (expiry: Expiry): Promise<boolean> =>
      shown.make({
        title: `Set when the field ${readable(name)} expires`,
        commands: [expiryCommand(key, name, expiry)],
        since,
        touched: { look: ["HPEXPIRETIME", key, "FIELDS", 1, name], seen: [expires ?? -1] },
      });
    return <ExpiryDialog title={`When the field ${readable(name)} expires`} expires={expires} submit={submit} close={close} />;
  }
  const save = (edited: Uint8Array, before: Uint8Array, from: number): Promise<boolean> =>
    shown.make({
      title: `Set the field ${readable(name)}`,
      // HSET would make the field last for ever.
      commands: [expires === null ? ["HSET", key, name, edited] : ["HSETEX", key, "KEEPTTL", "FIELDS", 1, name, edited]],
      since: from,
      touched: { look, seen: before },
    });
  return <ElementDialog title={title} bytes={value} since={since} whyNot={whyNot} save={save} close={close} />;
}

function expiryCommand(key: Uint8Array, name: Uint8Array, expiry: Expiry): readonly Word[] {
  if (expiry === "never") return ["HPERSIST", key, "FIELDS", 1, name];
  return "in" in expiry ? ["HPEXPIRE", key, expiry.in, "FIELDS", 1, name] : ["HPEXPIREAT", key, expiry.at, "FIELDS", 1, name];
}

interface AddProps {
  readonly shown: ShownKey;
  readonly close: () => void;
}

function AddField({ shown, close }: AddProps) {
  const submit = (form: FormData): Promise<boolean> => {
    const name = octetsFrom(form, "name");
    return shown.make({
      title: `Add the field ${readable(name)}`,
      commands: [["HSET", shown.name, name, octetsFrom(form, "value")]],
      // Looked at again: whether there is such a field now decides.
      since: UNSEEN,
      touched: { look: ["HGET", shown.name, name], seen: null },
    });
  };
  return (
    <FormDialog title="Add a field" action="Add" submit={submit} close={close}>
      <OctetsField label="Field" name="name" />
      <OctetsField label="Value" name="value" isLong />
    </FormDialog>
  );
}
