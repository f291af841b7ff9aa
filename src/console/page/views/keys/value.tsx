/** The key that was chosen: what is known of it, and its value by type. */

import type { ComponentType } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { Empty, Failure } from "../../components/notice.tsx";
import { readable } from "../../format.ts";
import { useOwnLink } from "../../own-link.ts";
import { usePoll } from "../../poll.ts";
import { ConflictDialog } from "./conflict.tsx";
import { HashView } from "./hash.tsx";
import { KeyHead } from "./key-head.tsx";
import { ListView } from "./list.tsx";
import { SetView } from "./set.tsx";
import { ShownKey } from "./shown-key.ts";
import { SortedSetView } from "./sorted-set.tsx";
import { StreamView } from "./stream.tsx";
import { StringView } from "./string.tsx";
import type { TypeViewProps } from "./type-view.ts";

const VIEWS: Readonly<Record<string, ComponentType<TypeViewProps>>> = {
  string: StringView,
  hash: HashView,
  list: ListView,
  set: SetView,
  zset: SortedSetView,
  stream: StreamView,
};

interface ValueProps {
  readonly database: number;
  readonly name: Uint8Array;
  /** Where the keys are, for those who see one thing at a time. */
  readonly back: string;
  /** Keys have come, gone or been renamed; `key`: what is to be shown now, null for none. */
  readonly changed: (key: Uint8Array | null) => void;
}

export function Value({ database, name, back, changed }: ValueProps) {
  const link = useOwnLink(database);
  const shown = useMemo(() => new ShownKey(link, database, name), [link, database, name]);
  const { data, error, refresh } = usePoll(() => shown.facts(), 0, [shown, shown.turn.value]);
  useEffect(() => () => shown.conflict.value?.answer(false), [shown]);
  const facts = data.value;
  const View = VIEWS[facts?.type ?? ""];
  return (
    <section class="panel stack keys-value" aria-label={`Key ${readable(name)}`}>
      <a class="keys-back" href={back}>
        Back to the keys
      </a>
      <KeyHead shown={shown} facts={facts} refresh={refresh} changed={changed} />
      {error.value === null ? null : <Failure text={error.value} retry={refresh} />}
      {facts === null ? null : facts.type === "none" ? (
        <Empty>There is no such key in database {database}: it was deleted, has expired, or never was.</Empty>
      ) : View === undefined ? (
        <Empty>Values of type {facts.type} are not shown here.</Empty>
      ) : (
        <View key={facts.type} shown={shown} facts={facts} />
      )}
      {shown.conflict.value === null ? null : <ConflictDialog key={shown.since} conflict={shown.conflict.value} />}
    </section>
  );
}
