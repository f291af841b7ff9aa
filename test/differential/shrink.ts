/** Makes a failing sequence short: takes away ever smaller parts as long as it fails all the same. */

/** What is left of `steps` when no part can go any more, or after so many attempts or so long. `fails` says whether a shorter sequence still does. */
export async function shrink<T>(
  steps: readonly T[],
  fails: (shorter: readonly T[]) => Promise<boolean>,
  limits: { readonly tries: number; readonly ms: number },
): Promise<readonly T[]> {
  let left = steps;
  let size = Math.ceil(left.length / 2);
  let tried = 0;
  const deadline = Date.now() + limits.ms;
  const enough = () => tried >= limits.tries || Date.now() > deadline;
  while (size >= 1) {
    let shorter = false;
    for (let from = Math.max(0, left.length - size); !enough(); ) {
      const candidate = [...left.slice(0, from), ...left.slice(from + size)];
      tried += 1;
      if (candidate.length < left.length && (await fails(candidate))) {
        left = candidate;
        shorter = true;
      }
      if (from === 0) break;
      from = Math.max(0, from - size);
    }
    if (enough()) break;
    if (size === 1 && !shorter) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  return left;
}
