/** How the server does: figures, what is under way, and the last minutes in lines. */

import { useSignal } from "@preact/signals";
import { Failure, Notice } from "../../components/notice.tsx";
import { askInfo, askProgress } from "../../live/ask.ts";
import { latest, reduced, trouble } from "../../live/history.ts";
import { WorkLine } from "../../live/work-line.tsx";
import { usePoll } from "../../poll.ts";
import type { View } from "../view.ts";
import { Charts } from "./charts.tsx";
import { Tiles } from "./tiles.tsx";

/** What changes slowly. */
const INFO_MS = 5000;
const PROGRESS_MS = 1000;
const MINUTES = [1, 5, 15, 60];
const USUAL_MINUTES = 5;

/** How much is shown stays as it was chosen while one looks at other views. */
let chosenMinutes = USUAL_MINUTES;

function Overview() {
  const info = usePoll(() => askInfo("server", "replication", "memory", "persistence"), INFO_MS);
  const minutes = useSignal(chosenMinutes);
  return (
    <>
      <div class="head">
        <h1>Overview</h1>
        <label class="row">
          <span class="soft">Time shown</span>
          <select
            value={minutes.value}
            onChange={({ currentTarget }) => {
              chosenMinutes = Number(currentTarget.value);
              minutes.value = chosenMinutes;
            }}
          >
            {MINUTES.map((one) => (
              <option key={one} value={one}>
                {one === 1 ? "1 minute" : `${one} minutes`}
              </option>
            ))}
          </select>
        </label>
      </div>
      {trouble.value === null ? null : <Failure text={trouble.value} />}
      {info.error.value === null || trouble.value !== null ? null : <Failure text={info.error.value} retry={info.refresh} />}
      {reduced.value === null ? null : (
        <Notice kind="warning">
          Latencies and stalls are not shown: they come by REPLICANT.STATS. {reduced.value}. The rest is from INFO.
        </Notice>
      )}
      <Tiles info={info.data.value ?? {}} figures={latest.value} />
      <UnderWay />
      <Charts seconds={minutes.value * 60} />
    </>
  );
}

function UnderWay() {
  const works = usePoll(askProgress, PROGRESS_MS);
  const running = works.data.value;
  if (running === null || running.length === 0) return null;
  return (
    <section class="panel stack" aria-labelledby="under-way">
      <h2 id="under-way">Under way</h2>
      {running.map((work) => (
        <WorkLine key={`${work.kind} ${work.subject}`} work={work} />
      ))}
    </section>
  );
}

export const OVERVIEW: View = { id: "overview", title: "Overview", key: "o", component: Overview };
