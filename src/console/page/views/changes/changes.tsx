/** What is written to the server, as it is written. */

import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Empty, Failure, Notice } from "../../components/notice.tsx";
import { count } from "../../format.ts";
import { octetsOf } from "../../octets.ts";
import { go, parameters } from "../../route.ts";
import type { View } from "../view.ts";
import { MOST_SHOWN, MOST_WAITING } from "./buffered.ts";
import { type Filter, feed } from "./feed.ts";
import { FilterForm } from "./filter-form.tsx";
import { MOST_READS_A_SECOND, reader } from "./reader.ts";
import { Rows } from "./rows.tsx";
import { MOST_BYTES, MOST_ELEMENTS } from "./shown-value.ts";

const SHOWN_AT_FIRST = 100;

/** Whether the address asks for values. */
function isReadingNow(): boolean {
  return parameters.value.get("values") === "yes";
}

/** What the address asks for. */
function filterNow(): Filter {
  const { value } = parameters;
  const database = value.get("db") ?? "";
  return {
    keys: octetsOf(value.get("keys") ?? ""),
    types: (value.get("types") ?? "").split(",").filter((type) => type !== ""),
    database: /^\d+$/.test(database) ? Number(database) : null,
    // What a key held before is known only if no change of it was left out.
    areAllTold: isReadingNow(),
  };
}

function Changes() {
  const isReading = isReadingNow();
  const most = useSignal(SHOWN_AT_FIRST);
  useFeed(isReading);
  const { shown, total, isPaused } = feed.buffered;
  const entries = useComputed(() => shown.value.slice(0, most.value));
  // Values come later than the changes that they belong to.
  if (isReading) reader.turn.value;
  return (
    <>
      <div class="head">
        <h1>Changes</h1>
        <button type="button" class="button" aria-pressed={isPaused.value} onClick={() => (isPaused.value = !isPaused.value)}>
          {isPaused.value ? "Continue" : "Pause"}
        </button>
        <button type="button" class="button" onClick={() => feed.buffered.clear()}>
          Clear
        </button>
      </div>
      <FilterForm />
      <ValuesChoice isReading={isReading} />
      <State />
      <section class="panel" aria-label="Feed">
        {shown.value.length === 0 ? (
          <Empty>
            {total.value === 0 ? "No change has come yet: each write to a key that matches will be shown here." : "Nothing is shown."}
          </Empty>
        ) : (
          <Rows entries={entries.value} valuesOf={isReading ? (change) => reader.of(change) : null} />
        )}
        {shown.value.length > most.value ? (
          <button type="button" class="button" onClick={() => (most.value += 200)}>
            Show older ones
          </button>
        ) : null}
      </section>
    </>
  );
}

/** Keeps the feed, and the reading of values, as the address says, for as long as the view is shown. */
function useFeed(isReading: boolean): void {
  const asked = ["keys", "types", "db", "values"].map((name) => parameters.value.get(name) ?? "").join("\n");
  useEffect(() => {
    feed.start(filterNow());
    return () => feed.stop();
  }, [asked]);
  const isLive = feed.state.value === "live";
  useEffect(() => {
    if (!isReading || !isLive) return;
    const { keys, database } = filterNow();
    reader.start(keys, database ?? 0);
    feed.onChange = (change) => reader.changed(change);
    feed.onMissed = (from, to) => reader.missed(from, to);
    return () => {
      feed.onChange = null;
      feed.onMissed = null;
      reader.stop();
    };
  }, [isReading, isLive, asked]);
}

function ValuesChoice({ isReading }: { readonly isReading: boolean }) {
  const choose = (isOn: boolean): void => {
    const values = Object.fromEntries(parameters.value);
    delete values.values;
    go("changes", isOn ? { ...values, values: "yes" } : values, { replace: true });
  };
  return (
    <div class="stack">
      <label>
        <input type="checkbox" checked={isReading} onChange={({ currentTarget }) => choose(currentTarget.checked)} /> Before and after{" "}
        <span class="soft">
          (costs: each key that changes is read, up to {MOST_BYTES} bytes or {MOST_ELEMENTS} elements of it, {MOST_READS_A_SECOND} keys a
          second at most. What was not read between two changes is not known.)
        </span>
      </label>
      {!isReading || reader.trouble.value !== null ? null : (
        <p class="soft" role="status">
          {reader.first.value === null ? "Reading the keys that are there …" : `${count(reader.first.value)} keys were read to begin with.`}
        </p>
      )}
      {!isReading || reader.trouble.value === null ? null : <Notice kind="error">Values cannot be read: {reader.trouble.value}</Notice>}
    </div>
  );
}

function State() {
  const { state, reason, rate, buffered } = feed;
  const { waiting, total, isPaused, droppedWaiting, droppedShown } = buffered;
  const again = (): void => feed.start(filterNow());
  return (
    <>
      {state.value === "refused" ? <Failure text={reason.value} retry={again} /> : null}
      {state.value === "broken" ? (
        <Notice kind="warning">{reason.value} The feed goes on where it was as soon as the server answers.</Notice>
      ) : null}
      <p class="row soft" role="status">
        <span class={`badge ${state.value === "live" ? "good" : "warn"}`}>{isPaused.value ? "paused" : state.value}</span>
        <span>
          {count(total.value)} changes, {count(rate.value)} in the last second
        </span>
        {isPaused.value ? (
          <span>
            {count(waiting.value)} wait (up to {count(MOST_WAITING)})
            {droppedWaiting.value > 0 ? `, ${count(droppedWaiting.value)} older ones were dropped` : ""}
          </span>
        ) : null}
        {droppedShown.value > 0 ? (
          <span>
            the newest {count(MOST_SHOWN)} are kept, {count(droppedShown.value)} older ones are not
          </span>
        ) : null}
      </p>
    </>
  );
}

export const CHANGES: View = { id: "changes", title: "Changes", key: "c", component: Changes };
