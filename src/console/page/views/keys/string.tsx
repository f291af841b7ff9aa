/** A string: whole while it is short, in windows when it is long. */

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Failure, Notice } from "../../components/notice.tsx";
import { Pager } from "../../components/pager.tsx";
import { toast } from "../../components/toast.tsx";
import { Content } from "../../content/content.tsx";
import { kindOf } from "../../content/forms.ts";
import { count, readable, bytes as size } from "../../format.ts";
import { numberOf, octetsIn } from "../../reply.ts";
import { wordsOf } from "../../session.ts";
import { useRead } from "./reading.ts";
import type { ShownKey } from "./shown-key.ts";
import type { TypeViewProps } from "./type-view.ts";

const WINDOW = 64 * 1024;
const MOST_WHOLE = 16 << 20;

interface Window {
  readonly length: number;
  readonly first: number;
  readonly bytes: Uint8Array;
}

export function StringView({ shown, facts }: TypeViewProps) {
  const first = useSignal(0);
  const isWhole = useSignal(false);
  const read = useRead(shown, () => readWindow(shown, first.value, isWhole.value), [first.value, isWhole.value]);
  const { data, error, refresh } = read;
  if (data.value === null) return error.value === null ? <p class="soft">Loading …</p> : <Failure text={error.value} retry={refresh} />;
  const { value, since } = data.value;
  const isPart = value.bytes.length < value.length;
  const label = `Value of ${readable(shown.name)}`;
  const save = async (edited: Uint8Array, before: Uint8Array, from: number): Promise<boolean> => {
    if (!isPart)
      return shown.make({
        title: `Set ${readable(shown.name)}`,
        commands: [["SET", shown.name, edited, "KEEPTTL"]],
        since: from,
        touched: { look: ["GET", shown.name], seen: before },
      });
    if (edited.length !== before.length) throw new Error("A part keeps its length: load all of the value to change that.");
    return shown.make({
      title: `Set bytes ${count(value.first)} to ${count(value.first + edited.length - 1)} of ${readable(shown.name)}`,
      commands: [["SETRANGE", shown.name, value.first, edited]],
      since: from,
      touched: { look: ["GETRANGE", shown.name, value.first, value.first + before.length - 1], seen: before },
    });
  };
  return (
    <section class="stack" aria-label="Value">
      {error.value === null ? null : <Failure text={error.value} retry={refresh} />}
      {isPart ? (
        <div class="row">
          <Pager
            label="bytes"
            first={value.first}
            shown={value.bytes.length}
            total={value.length}
            previous={value.first === 0 ? null : () => (first.value = Math.max(0, value.first - WINDOW))}
            next={value.first + WINDOW >= value.length ? null : () => (first.value = value.first + WINDOW)}
          />
          {value.length <= MOST_WHOLE ? (
            <button type="button" class="button" onClick={() => (isWhole.value = true)}>
              Load all, {size(value.length)}
            </button>
          ) : (
            <span class="soft">More than {size(MOST_WHOLE)} are only shown in parts.</span>
          )}
        </div>
      ) : null}
      <HyperLogLog shown={shown} bytes={value.bytes} isWhole={!isPart} />
      <Content
        bytes={value.bytes}
        label={label}
        save={save}
        whyNot={facts.whyNot}
        since={since}
        {...(isPart ? { part: { first: value.first } } : {})}
      />
      {isPart ? null : <Files shown={shown} bytes={value.bytes} since={since} whyNot={facts.whyNot} />}
    </section>
  );
}

async function readWindow(shown: ShownKey, first: number, isWhole: boolean): Promise<Window> {
  const length = await shown.askNumber("STRLEN");
  if (length <= WINDOW || (isWhole && length <= MOST_WHOLE)) {
    const bytes = octetsIn(await shown.ask("GET"));
    return { length: bytes.length, first: 0, bytes };
  }
  const from = first < length ? first : 0;
  return { length, first: from, bytes: octetsIn(await shown.ask("GETRANGE", from, from + WINDOW - 1)) };
}

/** Its header keeps what was counted last: asking the server would change the key. */
function HyperLogLog({ shown, bytes, isWhole }: { readonly shown: ShownKey; readonly bytes: Uint8Array; readonly isWhole: boolean }) {
  if (!isWhole || kindOf(bytes) === null) return null;
  const counted = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getBigUint64(8, true);
  const recount = (): void => {
    shown.add("PFCOUNT").then(
      (reply) => toast(`About ${count(numberOf(reply))} different elements.`),
      (error) => toast(wordsOf(error), "error"),
    );
  };
  // The highest bit: elements came since.
  return counted >> 63n === 0n ? (
    <Notice>A HyperLogLog of about {count(counted)} different elements.</Notice>
  ) : (
    <Notice>
      <span>A HyperLogLog; elements came since it was counted last.</span>
      <button type="button" class="button" onClick={recount}>
        Count (PFCOUNT)
      </button>
    </Notice>
  );
}

interface FilesProps {
  readonly shown: ShownKey;
  readonly bytes: Uint8Array;
  readonly since: number;
  readonly whyNot: string | null;
}

/** To a file and from a file. */
function Files({ shown, bytes, since, whyNot }: FilesProps) {
  const input = useRef<HTMLInputElement>(null);
  const download = (): void => {
    const address = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
    const link = document.createElement("a");
    link.href = address;
    link.download = readable(shown.name).replace(/[^\w.-]+/g, "_");
    link.click();
    URL.revokeObjectURL(address);
  };
  const upload = async (file: File): Promise<void> => {
    try {
      if (file.size > MOST_WHOLE) throw new Error(`${file.name} is longer than ${size(MOST_WHOLE)}.`);
      const isDone = await shown.make({
        title: `Set ${readable(shown.name)} to ${file.name}, ${size(file.size)}`,
        commands: [["SET", shown.name, new Uint8Array(await file.arrayBuffer()), "KEEPTTL"]],
        since,
        touched: { look: ["GET", shown.name], seen: bytes },
      });
      if (isDone) toast(`${readable(shown.name)} holds ${file.name} now.`);
    } catch (error) {
      toast(wordsOf(error), "error");
    }
  };
  return (
    <div class="row">
      <button type="button" class="button" onClick={download}>
        Download
      </button>
      <button type="button" class="button" disabled={whyNot !== null} title={whyNot ?? undefined} onClick={() => input.current?.click()}>
        Replace by a file …
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="File"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          currentTarget.value = "";
          if (file !== undefined) void upload(file);
        }}
      />
    </div>
  );
}
