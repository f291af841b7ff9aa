/** INFO's section Progress, which Redis has not: only INFO PROGRESS shows it, so that what reads all of INFO finds what Redis has. */

import { percentOf, secondsLeft } from "../../../progress/words.ts";
import { section } from "./section.ts";

/** What would break a field apart, or its line. */
const BREAKING = /[,=\r\n]/g;
const UNKNOWN = -1;

/** A field for each long thing under way, oldest first, and one for the last of each kind that has ended. -1: not known. */
export const PROGRESS = section("Progress", "named", (out, { progress }) => {
  const { list } = progress;
  out.add("progress_running", list.length);
  for (const [index, one] of list.entries()) {
    const { kind, unit, done, total, bytes, rate, byteRate, seconds } = one;
    const subject = one.subject.replace(BREAKING, "_");
    const percent = percentOf(one)?.toFixed(2) ?? UNKNOWN;
    const left = Math.ceil(secondsLeft(one) ?? UNKNOWN);
    const far = `percent=${percent},unit=${unit},done=${done},total=${total},bytes=${bytes}`;
    const fast = `rate=${Math.round(rate)},bytes_rate=${bytes < 0 ? UNKNOWN : Math.round(byteRate)},seconds=${Math.floor(seconds)},left=${left}`;
    out.add(`progress${index}`, `kind=${kind},subject=${subject},${far},${fast}`);
  }
  for (const { kind, subject, unit, done, total, bytes, seconds, complete } of progress.ended) {
    const what = `subject=${subject.replace(BREAKING, "_")},complete=${complete ? 1 : 0},seconds=${seconds.toFixed(3)}`;
    out.add(`progress_last_${kind.replaceAll("-", "_")}`, `${what},unit=${unit},done=${done},total=${total},bytes=${bytes}`);
  }
});
