/** Cells of tables of keys. */

import { duration, readable } from "../format.ts";
import { addressOfKey } from "../key-address.ts";

/** A key's name, which leads to its value. */
export function KeyLink({ database, name }: { readonly database: number; readonly name: Uint8Array }) {
  return (
    <a class="mono key-link" href={addressOfKey(database, name)}>
      {name.length === 0 ? "(the empty name)" : readable(name)}
    </a>
  );
}

/** ms until a key expires, -1: never; null: it is not known. */
export function Ttl({ ms }: { readonly ms: number | null }) {
  if (ms === null) return <span class="soft">–</span>;
  return ms < 0 ? <span class="soft">never</span> : <span class="nowrap">{duration(ms / 1000)}</span>;
}

/** A share of a whole, 0 to 1: a bar and the figure. */
export function Share({ of, value }: { readonly of: string; readonly value: number }) {
  const text = `${(value * 100).toFixed(value < 0.1 ? 2 : 1)}%`;
  return (
    <span class="key-share">
      <meter min={0} max={1} value={value} aria-label={`Share of ${of}`}>
        {text}
      </meter>
      <span>{text}</span>
    </span>
  );
}
