/** Somebody else was faster: what the value is now stands beside what was typed, and the person decides. */

import { Block } from "../../components/block.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { formsOf, writtenAs } from "../../content/forms.ts";
import { layersOf } from "../../content/packing.ts";
import { usePoll } from "../../poll.ts";
import type { Reply, Word } from "../../resp.ts";
import type { Conflict } from "./shown-key.ts";

export function ConflictDialog({ conflict: { change, now, answer } }: { readonly conflict: Conflict }) {
  const typed = typedIn(change.commands);
  const isSame = now !== undefined && typed !== null && now instanceof Uint8Array;
  return (
    <Dialog title="It has been changed meanwhile" isWide close={() => answer(false)}>
      <p>
        {change.title}: nothing has been written, since another client changed {now === undefined ? "the key" : "the same value"} after it
        was shown here.
      </p>
      {now === undefined ? null : isSame ? (
        <Sides now={now} typed={typed} />
      ) : (
        <p>
          Now it is: <span class="mono">{inWords(now)}</span>
        </p>
      )}
      <div class="row">
        <button type="button" class="button primary" onClick={() => answer(false)} autofocus>
          Leave it as it is
        </button>
        <button type="button" class="button danger" onClick={() => answer(true)}>
          {typed === null ? "Do it all the same" : "Overwrite it with mine"}
        </button>
      </div>
    </Dialog>
  );
}

/** The value that a change writes: the last word of its last command, where that is bytes that were edited. */
function typedIn(commands: readonly (readonly Word[])[]): Uint8Array | null {
  const [command] = commands;
  if (commands.length !== 1 || command === undefined) return null;
  const words = command[0] === "SET" ? command.slice(0, 3) : command;
  const last = words.at(-1);
  return words.length > 2 && /^(?:SET|SETRANGE|HSET|HSETEX|LSET)$/.test(String(words[0])) && last instanceof Uint8Array ? last : null;
}

function inWords(now: Reply): string {
  if (now === null || (Array.isArray(now) && now.length === 0)) return "gone";
  return Array.isArray(now) ? now.map(inWords).join(", ") : String(now);
}

/** Both in the form that they have, with the lines marked that the other has not. */
function Sides({ now, typed }: { readonly now: Uint8Array; readonly typed: Uint8Array }) {
  const { data } = usePoll(async () => [await linesOf(now), await linesOf(typed)] as const, 0);
  if (data.value === null) return null;
  const [theirs, mine] = data.value;
  return (
    <div class="sides">
      <Side title="What it is now" lines={theirs} others={new Set(mine)} />
      <Side title="What you typed" lines={mine} others={new Set(theirs)} />
    </div>
  );
}

interface SideProps {
  readonly title: string;
  readonly lines: readonly string[];
  readonly others: ReadonlySet<string>;
}

const MOST_LINES = 400;

function Side({ title, lines, others }: SideProps) {
  return (
    <div>
      <h3>{title}</h3>
      <Block label={title}>
        {lines.slice(0, MOST_LINES).map((line, index) => (
          <div key={index} class={others.has(line) ? undefined : "differs"}>
            {line === "" ? " " : line}
          </div>
        ))}
      </Block>
      {lines.length > MOST_LINES ? <p class="soft">This is the beginning.</p> : null}
    </div>
  );
}

async function linesOf(value: Uint8Array): Promise<string[]> {
  const inner = (await layersOf(value)).at(-1)?.bytes ?? value;
  return writtenAs(inner, formsOf(inner)[0] ?? "hex").split("\n");
}
