/** A set: its members in pages. */

import { useSignal } from "@preact/signals";
import { FormDialog } from "../../components/form-dialog.tsx";
import { Empty, Failure } from "../../components/notice.tsx";
import { Pager } from "../../components/pager.tsx";
import { Table } from "../../components/table.tsx";
import { toast } from "../../components/toast.tsx";
import { readable } from "../../format.ts";
import { latin1, octetsOf } from "../../octets.ts";
import { octetsIn } from "../../reply.ts";
import { UNSEEN } from "./editor.ts";
import { ElementBar, RowActions } from "./element-bar.tsx";
import { ElementDialog, Glance, OctetsField, octetsFrom, Removal } from "./elements.tsx";
import { scan, useCursorPages, useRead } from "./reading.ts";
import type { ShownKey } from "./shown-key.ts";
import type { TypeViewProps } from "./type-view.ts";

interface Asked {
  readonly what: "value" | "removal";
  readonly member: Uint8Array;
  readonly since: number;
}

export function SetView({ shown, facts }: TypeViewProps) {
  const pattern = useSignal("");
  const pages = useCursorPages();
  const asked = useSignal<Asked | null>(null);
  const isAdding = useSignal(false);
  const read = async () => {
    const { next, items } = await scan(shown, "SSCAN", pages.cursor, octetsOf(pattern.value), 1);
    return { next, members: items.map(octetsIn), total: await shown.askNumber("SCARD") };
  };
  const { data, error, refresh } = useRead(shown, read, [pages.cursor, pattern.value]);
  const page = data.value?.value;
  const ask = (what: Asked["what"], member: Uint8Array) => () => {
    asked.value = { what, member, since: data.value?.since ?? UNSEEN };
  };
  return (
    <section class="stack" aria-label="Members">
      <ElementBar
        pattern={pattern.value}
        patternLabel="Members like"
        search={(text) => {
          pages.reset();
          pattern.value = text;
        }}
        whyNot={facts.whyNot}
        actions={[{ text: "Add a member …", run: () => (isAdding.value = true) }]}
      />
      {error.value === null ? null : <Failure text={error.value} retry={refresh} />}
      {page === undefined ? null : page.members.length === 0 ? (
        <Empty>{pattern.value === "" ? "No members." : "No member of this page's is like that."}</Empty>
      ) : (
        <Table
          caption="Members"
          rows={page.members}
          rowKey={latin1}
          columns={[
            { id: "member", label: "Member", cell: (member) => <Glance bytes={member} /> },
            {
              id: "actions",
              label: "Actions",
              cell: (member) => (
                <RowActions
                  name={readable(member)}
                  whyNot={facts.whyNot}
                  actions={[
                    { text: "Open", run: ask("value", member), isLooking: true },
                    { text: "Remove", run: ask("removal", member) },
                  ]}
                />
              ),
            },
          ]}
        />
      )}
      {page === undefined ? null : (
        <Pager
          label="members"
          first={null}
          shown={page.members.length}
          total={page.total}
          previous={pages.back}
          next={pages.forward(page.next)}
        />
      )}
      {asked.value === null ? null : <Member shown={shown} asked={asked.value} whyNot={facts.whyNot} close={() => (asked.value = null)} />}
      {isAdding.value ? <AddMember shown={shown} close={() => (isAdding.value = false)} /> : null}
    </section>
  );
}

interface MemberProps {
  readonly shown: ShownKey;
  readonly asked: Asked;
  readonly whyNot: string | null;
  readonly close: () => void;
}

function Member({ shown, asked: { what, member, since }, whyNot, close }: MemberProps) {
  const key = shown.name;
  const name = readable(member);
  if (what === "removal") {
    const touched = { look: ["SISMEMBER", key, member], seen: 1 };
    const remove = () => shown.make({ title: `Remove the member ${name}`, commands: [["SREM", key, member]], since, touched });
    return <Removal title="Remove this member?" bytes={member} submit={remove} close={close} />;
  }
  const save = (edited: Uint8Array, before: Uint8Array, from: number): Promise<boolean> =>
    shown.make({
      title: `Put ${readable(edited)} in the place of ${name}`,
      commands: [
        ["SREM", key, before],
        ["SADD", key, edited],
      ],
      since: from,
      touched: { look: ["SISMEMBER", key, before], seen: 1 },
    });
  return <ElementDialog title="Member" bytes={member} since={since} whyNot={whyNot} save={save} close={close} />;
}

function AddMember({ shown, close }: { readonly shown: ShownKey; readonly close: () => void }) {
  const submit = async (form: FormData): Promise<boolean> => {
    if ((await shown.add("SADD", octetsFrom(form, "member"))) === 0) toast("It was in the set already.");
    return true;
  };
  return (
    <FormDialog title="Add a member" action="Add" submit={submit} close={close}>
      <OctetsField label="Member" name="member" isLong />
    </FormDialog>
  );
}
