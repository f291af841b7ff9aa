/** A value in the form that it has: unpacked, laid out, and edited. */

import { useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import { Block } from "../components/block.tsx";
import { count, bytes as size } from "../format.ts";
import { utf8 } from "../octets.ts";
import { wordsOf } from "../session.ts";
import { bitLine, FORM_NAMES, type Form, formsOf, hexLine, hintFor, kindOf, readBack, whyNotEditable, writtenAs } from "./forms.ts";
import { laidOut } from "./json-text.ts";
import { type Layer, layersOf, pack } from "./packing.ts";

interface ContentProps {
  readonly bytes: Uint8Array;
  /** What it is called for screen readers: "Value of user:1". */
  readonly label: string;
  /** Of a part of a larger value: where it begins. Parts are not unpacked. */
  readonly part?: { readonly first: number };
  /** Writes what was edited instead of `before`; false: it was not written, and the person goes on. */
  readonly save?: ((edited: Uint8Array, before: Uint8Array, since: number) => Promise<boolean>) | undefined;
  /** Why it cannot be edited. */
  readonly whyNot?: string | null;
  /** For `save`: see Change. */
  readonly since?: number;
}

/** More is slow in a text area. */
const MOST_EDITED = 1 << 20;
const SHOWN_AT_FIRST = 100_000;
const LINES_AT_FIRST = 512;

export function Content({ bytes, label, part, save, whyNot = null, since = 0 }: ContentProps) {
  const layers = useSignal<readonly Layer[]>([{ packings: [], bytes }]);
  const chosen = useSignal<{ readonly depth: number | null; readonly form: Form | null }>({ depth: null, form: null });
  const edited = useSignal<Draft | null>(null);
  useEffect(() => {
    let isOver = false;
    layers.value = [{ packings: [], bytes }];
    if (part === undefined)
      void layersOf(bytes).then((found) => {
        if (!isOver) layers.value = found;
      });
    return () => {
      isOver = true;
    };
  }, [bytes, part === undefined]);
  const layer = layers.value[chosen.value.depth ?? layers.value.length - 1] ?? layers.value[0] ?? { packings: [], bytes };
  const forms = formsOf(layer.bytes);
  const form = chosen.value.form !== null && forms.includes(chosen.value.form) ? chosen.value.form : (forms[0] ?? "hex");
  const whyNotNow =
    whyNot ?? whyNotEditable(layer.bytes, form) ?? (layer.bytes.length > MOST_EDITED ? "Too long to be edited here." : null);
  const kind = kindOf(layer.bytes);
  if (edited.value !== null) return <Editing draft={edited.value} label={label} save={save} close={() => (edited.value = null)} />;
  return (
    <div class="value-content stack">
      <div class="row">
        {layers.value.length > 1 ? (
          <label>
            <span class="visually-hidden">Unpacked</span>
            <select
              value={String(layers.value.indexOf(layer))}
              onChange={({ currentTarget }) => (chosen.value = { depth: Number(currentTarget.value), form: null })}
            >
              {layers.value.map(({ packings }, depth) => (
                <option key={depth} value={String(depth)}>
                  {packings.length === 0 ? "As stored" : packings.join(" → ")}
                </option>
              ))}
            </select>
          </label>
        ) : null}
        <label>
          <span class="visually-hidden">Form</span>
          <select value={form} onChange={({ currentTarget }) => (chosen.value = { ...chosen.value, form: currentTarget.value as Form })}>
            {forms.map((one) => (
              <option key={one} value={one}>
                {FORM_NAMES[one]}
              </option>
            ))}
          </select>
        </label>
        {form === "bits" ? <span class="badge">{bitsSet(layer.bytes)}</span> : null}
        {kind === null ? null : <span class="badge">{kind}</span>}
        <span class="soft">{chainOf(layer, form, bytes)}</span>
        <span class="spacer" />
        {save === undefined ? null : (
          <button
            type="button"
            class="button"
            disabled={whyNotNow !== null}
            title={whyNotNow ?? undefined}
            onClick={() => (edited.value = { layer, form, before: bytes, since })}
          >
            Edit
          </button>
        )}
      </div>
      {save !== undefined && whyNotNow !== null && whyNot === null ? <p class="soft">{whyNotNow}</p> : null}
      <Shown bytes={layer.bytes} form={form} first={part?.first ?? 0} label={label} />
    </div>
  );
}

/** "12 of 800 bits are set". */
function bitsSet(bytes: Uint8Array): string {
  let set = 0;
  for (const byte of bytes) for (let rest = byte; rest > 0; rest &= rest - 1) set++;
  return `${count(set)} of ${count(bytes.length * 8)} bits are set`;
}

/** "gzip → JSON, 1.2 KiB, 310 B stored". */
function chainOf({ packings, bytes }: Layer, form: Form, stored: Uint8Array): string {
  if (packings.length === 0) return size(bytes.length);
  return `${[...packings, FORM_NAMES[form]].join(" → ")}, ${size(bytes.length)}, stored in ${size(stored.length)}`;
}

interface ShownProps {
  readonly bytes: Uint8Array;
  readonly form: Form;
  readonly first: number;
  readonly label: string;
}

function Shown({ bytes, form, first, label }: ShownProps) {
  const isAll = useSignal(false);
  useEffect(() => {
    isAll.value = false;
  }, [bytes, form]);
  if (form === "hex" || form === "bits") {
    const width = form === "hex" ? 16 : 8;
    const most = isAll.value ? Number.POSITIVE_INFINITY : LINES_AT_FIRST * width;
    const lines: string[] = [];
    for (let at = 0; at < Math.min(bytes.length, most); at += width) lines.push((form === "hex" ? hexLine : bitLine)(bytes, at, first));
    return (
      <>
        <Block label={label} isRaw>
          {lines.join("\n")}
        </Block>
        <Rest isMore={bytes.length > most} all={() => (isAll.value = true)} />
      </>
    );
  }
  const whole = form === "text" ? (utf8(bytes) ?? writtenAs(bytes, "text")) : writtenAs(bytes, form);
  const text = isAll.value ? whole : whole.slice(0, SHOWN_AT_FIRST);
  const isJson = form !== "text" && whole.length <= SHOWN_AT_FIRST;
  return (
    <>
      <Block label={label}>
        {isJson
          ? laidOut(whole).map(({ kind, text: piece }, index) =>
              kind === "mark" ? (
                piece
              ) : (
                <span key={index} class={`json-${kind}`}>
                  {piece}
                </span>
              ),
            )
          : text}
      </Block>
      <Rest isMore={whole.length > text.length} all={() => (isAll.value = true)} />
    </>
  );
}

function Rest({ isMore, all }: { readonly isMore: boolean; readonly all: () => void }) {
  if (!isMore) return null;
  return (
    <div class="row">
      <span class="soft">This is the beginning.</span>
      <button type="button" class="button" onClick={all}>
        Show all
      </button>
    </div>
  );
}

interface Draft {
  readonly layer: Layer;
  readonly form: Form;
  /** The value as it is stored. */
  readonly before: Uint8Array;
  readonly since: number;
}

interface EditingProps {
  readonly draft: Draft;
  readonly label: string;
  readonly save: ContentProps["save"];
  readonly close: () => void;
}

function Editing({ draft, label, save, close }: EditingProps) {
  const { layer, form, before, since } = draft;
  const text = useSignal(writtenAs(layer.bytes, form));
  const problem = useSignal<string | null>(null);
  const isBusy = useSignal(false);
  const id = useId();
  const hint = hintFor(layer.bytes, form);
  const write = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    isBusy.value = true;
    try {
      const inner = readBack(text.value, form, layer.bytes);
      if ((await save?.(await pack(inner, layer.packings), before, since)) === true) close();
      else problem.value = null;
    } catch (error) {
      problem.value = wordsOf(error);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <form class="value-content stack" onSubmit={write}>
      <label class="field">
        <span>
          {label} as {[FORM_NAMES[form], ...layer.packings.toReversed()].join(" in ")}, {count(layer.bytes.length)} bytes
        </span>
        <textarea
          rows={Math.min(24, Math.max(4, text.value.split("\n").length + 1))}
          value={text.value}
          spellcheck={false}
          autofocus
          aria-invalid={problem.value !== null}
          aria-describedby={id}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
      </label>
      <p id={id} class={problem.value === null ? "soft" : "fault"} role={problem.value === null ? undefined : "alert"}>
        {problem.value ?? hint}
      </p>
      <div class="row">
        <button type="submit" class="button primary" disabled={isBusy.value}>
          Save
        </button>
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  );
}
