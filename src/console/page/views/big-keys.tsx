/** The keys that take most, after a walk through all of a database. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Choice } from "../components/choice.tsx";
import { KeyLink, Share, Ttl } from "../components/key-cells.tsx";
import { Empty, Failure } from "../components/notice.tsx";
import { type Column, Table } from "../components/table.tsx";
import { bytes, count, duration } from "../format.ts";
import { type Link, LinkError } from "../link.ts";
import { fieldsOf, listOf, numberOf, octetsIn, wordOf } from "../reply.ts";
import { type Reply, ReplyError, type Word } from "../resp.ts";
import { openLink, wordsOf } from "../session.ts";
import type { View } from "./view.ts";

type Order = "BYTES" | "ELEMENTS";

interface BigKey {
  readonly key: Uint8Array;
  readonly type: string;
  readonly size: number;
  readonly elements: number;
  /** ms, -1: never. */
  readonly ttl: number;
}

interface TypeTotal {
  readonly type: string;
  readonly keys: number;
  readonly size: number;
  readonly elements: number;
}

interface Found {
  readonly database: number;
  readonly keys: number;
  readonly size: number;
  /** ms that the walk took. */
  readonly walk: number;
  readonly types: readonly TypeTotal[];
  readonly biggest: readonly BigKey[];
}

const TYPES = ["string", "list", "set", "zset", "hash", "stream"];
const COUNTS = ["20", "100", "1000"];

function foundIn(reply: Reply): Found {
  const fields = fieldsOf(reply);
  return {
    database: numberOf(fields.database),
    keys: numberOf(fields.keys),
    size: numberOf(fields.bytes),
    walk: numberOf(fields.walk),
    types: Object.entries(fieldsOf(fields.types ?? null)).map(([type, totals]) => {
      const [keys, size, elements] = listOf(totals).map(numberOf);
      return { type, keys: keys ?? 0, size: size ?? 0, elements: elements ?? 0 };
    }),
    biggest: listOf(fields.biggest).map((entry) => {
      const [key, type, size, elements, ttl] = listOf(entry);
      return { key: octetsIn(key), type: wordOf(type), size: numberOf(size), elements: numberOf(elements), ttl: numberOf(ttl) };
    }),
  };
}

function BigKeys() {
  const database = useSignal("0");
  const order = useSignal<Order>("BYTES");
  const most = useSignal("20");
  const type = useSignal("");
  const pattern = useSignal("");
  const found = useSignal<Found | null>(null);
  const problem = useSignal<string | null>(null);
  const isWalking = useSignal(false);
  const link = useRef<Link | null>(null);
  const walk = async (): Promise<void> => {
    const words: Word[] = ["REPLICANT.BIGKEYS", "DB", database.value || "0", "BY", order.value, "COUNT", most.value];
    if (type.value !== "") words.push("TYPE", type.value);
    if (pattern.value !== "") words.push("MATCH", pattern.value);
    problem.value = null;
    isWalking.value = true;
    try {
      // It waits until the walk is over: a connection of its own, whose end calls it off.
      link.current = await openLink();
      found.value = foundIn(await link.current.callForBytes(...words));
    } catch (error) {
      if (error instanceof LinkError && link.current === null) problem.value = "The walk was called off.";
      else problem.value = error instanceof ReplyError && /unknown command/i.test(error.message) ? UNKNOWN : wordsOf(error);
    } finally {
      link.current?.close();
      link.current = null;
      isWalking.value = false;
    }
  };
  const callOff = (): void => {
    const open = link.current;
    link.current = null;
    open?.close();
  };
  useEffect(() => callOff, []);
  return (
    <>
      <div class="head">
        <h1>Big keys</h1>
      </div>
      <section class="panel">
        <form
          class="row fields"
          onSubmit={(event) => {
            event.preventDefault();
            void walk();
          }}
        >
          <label class="field">
            <span>Database</span>
            <input type="number" min={0} value={database.value} onInput={({ currentTarget }) => (database.value = currentTarget.value)} />
          </label>
          <Choice label="Largest by" value={order.value} set={(value) => (order.value = value as Order)} choices={ORDERS} />
          <Choice label="Type" value={type.value} set={(value) => (type.value = value)} choices={TYPE_CHOICES} />
          <Choice label="How many" value={most.value} set={(value) => (most.value = value)} choices={COUNT_CHOICES} />
          <label class="field">
            <span>Pattern</span>
            <input
              type="search"
              placeholder="*"
              value={pattern.value}
              onInput={({ currentTarget }) => (pattern.value = currentTarget.value)}
            />
          </label>
          <button type="submit" class="button primary" disabled={isWalking.value}>
            Look through all keys
          </button>
          {isWalking.value ? (
            <button type="button" class="button" onClick={callOff}>
              Call it off
            </button>
          ) : null}
        </form>
        {isWalking.value ? (
          <p role="status">
            <progress aria-label="Looking through all keys" /> The server looks through all keys of database {database.value}, in slices of
            a millisecond.
          </p>
        ) : null}
      </section>
      {problem.value === null ? null : <Failure text={problem.value} />}
      {found.value === null ? (
        <Empty>The keys that take most memory, or have most elements, appear here, with what each type takes in all.</Empty>
      ) : (
        <Results found={found.value} />
      )}
    </>
  );
}

