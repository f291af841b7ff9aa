/** The key's name, type, size and times, and what is done with it as a whole. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Confirm } from "../../components/confirm.tsx";
import { FormDialog } from "../../components/form-dialog.tsx";
import { Notice } from "../../components/notice.tsx";
import { toast } from "../../components/toast.tsx";
import { count, duration, readable, bytes as size } from "../../format.ts";
import { textOf } from "../../octets.ts";
import { OctetsField, octetsFrom } from "./elements.tsx";
import { type Expiry, ExpiryDialog, expiryWords } from "./expiry.tsx";
import type { Facts, ShownKey } from "./shown-key.ts";

interface KeyHeadProps {
  readonly shown: ShownKey;
  readonly facts: Facts | null;
  readonly refresh: () => void;
  readonly changed: (key: Uint8Array | null) => void;
}

type Question = "expiry" | "rename" | "copy" | "delete";

const BUTTONS: readonly [Question, string][] = [
  ["expiry", "Expiry …"],
  ["rename", "Rename …"],
  ["copy", "Copy …"],
  ["delete", "Delete …"],
];

export function KeyHead({ shown, facts, refresh, changed }: KeyHeadProps) {
  const question = useSignal<Question | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // What was chosen may have left with the list, on screens that have no room for both.
    if (document.activeElement === document.body || document.activeElement?.checkVisibility() === false) title.current?.focus();
  }, [shown]);
  const isThere = facts !== null && facts.type !== "none";
  const whyNot = facts?.whyNot ?? null;
  return (
    <>
      <div class="head">
        <h2 class="mono keys-name" tabIndex={-1} ref={title}>
          {readable(shown.name)}
        </h2>
        {isThere ? <span class={`badge type-${facts.type}`}>{facts.type}</span> : null}
        <button type="button" class="button" onClick={refresh}>
          Refresh
        </button>
      </div>
      {isThere ? (
        <>
          <dl class="facts">
            {factsInWords(facts).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          {whyNot === null ? null : <Notice kind="warning">{whyNot}</Notice>}
          <div class="row">
            {BUTTONS.map(([id, text]) => (
              <button
                key={id}
                type="button"
                class="button"
                disabled={whyNot !== null}
                title={whyNot ?? undefined}
                onClick={() => (question.value = id)}
              >
                {text}
              </button>
            ))}
          </div>
        </>
      ) : null}
      {question.value === null || facts === null ? null : (
        <KeyDialog
          key={question.value}
          shown={shown}
          facts={facts}
          question={question.value}
          changed={changed}
          close={() => (question.value = null)}
        />
      )}
    </>
  );
}

function factsInWords({ expires, encoding, memory, idle, frequency }: Facts): [string, string][] {
  const words: [string, string | null][] = [
    ["Expires", expires === null ? "never" : expiryWords(expires).replace("expires ", "")],
    ["Memory", memory === null ? null : size(memory)],
    ["Encoding", encoding],
    ["Idle", idle === null ? null : duration(idle)],
    ["Frequency", frequency === null ? null : count(frequency)],
  ];
  return words.filter((pair): pair is [string, string] => pair[1] !== null);
}

interface KeyDialogProps {
  readonly shown: ShownKey;
  readonly facts: Facts;
  readonly question: Question;
  readonly changed: (key: Uint8Array | null) => void;
  readonly close: () => void;
}

function KeyDialog({ shown, facts, question, changed, close }: KeyDialogProps) {
  const { name, database } = shown;
  const { since, expires } = facts;
  const words = readable(name);
  if (question === "expiry") {
    const submit = async (expiry: Expiry): Promise<boolean> => {
      const command =
        expiry === "never" ? ["PERSIST", name] : "in" in expiry ? ["PEXPIRE", name, expiry.in] : ["PEXPIREAT", name, expiry.at];
      return shown.make({ title: `Set when ${words} expires`, commands: [command], since });
    };
    return <ExpiryDialog title={`When ${words} expires`} expires={expires} submit={submit} close={close} />;
  }
  if (question === "rename") {
    const submit = async (form: FormData): Promise<boolean> => {
      const wanted = octetsFrom(form, "name");
      const isDone = await shown.make({
        title: `Rename ${words}`,
        commands: [["RENAMENX", name, wanted]],
        alsoWatch: [wanted],
        wants: 1,
        refused: `There is a key ${readable(wanted)} already.`,
        since,
      });
      if (isDone) changed(wanted);
      return isDone;
    };
    return (
      <FormDialog title={`Rename ${words}`} action="Rename" submit={submit} close={close}>
        <OctetsField label="New name" name="name" value={textOf(name)} isRequired />
      </FormDialog>
    );
  }
  if (question === "copy") {
    const submit = async (form: FormData): Promise<boolean> => {
      const wanted = octetsFrom(form, "name");
      const to = Number(form.get("database"));
      const isDone = await shown.make({
        title: `Copy ${words}`,
        commands: [["COPY", name, wanted, "DB", to]],
        wants: 1,
        refused: `There is a key ${readable(wanted)} in database ${to} already.`,
        since,
      });
      if (isDone) {
        toast(`Copied to ${readable(wanted)} in database ${to}.`);
        changed(name);
      }
      return isDone;
    };
    return (
      <FormDialog title={`Copy ${words}`} action="Copy" submit={submit} close={close}>
        <OctetsField label="Name of the copy" name="name" value={textOf(name)} isRequired />
        <label class="field">
          <span>Database</span>
          <input name="database" type="number" min="0" defaultValue={String(database)} required />
        </label>
      </FormDialog>
    );
  }
  const submit = async (): Promise<boolean> => {
    const isDone = await shown.make({ title: `Delete ${words}`, commands: [["UNLINK", name]], since });
    if (isDone) {
      toast(`${words} is deleted.`);
      changed(null);
    }
    return isDone;
  };
  return (
    <Confirm title={`Delete ${words}?`} action="Delete" isDangerous act={submit} close={close}>
      <p>
        The {facts.type} {words} in database {database}
        {facts.memory === null ? "" : `, ${size(facts.memory)},`} is deleted at once, and cannot be brought back.
      </p>
    </Confirm>
  );
}
