/** A sorted set: by rank, by score, or by pattern. */

import { type Signal, useSignal } from "@preact/signals";
import { FormDialog } from "../../components/form-dialog.tsx";
import { Empty, Failure } from "../../components/notice.tsx";
import { Pager } from "../../components/pager.tsx";
import { Table } from "../../components/table.tsx";
import { count, readable } from "../../format.ts";
import { latin1, octetsOf } from "../../octets.ts";
import { listOf, numberOf, octetsIn } from "../../reply.ts";
import type { Reply } from "../../resp.ts";
import { UNSEEN } from "./editor.ts";
import { ElementBar, RowActions } from "./element-bar.tsx";
import { ElementDialog, Glance, OctetsField, octetsFrom, Removal } from "./elements.tsx";
import { PAGE, scan, useCursorPages, useRead } from "./reading.ts";
import type { ShownKey } from "./shown-key.ts";
import type { TypeViewProps } from "./type-view.ts";

interface Member {
  readonly name: Uint8Array;
  readonly score: number;
}

interface Page {
  readonly members: readonly Member[];
  /** Of all, or of those in the range of scores. */
  readonly total: number;
  readonly next: string;
}

const ORDERS = { up: "Lowest score first", down: "Highest score first", score: "Scores between", pattern: "Members like" } as const;
type Order = keyof typeof ORDERS;

interface Asked {
  readonly what: "value" | "score" | "removal";
  readonly member: Member;
  readonly since: number;
}

