/** When a key, or a field of a hash, expires: shown, and asked for. */

import { useSignal } from "@preact/signals";
import { FormDialog } from "../../components/form-dialog.tsx";
import { duration } from "../../format.ts";

/** What is wanted: never; in so many ms; at a time, ms since 1970. */
export type Expiry = "never" | { readonly in: number } | { readonly at: number };

/** "in 2h 5m"; null: never. */
export function expiryWords(expires: number | null): string {
  if (expires === null) return "never expires";
  const left = expires - Date.now();
  return left <= 0 ? "expires now" : `expires in ${duration(left / 1000)}`;
}

const UNITS: readonly [string, number][] = [
  ["seconds", 1000],
  ["minutes", 60_000],
  ["hours", 3_600_000],
  ["days", 86_400_000],
];

interface ExpiryDialogProps {
  readonly title: string;
  /** As it is, ms since 1970; null: never. */
  readonly expires: number | null;
  readonly submit: (expiry: Expiry) => Promise<boolean>;
  readonly close: () => void;
}

export function ExpiryDialog({ title, expires, submit, close }: ExpiryDialogProps) {
  const way = useSignal<"never" | "in" | "at">(expires === null ? "in" : "at");
  const read = (form: FormData): Promise<boolean> => {
    if (way.value === "never") return submit("never");
    if (way.value === "in") {
      const amount = Number(form.get("amount")) * Number(form.get("unit"));
      if (!(amount > 0)) throw new Error("Give a time above zero.");
      return submit({ in: Math.round(amount) });
    }
    const at = new Date(String(form.get("at"))).getTime();
    if (!(at > Date.now())) throw new Error("Give a time to come.");
    return submit({ at });
  };
  const choice = (value: typeof way.value, text: string) => (
    <label class="check">
      <input type="radio" name="way" checked={way.value === value} onChange={() => (way.value = value)} />
      <span>{text}</span>
    </label>
  );
  return (
    <FormDialog title={title} action="Set" submit={async (form) => read(form)} close={close}>
      <fieldset class="stack">
        <legend class="visually-hidden">When it expires</legend>
        {choice("never", "It never expires")}
        {choice("in", "It expires in")}
        {way.value === "in" ? (
          <div class="row">
            <input name="amount" type="number" min="0" step="any" defaultValue="1" aria-label="Time left" required />
            <select name="unit" aria-label="Unit" defaultValue="3600000">
              {UNITS.map(([unit, ms]) => (
                <option key={unit} value={String(ms)}>
                  {unit}
                </option>
              ))}
            </select>
          </div>
        ) : null}
        {choice("at", "It expires at (time of this machine)")}
        {way.value === "at" ? (
          <input
            name="at"
            type="datetime-local"
            step="1"
            defaultValue={localTime(expires ?? Date.now() + 3_600_000)}
            aria-label="Time"
            required
          />
        ) : null}
      </fieldset>
    </FormDialog>
  );
}

/** As a datetime-local input wants it. */
function localTime(at: number): string {
  const zone = new Date(at).getTimezoneOffset() * 60_000;
  return new Date(at - zone).toISOString().slice(0, 19);
}
