/** Keys that were found, in pages. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Empty, Failure } from "../../components/notice.tsx";
import { Pager } from "../../components/pager.tsx";
import { Table } from "../../components/table.tsx";
import { count, readable, bytes as size } from "../../format.ts";
import { latin1, octetsOf } from "../../octets.ts";
import { useOwnLink } from "../../own-link.ts";
import { fieldsOf, listOf, numberOf, octetsIn, wordOf } from "../../reply.ts";
import { wordsOf } from "../../session.ts";
import { expiryWords } from "./expiry.tsx";
import { addressOfPlace, type Place } from "./place.ts";
import { filterWords } from "./search.ts";

const PAGE = 100;

interface Found {
  readonly name: Uint8Array;
  readonly type: string;
  readonly bytes: number;
  readonly expires: number | null;
}

interface Page {
  readonly keys: readonly Found[];
  /** Where the next one begins; "0": nowhere. */
  readonly next: string;
}

interface ResultsProps {
  readonly place: Place;
  readonly turn: number;
  /** Why nothing can be deleted. */
  readonly whyNot: string | null;
  /** Asks to delete all that is found. */
  readonly remove: () => void;
}

export function Results({ place, turn, whyNot, remove }: ResultsProps) {
  const link = useOwnLink(0);
  const pages = useSignal<readonly Page[]>([]);
  const shown = useSignal(0);
  const looked = useSignal({ keys: 0, of: 0 });
  const isBusy = useSignal(false);
  const problem = useSignal<string | null>(null);
  const exact = useSignal<string | null>(null);
  /** The search that goes on: what an older one finds is not shown. */
  const run = useRef(0);
  const filters = filterWords(place);
  const key = JSON.stringify([place.database, latin1(place.prefix), place.search, turn]);

  const collect = async (from: string, before: readonly Page[]): Promise<void> => {
    const own = ++run.current;
    const keys: Found[] = [];
    let next = from;
    isBusy.value = true;
    problem.value = null;
    try {
      do {
        const reply = fieldsOf(await link.callForBytes("REPLICANT.SEARCH", next, ...filters, "COUNT", PAGE - keys.length));
        if (own !== run.current) return;
        next = wordOf(reply.cursor);
        keys.push(...listOf(reply.keys).map(foundOf));
        looked.value = { keys: looked.value.keys + numberOf(reply.looked), of: numberOf(reply.total) };
        pages.value = [...before, { keys: [...keys], next }];
        shown.value = before.length;
      } while (next !== "0" && keys.length < PAGE && isBusy.value);
    } catch (error) {
      if (own === run.current) problem.value = wordsOf(error);
    }
    if (own === run.current) isBusy.value = false;
  };

  useEffect(() => {
    pages.value = [];
    looked.value = { keys: 0, of: 0 };
    exact.value = null;
    void collect("0", []);
    const name = octetsOf(place.search.match);
    if (place.search.match !== "")
      link.call("SELECT", place.database).then(
        async () => {
          const type = wordOf(await link.call("TYPE", name));
          exact.value = type === "none" ? null : type;
        },
        () => {},
      );
    return () => {
      run.current++;
      isBusy.value = false;
    };
  }, [key]);

  const page = pages.value[shown.value];
  const before = pages.value.slice(0, shown.value).reduce((sum, { keys }) => sum + keys.length, 0);
  const hasNext = shown.value + 1 < pages.value.length || (page !== undefined && page.next !== "0" && !isBusy.value);
  const forward = (): void => {
    if (shown.value + 1 < pages.value.length) shown.value++;
    else if (page !== undefined) void collect(page.next, pages.value);
  };
  const { keys: seen, of } = looked.value;
  const isAll = page !== undefined && pages.value.at(-1)?.next === "0";
  return (
    <section class="panel stack keys-list" aria-label="Keys found">
      <div class="head">
        <p aria-live="polite">
          {isBusy.value
            ? "Searching …"
            : isAll
              ? `Found ${count(pages.value.reduce((sum, { keys }) => sum + keys.length, 0))} keys.`
              : "There are more."}{" "}
          <span class="soft">
            {count(Math.min(seen, of))} of {count(of)} looked at
            {place.prefix.length === 0 ? "" : `, below ${readable(place.prefix)}`}
          </span>
        </p>
        {isBusy.value ? (
          <button type="button" class="button" onClick={() => (isBusy.value = false)}>
            Stop
          </button>
        ) : null}
        <button type="button" class="button" disabled={whyNot !== null} title={whyNot ?? undefined} onClick={remove}>
          Delete all of these …
        </button>
      </div>
      {isBusy.value ? <progress aria-label="Keys looked at" max={Math.max(1, of)} value={Math.min(seen, of)} /> : null}
      {problem.value === null ? null : <Failure text={problem.value} retry={() => void collect("0", [])} />}
      {exact.value === null ? null : (
        <p>
          There is a key of just this name:{" "}
          <a href={addressOfPlace({ ...place, key: octetsOf(place.search.match) })}>{place.search.match}</a>, {exact.value}.
        </p>
      )}
      {page === undefined || page.keys.length === 0 ? (
        isBusy.value || problem.value !== null ? null : (
          <Empty>No key is like that.</Empty>
        )
      ) : (
        <Table
          caption="Keys found"
          rows={page.keys}
          rowKey={({ name }, index) => `${index} ${latin1(name)}`}
          columns={[
            {
              id: "key",
              label: "Key",
              cell: ({ name }) => (
                <a
                  class="mono"
                  href={addressOfPlace({ ...place, key: name })}
                  aria-current={place.key !== null && latin1(place.key) === latin1(name) ? "true" : undefined}
                >
                  {readable(name) || "(no name)"}
                </a>
              ),
            },
            { id: "type", label: "Type", cell: ({ type }) => <span class="badge">{type}</span> },
            { id: "size", label: "Size", isNumber: true, cell: ({ bytes }) => <span class="nowrap">{size(bytes)}</span> },
            {
              id: "expiry",
              label: "Expiry",
              cell: ({ expires }) => <span class="soft nowrap">{expires === null ? "" : expiryWords(expires)}</span>,
            },
          ]}
        />
      )}
      <Pager
        label="keys found"
        first={before}
        shown={page?.keys.length ?? 0}
        total={null}
        previous={shown.value === 0 ? null : () => shown.value--}
        next={hasNext ? forward : null}
      />
    </section>
  );
}

function foundOf(reply: Parameters<typeof listOf>[0]): Found {
  const [name, type, bytes, ttl] = listOf(reply);
  const left = numberOf(ttl);
  return { name: octetsIn(name), type: wordOf(type), bytes: numberOf(bytes), expires: left < 0 ? null : Date.now() + left };
}
