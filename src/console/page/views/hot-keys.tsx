/** The keys that are used most, from a sample of commands that the server counts while it is told to. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Choice } from "../components/choice.tsx";
import { KeyLink, Share, Ttl } from "../components/key-cells.tsx";
import { Empty, Failure, Notice } from "../components/notice.tsx";
import { type Column, Table } from "../components/table.tsx";
import { toast } from "../components/toast.tsx";
import { bytes, compact, count, duration, moment } from "../format.ts";
import { type KeyFacts, keyFacts } from "../key-facts.ts";
import { latin1 } from "../octets.ts";
import { OwnLink } from "../own-link.ts";
import { usePoll } from "../poll.ts";
import { fieldsOf, listOf, numberOf, octetsIn } from "../reply.ts";
import { type Reply, ReplyError } from "../resp.ts";
import { call, callForBytes, wordsOf } from "../session.ts";
import type { View } from "./view.ts";

interface HotKey {
  readonly database: number;
  readonly key: Uint8Array;
  /** Of the sample. */
  readonly hits: number;
  /** Of which at most so many may have been another key's. */
  readonly doubt: number;
  readonly share: number;
}

interface Count {
  readonly isActive: boolean;
  /** One command in so many is looked at. */
  readonly ratio: number;
  /** ms since 1970, and how long. */
  readonly startedAt: number;
  readonly lasted: number;
  readonly commands: number;
  readonly sampled: number;
  readonly keys: readonly HotKey[];
}

const REFRESH_MS = 1000;
/** What a key is, is asked again after so long: each question is a use of the key, too. */
const FACTS_MS = 30_000;
const SHOWN = 50;

const DURATIONS = [
  ["10", "10 seconds"],
  ["60", "a minute"],
  ["600", "ten minutes"],
  ["", "until stopped"],
] as const;
const RATIOS = [
  ["200", "one in 200 (usual)"],
  ["20", "one in 20"],
  ["1", "all of them"],
] as const;

function countIn(reply: Reply): Count | null {
  if (reply === null) return null;
  const fields = fieldsOf(reply);
  return {
    isActive: numberOf(fields["tracking-active"]) === 1,
    ratio: numberOf(fields["sample-ratio"]),
    startedAt: numberOf(fields["collection-start-time-unix-ms"]),
    lasted: numberOf(fields["collection-duration-ms"]),
    commands: numberOf(fields.commands),
    sampled: numberOf(fields.sampled),
    keys: listOf(fields.keys).map((entry) => {
      const [database, key, hits, doubt, share] = listOf(entry);
      return { database: numberOf(database), key: octetsIn(key), hits: numberOf(hits), doubt: numberOf(doubt), share: numberOf(share) };
    }),
  };
}

function HotKeys() {
  const lasts = useSignal("60");
  const ratio = useSignal("200");
  const isMissing = useSignal(false);
  const problem = useSignal<string | null>(null);
  const asked = usePoll(
    async () => {
      try {
        return { count: countIn(await callForBytes("REPLICANT.HOTKEYS", "GET")) };
      } catch (error) {
        isMissing.value = error instanceof ReplyError && /unknown command/i.test(error.message);
        throw error;
      }
    },
    isMissing.value ? 0 : REFRESH_MS,
  );
  const told = async (note: string, ...words: string[]): Promise<void> => {
    problem.value = null;
    try {
      await call("REPLICANT.HOTKEYS", ...words);
      toast(note);
    } catch (error) {
      problem.value = wordsOf(error);
    }
    asked.refresh();
  };
  const start = (): Promise<void> => {
    const limit = lasts.value === "" ? [] : ["DURATION", lasts.value];
    return told("The keys of requests are counted.", "START", "COUNT", String(SHOWN), "SAMPLE", ratio.value, ...limit);
  };
  const counted = asked.data.value?.count ?? null;
  const isActive = counted?.isActive === true;
  return (
    <>
      <div class="head">
        <h1>Hot keys</h1>
        {isActive ? <span class="badge good">counting</span> : null}
      </div>
      <section class="panel">
        <form
          class="row fields"
          onSubmit={(event) => {
            event.preventDefault();
            void (isActive ? told("Counting has ended.", "STOP") : start());
          }}
        >
          <Choice label="Count for" value={lasts.value} set={(value) => (lasts.value = value)} choices={DURATIONS} disabled={isActive} />
          <Choice
            label="Commands looked at"
            value={ratio.value}
            set={(value) => (ratio.value = value)}
            choices={RATIOS}
            disabled={isActive}
          />
          <button type="submit" class={`button ${isActive ? "" : "primary"}`}>
            {isActive ? "Stop" : "Start counting"}
          </button>
          {!isActive && counted !== null ? (
            <button type="button" class="button" onClick={() => void told("What was counted is forgotten.", "RESET")}>
              Forget these
            </button>
          ) : null}
        </form>
        {ratio.value === "1" && !isActive ? (
          <Notice kind="warning">To look at all commands costs the server throughput while it counts.</Notice>
        ) : null}
      </section>
      {problem.value === null ? null : <Failure text={problem.value} />}
      {asked.error.value === null ? null : (
        <Failure text={isMissing.value ? "This server has no command REPLICANT.HOTKEYS." : asked.error.value} />
      )}
      {asked.data.value === null ? null : counted === null ? (
        <Empty>The keys that are used most appear here once counting has begun. The server counts nothing until then.</Empty>
      ) : (
        <Counted counted={counted} />
      )}
    </>
  );
}