const UNKNOWN = "This server has no command REPLICANT.BIGKEYS.";
const ORDERS = [
  ["BYTES", "memory"],
  ["ELEMENTS", "elements"],
] as const;
const TYPE_CHOICES = [["", "any"], ...TYPES.map((type) => [type, type] as const)] as const;
const COUNT_CHOICES = COUNTS.map((text) => [text, text] as const);

function Results({ found: { database, keys, size, walk, types, biggest } }: { readonly found: Found }) {
  return (
    <>
      <section class="panel">
        <h2>By type</h2>
        <p class="soft" role="status">
          Keys of database {database} that match: {count(keys)}, which take {bytes(size)}; the walk took{" "}
          {duration(Math.max(walk, 1) / 1000)}.
        </p>
        {types.length === 0 ? null : (
          <Table caption="By type" columns={typeColumns(size)} rows={types} rowKey={({ type }) => type} sortedBy="size" />
        )}
      </section>
      <section class="panel">
        <h2>The largest keys</h2>
        {biggest.length === 0 ? (
          <Empty>No key of this database matches.</Empty>
        ) : (
          <Table
            caption="The largest keys"
            columns={keyColumns(database, size)}
            rows={biggest}
            rowKey={({ key }, index) => `${key.join()}-${index}`}
          />
        )}
      </section>
    </>
  );
}

function typeColumns(total: number): readonly Column<TypeTotal>[] {
  return [
    { id: "type", label: "Type", by: ({ type }) => type, cell: ({ type }) => type },
    { id: "keys", label: "Keys", isNumber: true, by: ({ keys }) => keys, cell: ({ keys }) => count(keys) },
    { id: "elements", label: "Elements", isNumber: true, by: ({ elements }) => elements, cell: ({ elements }) => count(elements) },
    { id: "size", label: "Memory", isNumber: true, by: ({ size }) => size, cell: ({ size }) => bytes(size) },
    share(total),
  ];
}

function keyColumns(database: number, total: number): readonly Column<BigKey>[] {
  return [
    { id: "key", label: "Key", cell: ({ key }) => <KeyLink database={database} name={key} /> },
    { id: "type", label: "Type", by: ({ type }) => type, cell: ({ type }) => type },
    { id: "size", label: "Memory", isNumber: true, by: ({ size }) => size, cell: ({ size }) => bytes(size) },
    share(total),
    { id: "elements", label: "Elements", isNumber: true, by: ({ elements }) => elements, cell: ({ elements }) => count(elements) },
    { id: "ttl", label: "Expires in", isNumber: true, by: ({ ttl }) => ttl, cell: ({ ttl }) => <Ttl ms={ttl} /> },
  ];
}

function share<Row extends { readonly size: number }>(total: number): Column<Row> {
  const of = ({ size }: Row): number => (total === 0 ? 0 : size / total);
  return { id: "share", label: "Share of memory", isNumber: true, by: of, cell: (row) => <Share of="memory" value={of(row)} /> };
}

export const BIG_KEYS: View = { id: "big-keys", title: "Big keys", key: "b", component: BigKeys };
