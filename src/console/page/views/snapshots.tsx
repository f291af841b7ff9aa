/** What of the data is on disk: saving it, how far that is, the files, and an image to take away. */

import { useSignal } from "@preact/signals";
import { Confirm } from "../components/confirm.tsx";
import { Empty, Failure } from "../components/notice.tsx";
import { type Column, Table } from "../components/table.tsx";
import { toast } from "../components/toast.tsx";
import { bytes, count, duration, moment } from "../format.ts";
import { askInfo, askProgress } from "../live/ask.ts";
import { figure, type Info } from "../live/info.ts";
import type { Work } from "../live/progress.ts";
import { WorkLine } from "../live/work-line.tsx";
import { usePoll } from "../poll.ts";
import { addressOf } from "../route.ts";
import { call } from "../session.ts";
import type { View } from "./view.ts";

const REFRESH_MS = 1000;
const FILES_MS = 5000;

interface SavedFile {
  readonly name: string;
  readonly kind: "snapshot" | "base" | "increment" | "manifest";
  readonly size: number;
  /** ms since 1970. */
  readonly time: number;
}

interface Listed {
  readonly directory: string;
  readonly files: readonly SavedFile[];
}

/** Errors: Error in the server's words. */
async function filesOf(): Promise<Listed> {
  const response = await fetch("/files");
  if (!response.ok) throw new Error((await response.text()).trim());
  return response.json() as Promise<Listed>;
}

const KINDS: ReadonlySet<string> = new Set(["save", "bgsave", "aof-rewrite", "load-rdb", "load-aof"]);

/** What is under way: by REPLICANT.PROGRESS where that is to be had, else as far as INFO tells. */
async function worksOf(info: Info): Promise<readonly Work[]> {
  const works = (await askProgress()).filter(({ kind }) => KINDS.has(kind));
  return works.length > 0 ? works : worksInInfo(info);
}

function worksInInfo(info: Info): Work[] {
  const works: Work[] = [];
  const add = (kind: string, seconds: number | null): void => {
    const done = figure(info, "current_save_keys_processed") ?? 0;
    const total = figure(info, "current_save_keys_total");
    const known = total !== null && total > 0;
    const elapsed = Math.max(seconds ?? 0, 1);
    works.push({
      kind,
      subject: "",
      unit: "keys",
      done,
      total: known ? total : null,
      percent: known ? (done * 100) / total : null,
      rate: done / elapsed,
      bytes: null,
      bytesRate: null,
      seconds: elapsed,
      left: null,
    });
  };
  if (info.rdb_bgsave_in_progress === "1") add("bgsave", figure(info, "rdb_current_bgsave_time_sec"));
  if (info.aof_rewrite_in_progress === "1") add("aof-rewrite", figure(info, "aof_current_rewrite_time_sec"));
  return works;
}

type Asked = "SAVE" | "BGSAVE" | "BGREWRITEAOF";

function Snapshots() {
  const asked = usePoll(async () => {
    const info = await askInfo("persistence");
    return { info, works: await worksOf(info) };
  }, REFRESH_MS);
  const question = useSignal<"SAVE" | "image" | null>(null);
  const state = asked.data.value;
  const files = usePoll(filesOf, FILES_MS, [state?.info.rdb_last_save_time, state?.info.aof_rewrite_in_progress]);
  const run = async (command: Asked): Promise<void> => {
    const reply = await call(command);
    toast(reply === "OK" ? "The data is saved." : String(reply));
    asked.refresh();
    files.refresh();
  };
  const tryTo = (command: Asked): void => {
    run(command).catch((error: unknown) => toast(error instanceof Error ? error.message : String(error), "error"));
  };
  const isSaving = state?.info.rdb_bgsave_in_progress === "1";
  const isRewriting = state?.info.aof_rewrite_in_progress === "1";
  return (
    <>
      <div class="head">
        <h1>Snapshots</h1>
        <button type="button" class="button" onClick={() => (question.value = "SAVE")}>
          SAVE …
        </button>
        <button type="button" class="button" disabled={isSaving} onClick={() => tryTo("BGSAVE")}>
          Save in the background
        </button>
        <button type="button" class="button" disabled={isRewriting} onClick={() => tryTo("BGREWRITEAOF")}>
          Rewrite the append-only file
        </button>
      </div>
      {asked.error.value === null ? null : <Failure text={asked.error.value} retry={asked.refresh} />}
      <div aria-live="polite" class="stack works">
        {state?.works.map((work) => (
          <section class="panel" key={`${work.kind} ${work.subject}`}>
            <WorkLine work={work} />
          </section>
        ))}
      </div>
      {state === null ? null : (
        <div class="charts">
          <Snapshot info={state.info} />
          <AppendOnly info={state.info} />
        </div>
      )}
      <section class="panel">
        <div class="head">
          <h2>Files</h2>
          <button type="button" class="button" disabled={files.error.value !== null} onClick={() => (question.value = "image")}>
            Download an image of now …
          </button>
        </div>
        <Files listed={files.data.value} error={files.error.value} retry={files.refresh} />
      </section>
      {question.value === "SAVE" ? (
        <Confirm
          title="Save while every client waits?"
          action="SAVE"
          isDangerous
          act={() => run("SAVE")}
          close={() => (question.value = null)}
        >
          <p>
            SAVE writes all the data to the file at one go. The server answers no client until it is done; "Save in the background" keeps
            answering.
          </p>
        </Confirm>
      ) : null}
      {question.value === "image" ? <ImageQuestion close={() => (question.value = null)} /> : null}
    </>
  );
}