export function SortedSetView({ shown, facts }: TypeViewProps) {
  const order = useSignal<Order>("up");
  const first = useSignal(0);
  const range = useSignal({ from: "-inf", to: "+inf" });
  const pattern = useSignal("");
  const pages = useCursorPages();
  const asked = useSignal<Asked | null>(null);
  const isAdding = useSignal(false);
  const read = (): Promise<Page> => {
    if (order.value === "pattern") return readLike(shown, pages.cursor, pattern.value);
    return order.value === "score" ? readScores(shown, first.value, range.value) : readRanks(shown, first.value, order.value === "down");
  };
  const { data, error, refresh } = useRead(shown, read, [order.value, first.value, range.value, pattern.value, pages.cursor]);
  const page = data.value?.value;
  const isScan = order.value === "pattern";
  const ask = (what: Asked["what"], member: Member) => () => {
    asked.value = { what, member, since: data.value?.since ?? UNSEEN };
  };
  return (
    <section class="stack" aria-label="Members">
      <div class="row">
        <label>
          <span class="visually-hidden">Shown</span>
          <select
            value={order.value}
            onChange={({ currentTarget }) => {
              first.value = 0;
              pages.reset();
              order.value = currentTarget.value as Order;
            }}
          >
            {Object.entries(ORDERS).map(([id, text]) => (
              <option key={id} value={id}>
                {text}
              </option>
            ))}
          </select>
        </label>
        {order.value === "score" ? <Range range={range} changed={() => (first.value = 0)} /> : null}
        <ElementBar
          key={order.value}
          {...(isScan
            ? {
                pattern: pattern.value,
                patternLabel: "Pattern",
                search: (text: string) => {
                  pages.reset();
                  pattern.value = text;
                },
              }
            : {})}
          whyNot={facts.whyNot}
          actions={[{ text: "Add a member …", run: () => (isAdding.value = true) }]}
        />
      </div>
      {error.value === null ? null : <Failure text={error.value} retry={refresh} />}
      {page === undefined ? null : page.members.length === 0 ? (
        <Empty>No member is shown so.</Empty>
      ) : (
        <Table
          caption="Members"
          rows={page.members.map((member, at) => ({ ...member, place: first.value + at }))}
          rowKey={({ name }) => latin1(name)}
          columns={[
            ...(isScan
              ? []
              : [
                  {
                    id: "place",
                    label: order.value === "score" ? "No." : "Rank",
                    isNumber: true,
                    cell: ({ place }: { readonly place: number }) => <span class="soft">{count(place)}</span>,
                  },
                ]),
            { id: "score", label: "Score", isNumber: true, cell: ({ score }) => scoreText(score) },
            { id: "member", label: "Member", cell: ({ name }) => <Glance bytes={name} /> },
            {
              id: "actions",
              label: "Actions",
              cell: (member) => (
                <RowActions
                  name={readable(member.name)}
                  whyNot={facts.whyNot}
                  actions={[
                    { text: "Open", run: ask("value", member), isLooking: true },
                    { text: "Score", run: ask("score", member) },
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
          first={isScan ? null : first.value}
          shown={page.members.length}
          total={page.total}
          previous={isScan ? pages.back : first.value === 0 ? null : () => (first.value = Math.max(0, first.value - PAGE))}
          next={isScan ? pages.forward(page.next) : first.value + PAGE >= page.total ? null : () => (first.value += PAGE)}
        />
      )}
      {asked.value === null ? null : (
        <MemberDialog shown={shown} asked={asked.value} whyNot={facts.whyNot} close={() => (asked.value = null)} />
      )}
      {isAdding.value ? <AddMember shown={shown} close={() => (isAdding.value = false)} /> : null}
    </section>
  );
}

interface RangeProps {
  readonly range: Signal<{ readonly from: string; readonly to: string }>;
  readonly changed: () => void;
}

function Range({ range, changed }: RangeProps) {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    range.value = { from: String(form.get("from")) || "-inf", to: String(form.get("to")) || "+inf" };
    changed();
  };
  return (
    <form class="row" onSubmit={submit}>
      <input name="from" class="short" aria-label="Lowest score; ( before it leaves it out" defaultValue={range.value.from} />
      <span class="soft">and</span>
      <input name="to" class="short" aria-label="Highest score; ( before it leaves it out" defaultValue={range.value.to} />
      <button type="submit" class="button">
        Show
      </button>
    </form>
  );
}

/** As the server writes it, and reads it back. */
function scoreText(score: number): string {
  if (Number.isFinite(score)) return Object.is(score, -0) ? "-0" : String(score);
  return score > 0 ? "inf" : "-inf";
}

/** Pairs of member and score. */
function membersOf(reply: Reply): Member[] {
  return listOf(reply).map((pair) => {
    const [name, score] = listOf(pair);
    return { name: octetsIn(name), score: numberOf(score) };
  });
}

async function readRanks(shown: ShownKey, first: number, isDown: boolean): Promise<Page> {
  const members = membersOf(await shown.ask("ZRANGE", first, first + PAGE - 1, ...(isDown ? ["REV"] : []), "WITHSCORES"));
  return { members, total: await shown.askNumber("ZCARD"), next: "0" };
}

async function readScores(shown: ShownKey, first: number, { from, to }: { readonly from: string; readonly to: string }): Promise<Page> {
  const members = membersOf(await shown.ask("ZRANGE", from, to, "BYSCORE", "LIMIT", first, PAGE, "WITHSCORES"));
  return { members, total: await shown.askNumber("ZCOUNT", from, to), next: "0" };
}

async function readLike(shown: ShownKey, cursor: string, pattern: string): Promise<Page> {
  const { next, items } = await scan(shown, "ZSCAN", cursor, octetsOf(pattern), 2);
  const members: Member[] = [];
  for (let at = 0; at + 1 < items.length; at += 2) members.push({ name: octetsIn(items[at]), score: scoreOf(items[at + 1]) });
  return { members, total: await shown.askNumber("ZCARD"), next };
}

function scoreOf(reply: Reply | undefined): number {
  const text = new TextDecoder().decode(octetsIn(reply));
  if (text === "inf") return Number.POSITIVE_INFINITY;
  return text === "-inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

interface MemberDialogProps {
  readonly shown: ShownKey;
  readonly asked: Asked;
  readonly whyNot: string | null;
  readonly close: () => void;
}

function MemberDialog({ shown, asked: { what, member, since }, whyNot, close }: MemberDialogProps) {
  const key = shown.name;
  const { name, score } = member;
  const words = readable(name);
  const touched = { look: ["ZSCORE", key, name], seen: score };
  if (what === "removal") {
    const remove = () => shown.make({ title: `Remove the member ${words}`, commands: [["ZREM", key, name]], since, touched });
    return <Removal title={`Remove the member with score ${scoreText(score)}?`} bytes={name} submit={remove} close={close} />;
  }
  if (what === "score") {
    const submit = (form: FormData): Promise<boolean> => {
      const wanted = String(form.get("score")).trim();
      return shown.make({ title: `Set the score of ${words} to ${wanted}`, commands: [["ZADD", key, "XX", wanted, name]], since, touched });
    };
    return (
      <FormDialog title={`Score of ${words}`} action="Set" submit={submit} close={close}>
        <label class="field">
          <span>Score</span>
          <input name="score" defaultValue={scoreText(score)} autocomplete="off" required />
        </label>
      </FormDialog>
    );
  }
  const save = (edited: Uint8Array, before: Uint8Array, from: number): Promise<boolean> =>
    shown.make({
      title: `Put ${readable(edited)} in the place of ${words}`,
      commands: [
        ["ZREM", key, before],
        ["ZADD", key, scoreText(score), edited],
      ],
      since: from,
      // A member of the new name has a score of its own, which must not be lost.
      touched: { look: ["ZMSCORE", key, before, edited], seen: [score, null] },
    });
  return (
    <ElementDialog title={`Member with score ${scoreText(score)}`} bytes={name} since={since} whyNot={whyNot} save={save} close={close} />
  );
}

function AddMember({ shown, close }: { readonly shown: ShownKey; readonly close: () => void }) {
  const submit = (form: FormData): Promise<boolean> => {
    const name = octetsFrom(form, "member");
    const score = String(form.get("score")).trim();
    return shown.make({
      title: `Add ${readable(name)} with score ${score}`,
      commands: [["ZADD", shown.name, score, name]],
      since: UNSEEN,
      touched: { look: ["ZSCORE", shown.name, name], seen: null },
    });
  };
  return (
    <FormDialog title="Add a member" action="Add" submit={submit} close={close}>
      <label class="field">
        <span>Score</span>
        <input name="score" defaultValue="0" autocomplete="off" required />
      </label>
      <OctetsField label="Member" name="member" isLong />
    </FormDialog>
  );
}
