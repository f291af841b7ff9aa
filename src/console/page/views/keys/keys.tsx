/** All keys: the tree that their names make, searches, and the value of the one that was chosen. */

import { signal, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Empty, Failure } from "../../components/notice.tsx";
import { count, duration, readable, bytes as size } from "../../format.ts";
import { latin1, octetsOf, textOf } from "../../octets.ts";
import { OwnLink, useOwnLink } from "../../own-link.ts";
import { usePoll } from "../../poll.ts";
import type { Word } from "../../resp.ts";
import { phase } from "../../session.ts";
import type { View } from "../view.ts";
import { AddKey } from "./add-key.tsx";
import { Databases } from "./databases.tsx";
import { whyNotWritable } from "./editor.ts";
import { addressOfPlace, goTo, ORDERS, type Order, type Place, placeNow } from "./place.ts";
import { PurgeDialog } from "./purge-dialog.tsx";
import { PurgeList } from "./purge-list.tsx";
import { Results } from "./results.tsx";
import { isSearch, NO_SEARCH, purgeWords } from "./search.ts";
import { SearchForm } from "./search-form.tsx";
import { Tree } from "./tree.tsx";
import { type Node, TreeModel } from "./tree-model.ts";
import { Value } from "./value.tsx";

const SEPARATOR = "replicant.separator";
/** As it is typed; remembered by the browser. */
const separator = signal(localStorage.getItem(SEPARATOR) ?? ":");