function Counted({ counted }: { readonly counted: Count }) {
  const facts = useKeyFacts(counted.keys);
  const { isActive, ratio, startedAt, lasted, commands, sampled, keys } = counted;
  const seconds = Math.max(lasted, 1) / 1000;
  return (
    <section class="panel">
      <p class="soft" role="status">
        {isActive ? "Counting since" : "Counted from"} {moment(startedAt / 1000)}, for {duration(seconds)}: {count(commands)} commands, of
        which {ratio === 1 ? "all were" : `one in ${count(ratio)} was`} looked at; {count(sampled)} keys in the sample.
      </p>
      {keys.length === 0 ? (
        <Empty>{isActive ? "No key has come into the sample yet." : "No key had come into the sample."}</Empty>
      ) : (
        <Table
          caption="The keys that are used most"
          columns={columnsOf(seconds, ratio, facts)}
          rows={keys}
          rowKey={({ database, key }) => `${database}:${latin1(key)}`}
          sortedBy="share"
        />
      )}
    </section>
  );
}

type FactsOf = (key: HotKey) => KeyFacts | null;

function columnsOf(seconds: number, ratio: number, factsOf: FactsOf): readonly Column<HotKey>[] {
  const rate = ({ hits }: HotKey): number => (hits * ratio) / seconds;
  const number = (value: number | null | undefined, format: (value: number) => string) =>
    value === null || value === undefined ? <span class="soft">–</span> : format(value);
  return [
    { id: "key", label: "Key", cell: ({ database, key }) => <KeyLink database={database} name={key} /> },
    {
      id: "share",
      label: "Share of uses",
      isNumber: true,
      by: ({ share }) => share,
      cell: ({ share }) => <Share of="uses" value={share} />,
    },
    {
      id: "rate",
      label: "Uses a second",
      isNumber: true,
      by: rate,
      cell: (row) => (
        <span class="nowrap" title={`${count(row.hits)} in the sample, of which at most ${count(row.doubt)} may be another key's`}>
          {ratio === 1 ? "" : "about "}
          {compact(rate(row))}
        </span>
      ),
    },
    { id: "database", label: "Database", isNumber: true, by: ({ database }) => database, cell: ({ database }) => database },
    { id: "type", label: "Type", cell: (row) => typeOf(factsOf(row)) },
    { id: "size", label: "Memory", isNumber: true, cell: (row) => number(factsOf(row)?.size, bytes) },
    { id: "elements", label: "Elements", isNumber: true, cell: (row) => number(factsOf(row)?.elements, count) },
    { id: "ttl", label: "Expires in", isNumber: true, cell: (row) => <Ttl ms={factsOf(row)?.ttl ?? null} /> },
  ];
}

function typeOf(facts: KeyFacts | null) {
  if (facts === null) return <span class="soft">–</span>;
  return facts.type === "none" ? <span class="soft">gone</span> : facts.type;
}

/** What the keys are, looked up once in a while. */
function useKeyFacts(keys: readonly HotKey[]): FactsOf {
  const known = useRef(new Map<string, { readonly at: number; readonly facts: KeyFacts | null }>());
  const links = useRef(new Map<number, OwnLink>());
  const turn = useSignal(0);
  const isAsking = useRef(false);
  useEffect(() => {
    if (isAsking.current) return;
    const now = Date.now();
    const wanted = keys.filter((key) => now - (known.current.get(nameOf(key))?.at ?? 0) > FACTS_MS);
    if (wanted.length === 0) return;
    isAsking.current = true;
    void Promise.all(
      wanted.map(async (key) => {
        let link = links.current.get(key.database);
        if (link === undefined) {
          link = new OwnLink(key.database);
          links.current.set(key.database, link);
        }
        const facts = await keyFacts(link, key.key).catch(() => null);
        known.current.set(nameOf(key), { at: now, facts });
      }),
    ).then(() => {
      isAsking.current = false;
      turn.value++;
    });
  }, [keys]);
  useEffect(() => {
    const { current } = links;
    return () => {
      for (const link of current.values()) link.close();
    };
  }, []);
  return turn.value < 0 ? () => null : (key) => known.current.get(nameOf(key))?.facts ?? null;
}

function nameOf({ database, key }: HotKey): string {
  return `${database}:${latin1(key)}`;
}

export const HOT_KEYS: View = { id: "hot-keys", title: "Hot keys", key: "h", component: HotKeys };
