/** Every directive with its help: those that differ from the default marked, changed in place, written to the file. */

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { Confirm } from "../components/confirm.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Empty, Failure, Notice } from "../components/notice.tsx";
import { type Column, Table } from "../components/table.tsx";
import { toast } from "../components/toast.tsx";
import { usePoll } from "../poll.ts";
import type { Reply } from "../resp.ts";
import { parameters } from "../route.ts";
import { call, wordsOf } from "../session.ts";
import type { View } from "./view.ts";

interface Directive {
  readonly name: string;
  readonly value: string;
  readonly default: string;
  /** What it takes. */
  readonly values: string;
  readonly help: string;
  readonly changeable: boolean;
  readonly effective: boolean;
  readonly secret: boolean;
}

const REFRESH_MS = 5000;

async function directives(): Promise<Directive[]> {
  const maps = (await call("REPLICANT.DIRECTIVES")) as Map<Reply, Reply>[];
  return maps.map((map) => Object.fromEntries(map as Map<string, Reply>) as unknown as Directive);
}

const isChanged = (one: Directive): boolean => one.value !== one.default;

function Configuration() {
  const asked = usePoll(directives, REFRESH_MS);
  const wanted = useSignal(parameters.value.get("search") ?? "");
  const onlyChanged = useSignal(false);
  const edited = useSignal<Directive | null>(null);
  const isWriting = useSignal(false);
  const all = asked.data.value;
  const shown = (all ?? []).filter((one) => matches(one, wanted.value) && (!onlyChanged.value || isChanged(one)));
  return (
    <>
      <div class="head">
        <h1>Configuration</h1>
        <label class="field">
          <span class="visually-hidden">Search directives</span>
          <input
            type="search"
            placeholder="Search"
            value={wanted.value}
            onInput={({ currentTarget }) => (wanted.value = currentTarget.value)}
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={onlyChanged.value}
            onChange={({ currentTarget }) => (onlyChanged.value = currentTarget.checked)}
          />{" "}
          Only those that differ
        </label>
        <button type="button" class="button" onClick={() => (isWriting.value = true)}>
          Write to the file
        </button>
      </div>
      {asked.error.value === null ? null : <Failure text={asked.error.value} retry={asked.refresh} />}
      {all === null ? null : (
        <section class="panel">
          <p class="soft" role="status">
            {shown.length} of {all.length} directives are shown; {all.filter(isChanged).length} differ from their defaults
          </p>
          {shown.length === 0 ? (
            <Empty>No directive matches.</Empty>
          ) : (
            <Table caption="Directives" columns={columns((one) => (edited.value = one))} rows={shown} rowKey={({ name }) => name} />
          )}
        </section>
      )}
      {edited.value === null ? null : <Edit directive={edited.value} close={() => (edited.value = null)} done={asked.refresh} />}
      {isWriting.value ? (
        <Confirm
          title="Write the configuration to its file?"
          action="Write"
          act={async () => {
            await call("CONFIG", "REWRITE");
            toast("The configuration file holds what is in force now.");
          }}
          close={() => (isWriting.value = false)}
        >
          <p>
            CONFIG REWRITE changes the lines of the file that the server was started with: what is in force now holds after a restart too.
          </p>
        </Confirm>
      ) : null}
    </>
  );
}

function matches({ name, help }: Directive, wanted: string): boolean {
  const text = `${name} ${help}`.toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function shownValue({ value, secret }: Directive): string {
  if (secret && value !== "") return "••••••";
  return value === "" ? '""' : value;
}

function columns(edit: (one: Directive) => void): readonly Column<Directive>[] {
  return [
    {
      id: "name",
      label: "Directive",
      by: ({ name }) => name,
      cell: (one) => (
        <div class="stack directive">
          <span>
            <code>{one.name}</code> {isChanged(one) ? <span class="badge warn">differs</span> : null}{" "}
            {one.effective ? null : <span class="badge">no effect</span>}
          </span>
          <span class="soft">{one.help}</span>
        </div>
      ),
    },
    {
      id: "value",
      label: "Value",
      cell: (one) => (
        <div class="stack directive">
          <code>{shownValue(one)}</code>
          {isChanged(one) ? <span class="soft">default {one.default === "" ? '""' : one.default}</span> : null}
        </div>
      ),
    },
    {
      id: "change",
      label: "",
      cell: (one) =>
        one.changeable ? (
          <button type="button" class="button" aria-label={`Change ${one.name}`} onClick={() => edit(one)}>
            Change
          </button>
        ) : (
          <span class="soft nowrap">at the start only</span>
        ),
    },
  ];
}

interface EditProps {
  readonly directive: Directive;
  readonly close: () => void;
  readonly done: () => void;
}

function Edit({ directive, close, done }: EditProps) {
  const { name, value, values, help, secret } = directive;
  const next = useSignal(secret ? "" : value);
  const problem = useSignal<string | null>(null);
  const fieldId = useId();
  const set = async (text: string): Promise<void> => {
    try {
      await call("CONFIG", "SET", name, text);
      toast(`${name} is changed until the next start; write it to the file to keep it.`);
      done();
      close();
    } catch (error) {
      problem.value = wordsOf(error);
    }
  };
  return (
    <Dialog title={`Change ${name}`} close={close}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void set(next.value);
        }}
      >
        <p>{help}</p>
        {problem.value === null ? null : <Notice kind="error">{problem.value}</Notice>}
        <div class="field">
          <label for={fieldId}>
            Value: <code>{values}</code>
          </label>
          <ValueField id={fieldId} directive={directive} value={next.value} change={(text) => (next.value = text)} />
        </div>
        <div class="row">
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button type="button" class="button" onClick={() => void set(directive.default)}>
            Set to the default
          </button>
          <button type="submit" class="button primary">
            Change
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface ValueFieldProps {
  readonly id: string;
  readonly directive: Directive;
  readonly value: string;
  readonly change: (value: string) => void;
}

/** A choice where the directive takes one of a few words. */
function ValueField({ id, directive: { values, secret }, value, change }: ValueFieldProps) {
  const words = values.split("|");
  if (words.length > 1 && words.every((word) => /^[\w-]+$/.test(word))) {
    return (
      <select id={id} value={value} onChange={({ currentTarget }) => change(currentTarget.value)}>
        {words.map((word) => (
          <option key={word} value={word}>
            {word}
          </option>
        ))}
      </select>
    );
  }
  if (secret)
    return <input id={id} type="password" autocomplete="off" value={value} onInput={({ currentTarget }) => change(currentTarget.value)} />;
  return <input id={id} class="mono" autocomplete="off" value={value} onInput={({ currentTarget }) => change(currentTarget.value)} />;
}

export const CONFIGURATION: View = { id: "configuration", title: "Configuration", key: "f", component: Configuration };