function Keys() {
  const place = placeNow();
  const deletion = useSignal<readonly Word[] | null>(null);
  const isAdding = useSignal(false);
  /** Counts up when keys have come or gone. */
  const turn = useSignal(0);
  const purgeTurn = useSignal(0);
  const tried = usePoll(() => whyNotHere(place.prefix), 0, [latin1(place.prefix)]);
  const whyNot = tried.data.value ?? { add: null, remove: null };
  const changed = (key: Uint8Array | null): void => {
    turn.value++;
    goTo({ ...placeNow(), key });
  };
  const remove = (filters: readonly Word[]): void => {
    deletion.value = filters;
  };
  return (
    <>
      <div class="head">
        <h1>Keys</h1>
        <Databases
          database={place.database}
          turn={turn.value}
          choose={(database) => goTo({ ...place, database, prefix: octetsOf(""), search: NO_SEARCH, key: null })}
        />
        <label class="row">
          <span class="soft">Separator</span>
          <input
            class="tiny mono"
            value={separator.value}
            spellcheck={false}
            onChange={({ currentTarget }) => {
              separator.value = currentTarget.value === "" ? ":" : currentTarget.value;
              currentTarget.value = separator.value;
              localStorage.setItem(SEPARATOR, separator.value);
            }}
          />
        </label>
        <label class="row">
          <span class="soft">By</span>
          <select
            value={place.order}
            onChange={({ currentTarget }) => goTo({ ...place, order: currentTarget.value as Order }, { replace: true })}
          >
            {Object.entries(ORDERS).map(([id, text]) => (
              <option key={id} value={id}>
                {text.toLowerCase()}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          class="button"
          disabled={whyNot.add !== null}
          title={whyNot.add ?? undefined}
          onClick={() => (isAdding.value = true)}
        >
          Add a key …
        </button>
      </div>
      <SearchForm
        key={JSON.stringify(place.search)}
        search={place.search}
        hasKey={place.key !== null}
        submit={(search) => goTo({ ...place, search, key: null })}
      />
      <PurgeList turn={purgeTurn.value} deleted={() => turn.value++} />
      <div class={place.key === null ? "keys" : "keys has-key"}>
        {isSearch(place.search) ? (
          <Results place={place} turn={turn.value} whyNot={whyNot.remove} remove={() => remove(purgeWords(place))} />
        ) : (
          <Branches
            key={`${place.database} ${latin1(place.prefix)} ${separator.value} ${place.order}`}
            place={place}
            turn={turn.value}
            whyNot={whyNot.remove}
            remove={remove}
          />
        )}
        {place.key === null ? null : (
          <Value
            key={`${place.database} ${latin1(place.key)}`}
            database={place.database}
            name={place.key}
            back={addressOfPlace({ ...place, key: null })}
            changed={changed}
          />
        )}
      </div>
      {deletion.value === null ? null : (
        <PurgeDialog filters={deletion.value} changed={() => purgeTurn.value++} close={() => (deletion.value = null)} />
      )}
      {isAdding.value ? (
        <AddKey database={place.database} prefix={place.prefix} added={changed} close={() => (isAdding.value = false)} />
      ) : null}
    </>
  );
}

/** Why no key can be added, and none deleted, whose name begins so. */
async function whyNotHere(prefix: Uint8Array) {
  const link = new OwnLink(0);
  try {
    return { add: await whyNotWritable(link, prefix, "string"), remove: await whyNotWritable(link, prefix, "branch") };
  } finally {
    link.close();
  }
}

interface BranchesProps {
  readonly place: Place;
  readonly turn: number;
  /** Why nothing can be deleted. */
  readonly whyNot: string | null;
  readonly remove: (filters: readonly Word[]) => void;
}

function Branches({ place, turn, whyNot, remove }: BranchesProps) {
  const link = useOwnLink(0);
  const model = useMemo(() => new TreeModel(link, place.database, place.prefix, octetsOf(separator.value), place.order), [link]);
  const active = useSignal<Node | null>(null);
  const isInside = phase.value === "inside";
  useEffect(() => {
    if (isInside) void model.reload(turn > 0);
  }, [model, turn, isInside]);
  const hasKey = place.key !== null;
  const hadKey = useRef(hasKey);
  useEffect(() => {
    // Who comes back from a key goes on where they were.
    if (hadKey.current && !hasKey && document.activeElement === document.body)
      document.querySelector<HTMLElement>(".keys-list .tree")?.focus();
    hadKey.current = hasKey;
  }, [hasKey]);
  const { root } = model;
  const at = active.value;
  const rows = model.rows.value;
  const total = model.count.value;
  const choose = (key: Node): void => goTo({ ...place, key: key.name });
  const purge = (node: Node): void => {
    if (node.kind === "branch" && whyNot === null) remove(["DB", place.database, "PREFIX", node.name]);
    else if (node.kind !== "branch") choose(node);
  };
  const isBranch = at?.kind === "branch";
  return (
    <section class="panel stack keys-list" aria-label="Tree of keys">
      <Crumbs place={place} />
      <div class="row">
        <p aria-live="polite">{total === null ? "Counting …" : `${count(root.keys)} keys, ${size(root.bytes)}`}</p>
        {total === null ? null : (
          <span class="soft">
            {total.age === 0 ? `counted in ${duration(total.walk / 1000)}` : `counted ${duration(total.age / 1000)} ago`}
          </span>
        )}
        <button type="button" class="button quiet" disabled={root.isLoading} onClick={() => void model.reload(true)}>
          Count again
        </button>
      </div>
      {root.children !== null && root.children.length === 0 ? (
        <Empty>
          {place.prefix.length === 0 ? `Database ${place.database} has no keys that you may see.` : "No keys begin with this."} Keys that
          are added show here as a tree.
        </Empty>
      ) : root.children === null && root.error !== null ? (
        <Failure text={root.error} retry={() => void model.reload(false)} />
      ) : (
        <>
          <div class="tree-head soft" aria-hidden="true">
            <span>Name</span>
            <span class="number tree-keys">Keys, or TTL</span>
            <span class="number">Bytes</span>
            <span class="share">Share</span>
          </div>
          <Tree
            model={model}
            label={`Keys of database ${place.database}${place.prefix.length === 0 ? "" : ` below ${readable(place.prefix)}`}`}
            selected={place.key === null ? null : `key ${latin1(place.key)}`}
            activate={(node) => (active.value = node)}
            choose={choose}
            remove={purge}
          />
        </>
      )}
      {rows.length === 0 ? null : (
        <div class="row">
          <span class="mono soft tree-active">{at === null ? "No branch is chosen." : textOf(at.name)}</span>
          <button type="button" class="button" disabled={!isBranch} onClick={() => at !== null && goTo({ ...place, prefix: at.name })}>
            Show only this branch
          </button>
          <button
            type="button"
            class="button"
            disabled={!isBranch || whyNot !== null}
            title={whyNot ?? undefined}
            onClick={() => at !== null && purge(at)}
          >
            Delete the branch …
          </button>
        </div>
      )}
    </section>
  );
}

/** The way up from the branch that is shown. */
function Crumbs({ place }: { readonly place: Place }) {
  if (place.prefix.length === 0) return null;
  const mark = latin1(octetsOf(separator.value));
  const whole = latin1(place.prefix);
  const steps: { readonly text: string; readonly prefix: Uint8Array }[] = [];
  for (let from = 0; from < whole.length; ) {
    const found = whole.indexOf(mark, from);
    const end = found < 0 ? whole.length : found + mark.length;
    steps.push({ text: textOf(place.prefix.subarray(from, end)), prefix: place.prefix.subarray(0, end) });
    from = end;
  }
  return (
    <nav aria-label="The way up">
      <ol class="crumbs mono">
        <li>
          <a href={addressOfPlace({ ...place, prefix: octetsOf("") })}>All keys</a>
        </li>
        {steps.map(({ text, prefix }, index) => (
          <li key={index}>
            {index === steps.length - 1 ? (
              <span aria-current="location">{text}</span>
            ) : (
              <a href={addressOfPlace({ ...place, prefix })}>{text}</a>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

export const KEYS: View = { id: "keys", title: "Keys", key: "k", component: Keys };
