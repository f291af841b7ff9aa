/** A line to type into, kept in a signal. */

import type { Signal } from "@preact/signals";
import { useId } from "preact/hooks";

interface FieldProps {
  readonly label: string;
  readonly value: Signal<string>;
  readonly isMono?: boolean;
  readonly isNumber?: boolean;
  readonly isSecret?: boolean;
}

export function Field({ label, value, isMono = false, isNumber = false, isSecret = false }: FieldProps) {
  const id = useId();
  const shared = {
    id,
    class: isMono ? "mono" : undefined,
    inputMode: isNumber ? "numeric" : "text",
    autocomplete: isSecret ? "new-password" : "off",
    spellcheck: false,
    value: value.value,
    onInput: ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => {
      value.value = currentTarget.value;
    },
  } as const;
  return (
    <div class={isNumber ? "field short" : "field long"}>
      <label for={id} class="soft">
        {label}
      </label>
      {isSecret ? <input type="password" {...shared} /> : <input type="text" {...shared} />}
    </div>
  );
}