function ImageQuestion({ close }: { readonly close: () => void }) {
  const act = async (): Promise<void> => {
    // Asked before: what a download is refused for, the browser would not show.
    const answer = await fetch("/snapshot", { method: "HEAD" });
    if (!answer.ok)
      throw new Error(answer.status === 503 ? "The server is loading a data set." : `The server refused it (${answer.status}).`);
    const link = document.createElement("a");
    link.href = "/snapshot";
    link.download = "";
    link.click();
    toast("The download has begun; the browser shows how far it is.");
  };
  return (
    <Confirm title="Download all the data?" action="Download" act={act} close={close}>
      <p>
        The server makes an image (RDB) of all databases as they are at that moment, and sends it while it is made. Nothing is written on
        its side; until the download is through it keeps the old form of what changes meanwhile, so it needs more memory. The file will hold
        every key and value in the clear.
      </p>
    </Confirm>
  );
}

type Fact = readonly [name: string, value: string | null, isBad?: boolean];

function Facts({ title, facts }: { readonly title: string; readonly facts: readonly Fact[] }) {
  return (
    <section class="panel">
      <h2>{title}</h2>
      <dl class="saved-facts">
        {facts.map(([name, value, isBad]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd class={isBad === true ? "danger-text" : undefined}>{value}</dd>
            </div>
          ),
        )}
      </dl>
      <p class="soft">
        <a href={addressOf("configuration")}>Its directives</a>
      </p>
    </section>
  );
}

function Snapshot({ info }: { readonly info: Info }) {
  const at = figure(info, "rdb_last_save_time");
  const changes = figure(info, "rdb_changes_since_last_save");
  const took = figure(info, "rdb_last_bgsave_time_sec");
  return (
    <Facts
      title="Snapshot (RDB)"
      facts={[
        ["Saved last", at === null ? null : moment(at)],
        ["Changes since then", changes === null ? null : count(changes)],
        ["The last save in the background", outcome(info.rdb_last_bgsave_status, took), info.rdb_last_bgsave_status === "err"],
        ["Saves since the start", figure(info, "rdb_saves") === null ? null : count(figure(info, "rdb_saves") ?? 0)],
      ]}
    />
  );
}

function AppendOnly({ info }: { readonly info: Info }) {
  const isOn = info.aof_enabled === "1";
  const size = figure(info, "aof_current_size");
  const base = figure(info, "aof_base_size");
  const took = figure(info, "aof_last_rewrite_time_sec");
  const grown =
    size === null || base === null || base === 0 ? "" : `, ${Math.round(((size - base) * 100) / base)}% more than after the last rewrite`;
  return (
    <Facts
      title="Append-only file (AOF)"
      facts={[
        ["State", isOn ? "on: each change is written down" : "off: what changes between two saves is lost if the server breaks off"],
        ["Size", isOn && size !== null ? `${bytes(size)}${grown}` : null],
        ["The last rewrite", outcome(info.aof_last_bgrewrite_status, took), info.aof_last_bgrewrite_status === "err"],
        ["The last write", isOn ? outcome(info.aof_last_write_status, null) : null, info.aof_last_write_status === "err"],
        ["A rewrite waits", info.aof_rewrite_scheduled === "1" ? "until the save in the background is through" : null],
      ]}
    />
  );
}

function outcome(status: string | undefined, seconds: number | null): string | null {
  if (status === undefined) return null;
  if (status !== "ok") return "failed; the server's log says why";
  if (seconds === null) return "succeeded";
  return seconds < 0 ? "none yet" : `succeeded, in ${seconds === 0 ? "less than a second" : duration(seconds)}`;
}

interface FilesProps {
  readonly listed: Listed | null;
  readonly error: string | null;
  readonly retry: () => void;
}

function Files({ listed, error, retry }: FilesProps) {
  if (error !== null) return <Failure text={error} retry={retry} />;
  if (listed === null) return null;
  if (listed.files.length === 0) return <Empty>Nothing has been saved in {listed.directory} yet.</Empty>;
  return (
    <>
      <p class="soft">
        In <code>{listed.directory}</code>, {bytes(listed.files.reduce((sum, { size }) => sum + size, 0))} together
      </p>
      <Table caption="Files of the data" columns={COLUMNS} rows={listed.files} rowKey={({ name }) => name} />
    </>
  );
}

const MEANINGS: Readonly<Record<SavedFile["kind"], string>> = {
  snapshot: "snapshot",
  base: "append-only file: base",
  increment: "append-only file: changes",
  manifest: "append-only file: list of its parts",
};

const COLUMNS: readonly Column<SavedFile>[] = [
  {
    id: "name",
    label: "File",
    by: ({ name }) => name,
    cell: ({ name }) => (
      <a class="mono key-link" href={`/files/${encodeURIComponent(name)}`} download={name}>
        {name}
      </a>
    ),
  },
  { id: "kind", label: "What it is", by: ({ kind }) => kind, cell: ({ kind }) => MEANINGS[kind] },
  { id: "size", label: "Size", isNumber: true, by: ({ size }) => size, cell: ({ size }) => bytes(size) },
  {
    id: "time",
    label: "Written",
    isNumber: true,
    by: ({ time }) => time,
    cell: ({ time }) => <span class="nowrap">{moment(time / 1000)}</span>,
  },
];

export const SNAPSHOTS: View = { id: "snapshots", title: "Snapshots", key: "p", component: Snapshots };
