/** How far something is: a bar, and the figures in words. */

import { bytes, compact, count, duration } from "../format.ts";
import { titleOf, type Work } from "./progress.ts";

/** "41% (4.10 GiB of 10.0 GiB), 830 MiB/s, 8s left". */
export function wordsOfWork({ unit, done, total, percent, rate, bytes: inBytes, bytesRate, left }: Work): string {
  const amount = unit === "bytes" ? bytes : count;
  const suffix = unit === "keys" ? " keys" : "";
  const beside = unit === "keys" && inBytes !== null ? `, ${bytes(inBytes)}` : "";
  const share =
    percent === null || total === null
      ? `${amount(done)}${suffix}${beside}`
      : `${Math.floor(percent)}% (${amount(done)} of ${amount(total)}${suffix}${beside})`;
  const bytesPerSecond = unit === "bytes" ? rate : bytesRate;
  const speed =
    bytesPerSecond !== null ? `, ${bytes(Math.round(bytesPerSecond))}/s` : rate !== null ? `, ${compact(Math.round(rate))} keys/s` : "";
  return `${share}${speed}${left === null ? "" : `, ${duration(Math.max(1, Math.ceil(left)))} left`}`;
}

export function WorkLine({ work }: { readonly work: Work }) {
  const title = titleOf(work);
  return (
    <div class="work">
      <strong>{title}</strong>
      <span class="soft number">{wordsOfWork(work)}</span>
      {work.percent === null ? (
        <progress aria-label={title} />
      ) : (
        <progress aria-label={title} max={100} value={work.percent} aria-valuetext={wordsOfWork(work)} />
      )}
    </div>
  );
}
