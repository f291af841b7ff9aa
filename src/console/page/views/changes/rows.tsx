/** What has changed, the newest first. */

import { readable } from "../../format.ts";
import { addressOfKey } from "../../key-address.ts";
import type { Numbered } from "./buffered.ts";
import type { Change } from "./event.ts";
import type { ShownValue } from "./shown-value.ts";
import type { BeforeAndAfter } from "./versions.ts";

interface RowsProps {
  readonly entries: readonly Numbered[];
  /** Null: values are not read. */
  readonly valuesOf: ((change: Change) => BeforeAndAfter) | null;
}

const COLUMNS = ["Time", "Database", "Key", "Type", "Command"];

export function Rows({ entries, valuesOf }: RowsProps) {
  return (
    <div class="scroll">
      <table class="feed">
        <caption class="visually-hidden">Changes, the newest first</caption>
        <thead>
          <tr>
            {COLUMNS.map((label) => (
              <th key={label} scope="col" class={label === "Time" || label === "Database" ? "number" : undefined}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        {entries.map(({ id, entry }) => (
          <tbody key={id}>
            {entry.kind === "hole" ? (
              <tr class="hole">
                <td>{timeOf(entry.at)}</td>
                <td colSpan={COLUMNS.length - 1}>{entry.text}</td>
              </tr>
            ) : (
              <Row change={entry} values={valuesOf?.(entry) ?? null} />
            )}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Row({ change, values }: { readonly change: Change; readonly values: BeforeAndAfter | null }) {
  const { at, database, other, key, type, transaction } = change;
  return (
    <>
      <tr>
        <td class="nowrap number">{timeOf(at)}</td>
        <td class="number">{other === null ? (database ?? "all") : `${database} and ${other}`}</td>
        <td>
          {key === null || database === null ? (
            <span class="soft">no single key</span>
          ) : (
            <a href={addressOfKey(database, key)}>
              <code>{readable(key)}</code>
            </a>
          )}
        </td>
        <td>{type ?? <span class="soft">–</span>}</td>
        <td>
          <code>{commandOf(change)}</code> {transaction === null ? null : <span class="badge">in a transaction</span>}
        </td>
      </tr>
      {values === null || key === null ? null : (
        <tr class="values">
          <td colSpan={COLUMNS.length}>
            <div class="before-after">
              <Side title="Before" value={values.before} beside={values.after} mark="gone" />
              <Side title="After" value={values.after} beside={values.before} mark="new" />
            </div>
          </td>
        </tr>
      )}
    </>
  );
}

interface SideProps {
  readonly title: string;
  readonly value: ShownValue | null;
  /** The other side: lines that it has not are marked. */
  readonly beside: ShownValue | null;
  readonly mark: "gone" | "new";
}

function Side({ title, value, beside, mark }: SideProps) {
  return (
    <section aria-label={title}>
      <h3>
        {title} {value === null || value.type === "none" ? null : <span class="soft">{value.type}</span>}{" "}
        {value === null || value.expires === null ? null : <span class="soft">expires {new Date(value.expires).toLocaleString()}</span>}
      </h3>
      {value === null ? (
        <p class="soft">Not known: not read between two changes.</p>
      ) : value.type === "none" ? (
        <p class="soft">There was no such key.</p>
      ) : (
        <Lines value={value} beside={beside} mark={mark} />
      )}
    </section>
  );
}

const SHOWN_LINES = 12;

function Lines({ value: { lines, rest, type }, beside, mark }: { readonly value: ShownValue } & Pick<SideProps, "beside" | "mark">) {
  const others = beside === null ? null : new Set(beside.lines);
  // What differs is not hidden behind what does not.
  const differing = others === null ? [] : lines.filter((line) => !others.has(line));
  const shown = lines.length <= SHOWN_LINES || differing.length === 0 ? lines.slice(0, SHOWN_LINES) : differing.slice(0, SHOWN_LINES);
  const more = lines.length - shown.length + rest;
  return (
    <>
      <ul class="feed-lines">
        {shown.map((line, index) => (
          <li key={`${index} ${line}`} class={others !== null && !others.has(line) ? mark : undefined}>
            {others !== null && !others.has(line) ? <span class="visually-hidden">{mark === "new" ? "new: " : "gone: "}</span> : null}
            {line === "" ? '""' : line}
          </li>
        ))}
      </ul>
      {more > 0 ? <p class="soft">{type === "string" ? `and ${more} more bytes` : `and ${more} more`}</p> : null}
    </>
  );
}

function timeOf(at: number): string {
  const date = new Date(at);
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** Words with spaces are told apart from several. */
function quoted(word: Uint8Array): string {
  const text = readable(word);
  return text === "" || text.includes(" ") ? `"${text}"` : text;
}

const LONGEST = 240;

/** The command with its words, as far as they are kept. */
function commandOf({ command, words, rest }: Change): string {
  if (words === null) return `${command.toUpperCase()} (its words have keys that you may not read)`;
  const text = [command.toUpperCase(), ...words.map(quoted)].join(" ");
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return rest > 0 ? `${cut} and ${rest} more` : cut;
}
