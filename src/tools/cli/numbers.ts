/** Numbers as C prints them. */

/** A number with so many decimals, as printf("%.2f"): where it is exactly between two, the even one. */
export function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  // JavaScript takes the larger of the two. Only odd multiples of such a power of two lie between.
  const halves = value * 2 ** (decimals + 1);
  const between = Number.isInteger(halves) && halves % 2 !== 0;
  if (!between || Number(text.at(-1)) % 2 === 0) return text;
  return (value - Math.sign(value) * 0.5 * 10 ** -decimals).toFixed(decimals);
}

/** printf("%05.2f") */
export function percent(value: number): string {
  return fixed(value, 2).padStart(5, "0");
}

/** Bytes for people, as in --stat: 512B, 1.50K, 2.00G. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  const units = ["K", "M", "G", "T", "P"];
  let unit = 0;
  let amount = bytes / 1024;
  for (; amount >= 1024 && unit < units.length - 1; unit++) amount /= 1024;
  return `${fixed(amount, 2)}${units[unit]}`;
}
