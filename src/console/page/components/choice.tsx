/** One of a few, under a name. */

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly choices: readonly (readonly [value: string, text: string])[];
  readonly disabled?: boolean;
}

export function Choice({ label, value, set, choices, disabled = false }: ChoiceProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} disabled={disabled} onChange={({ currentTarget }) => set(currentTarget.value)}>
        {choices.map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
