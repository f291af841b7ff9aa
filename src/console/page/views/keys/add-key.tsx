/** A new key, of any type. */

import { useSignal } from "@preact/signals";
import { FormDialog } from "../../components/form-dialog.tsx";
import { readable } from "../../format.ts";
import { textOf } from "../../octets.ts";
import { useOwnLink } from "../../own-link.ts";
import type { Word } from "../../resp.ts";
import { Editor, UNSEEN } from "./editor.ts";
import { OctetsField, octetsFrom } from "./elements.tsx";
import { FieldLines, pairsIn } from "./stream-fields.tsx";

const TYPES = ["string", "hash", "list", "set", "zset", "stream"] as const;
type Type = (typeof TYPES)[number];

interface AddKeyProps {
  readonly database: number;
  /** What the name begins with. */
  readonly prefix: Uint8Array;
  readonly added: (key: Uint8Array) => void;
  readonly close: () => void;
}

export function AddKey({ database, prefix, added, close }: AddKeyProps) {
  const link = useOwnLink(database);
  const type = useSignal<Type>("string");
  const submit = async (form: FormData): Promise<boolean> => {
    const name = octetsFrom(form, "key");
    const seconds = Number(form.get("seconds") ?? 0);
    const commands: (readonly Word[])[] = [firstCommand(type.value, name, form)];
    if (seconds > 0) commands.push(["PEXPIRE", name, Math.round(seconds * 1000)]);
    const outcome = await new Editor(link, name).apply({
      title: `Add ${readable(name)}`,
      commands,
      since: UNSEEN,
      touched: { look: ["EXISTS", name], seen: 0 },
    });
    if (!("replies" in outcome)) throw new Error(`There is a key ${readable(name)} already.`);
    added(name);
    return true;
  };
  return (
    <FormDialog title={`Add a key to database ${database}`} action="Add" submit={submit} close={close}>
      <OctetsField label="Key" name="key" value={textOf(prefix)} />
      <label class="field">
        <span>Type</span>
        <select value={type.value} onChange={({ currentTarget }) => (type.value = currentTarget.value as Type)}>
          {TYPES.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <First key={type.value} type={type.value} />
      <label class="field">
        <span>Expires after so many seconds (empty: never)</span>
        <input name="seconds" type="number" min="0" step="any" />
      </label>
    </FormDialog>
  );
}

/** What the key begins with. */
function First({ type }: { readonly type: Type }) {
  switch (type) {
    case "hash":
      return (
        <>
          <OctetsField label="First field" name="field" />
          <OctetsField label="Its value" name="value" isLong />
        </>
      );
    case "zset":
      return (
        <>
          <label class="field">
            <span>Score of the first member</span>
            <input name="score" defaultValue="0" required autocomplete="off" />
          </label>
          <OctetsField label="First member" name="value" isLong />
        </>
      );
    case "stream":
      return <FieldLines />;
    default:
      return <OctetsField label={type === "string" ? "Value" : type === "list" ? "First element" : "First member"} name="value" isLong />;
  }
}

function firstCommand(type: Type, name: Uint8Array, form: FormData): readonly Word[] {
  const value = octetsFrom(form, "value");
  switch (type) {
    case "string":
      return ["SET", name, value];
    case "hash":
      return ["HSET", name, octetsFrom(form, "field"), value];
    case "list":
      return ["RPUSH", name, value];
    case "set":
      return ["SADD", name, value];
    case "zset":
      return ["ZADD", name, String(form.get("score")).trim(), value];
    default:
      return ["XADD", name, "*", ...pairsIn(String(form.get("fields") ?? ""))];
  }
}
