/** How far something is, in words for people: on a terminal's line and in the log. */

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** Bytes for people: 512 B, 1.5 KB, 20 MB. Powers of 1000. */
export function bytesWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** Seconds for people: 5s, 2m05s, 1h02m. */
function secondsWords(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor(whole / 60) % 60)}m`;
}

/** How far something is; rates are per second. */
export interface Amounts {
  readonly unit: "bytes" | "keys";
  readonly done: number;
  /** Of all of it; 0 where that is not known. */
  readonly total: number;
  readonly rate: number;
  /** Bytes that keys have taken so far; -1 where they are not counted. */
  readonly bytes: number;
  readonly byteRate: number;
}

/** Percent of all of it, 100 at most; null where that is not known. */
export function percentOf({ done, total }: Pick<Amounts, "done" | "total">): number | null {
  return total > 0 ? Math.min(100, (done / total) * 100) : null;
}

/** Seconds until all of it is done if it goes on as it does; null where that is not known. */
export function secondsLeft({ done, total, rate }: Pick<Amounts, "done" | "total" | "rate">): number | null {
  return total > 0 && rate > 0 ? Math.max(0, total - done) / rate : null;
}

/** `42% (1.2 GB of 3.0 GB), 80 MB/s, 23s left`, without what is not known. */
export function amountsWords(amounts: Amounts): string {
  const { unit, done, total, rate, bytes, byteRate } = amounts;
  const percent = percentOf(amounts);
  const left = secondsLeft(amounts);
  const inBytes = unit === "bytes" || bytes >= 0;
  const named = (count: number): string => (unit === "bytes" ? bytesWords(count) : `${count}`);
  const suffix = unit === "keys" ? " keys" : "";
  const beside = unit === "keys" && inBytes ? `, ${bytesWords(bytes)}` : "";
  const share =
    percent === null ? `${named(done)}${suffix}${beside}` : `${Math.floor(percent)}% (${named(done)} of ${named(total)}${suffix}${beside})`;
  const speed = unit === "bytes" ? `${bytesWords(rate)}/s` : inBytes ? `${bytesWords(byteRate)}/s` : `${Math.round(rate)} keys/s`;
  return `${share}, ${speed}${left === null ? "" : `, ${secondsWords(left)} left`}`;
}
