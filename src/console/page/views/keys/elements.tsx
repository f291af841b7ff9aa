/** What tables of elements are made of: a glance at a value, the dialogs that show, change, add and remove one. */

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { Confirm } from "../../components/confirm.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { Content } from "../../content/content.tsx";
import { readable } from "../../format.ts";
import { octetsOf } from "../../octets.ts";

const GLANCE = 160;

/** The beginning of a value, on one line. */
export function Glance({ bytes }: { readonly bytes: Uint8Array }) {
  if (bytes.length === 0) return <span class="soft">empty</span>;
  const text = readable(bytes.subarray(0, GLANCE * 4));
  const isCut = text.length > GLANCE || bytes.length > GLANCE * 4;
  return (
    <span class="mono glance">
      {text.slice(0, GLANCE)}
      {isCut ? "…" : ""}
    </span>
  );
}

interface ElementDialogProps {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly since: number;
  readonly whyNot: string | null;
  /** Writes it; true closes the dialog. Without it the element is only shown. */
  readonly save?: (edited: Uint8Array, before: Uint8Array, since: number) => Promise<boolean>;
  readonly close: () => void;
}

/** An element in full, and changed where that makes sense. */
export function ElementDialog({ title, bytes, since, whyNot, save, close }: ElementDialogProps) {
  const written =
    save === undefined
      ? undefined
      : async (edited: Uint8Array, before: Uint8Array, from: number): Promise<boolean> => {
          if (await save(edited, before, from)) close();
          return false;
        };
  return (
    <Dialog title={title} isWide close={close}>
      <Content bytes={bytes} label={title} save={written} whyNot={whyNot} since={since} />
      {whyNot === null || save === undefined ? null : <p class="soft">{whyNot}</p>}
      <div class="row">
        <button type="button" class="button" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

interface OctetsFieldProps {
  readonly label: string;
  readonly name: string;
  readonly value?: string;
  readonly isLong?: boolean;
  readonly isRequired?: boolean;
}

/** Where bytes are typed: text, with \xNN for what is none. Read it by `octetsFrom`. */
export function OctetsField({ label, name, value = "", isLong = false, isRequired = false }: OctetsFieldProps) {
  const text = useSignal(value);
  const isEscaped = useSignal(value.includes("\\"));
  const id = useId();
  const shared = {
    id,
    name,
    value: text.value,
    spellcheck: false,
    autocomplete: "off",
    required: isRequired,
    onInput: ({ currentTarget }: { readonly currentTarget: HTMLInputElement | HTMLTextAreaElement }) => (text.value = currentTarget.value),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {isLong ? <textarea rows={4} {...shared} /> : <input class="mono" {...shared} />}
      <label class="check">
        <input
          type="checkbox"
          name={`${name}.escaped`}
          checked={isEscaped.value}
          onChange={({ currentTarget }) => (isEscaped.value = currentTarget.checked)}
        />
        <span class="soft">\xNN, \n, \r, \t and \\ stand for a byte</span>
      </label>
    </div>
  );
}

/** What was typed in an OctetsField. */
export function octetsFrom(form: FormData, name: string): Uint8Array {
  const text = String(form.get(name) ?? "");
  // Forms send line feeds as \r\n, text areas never hold a return.
  const typed = text.replaceAll("\r\n", "\n");
  return form.get(`${name}.escaped`) === null ? new TextEncoder().encode(typed) : octetsOf(typed);
}

interface RemovalProps {
  readonly title: string;
  readonly bytes: Uint8Array | null;
  readonly action?: string;
  readonly submit: () => Promise<boolean>;
  readonly close: () => void;
}

/** Asks before something is removed. */
export function Removal({ title, bytes, action = "Remove", submit, close }: RemovalProps) {
  return (
    <Confirm title={title} action={action} isDangerous act={submit} close={close}>
      {bytes === null ? null : (
        <p>
          <Glance bytes={bytes} />
        </p>
      )}
      <p>It cannot be brought back.</p>
    </Confirm>
  );
}
