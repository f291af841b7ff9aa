/** Two lists of lines, as people compare them. */

/** So many lines around a difference are shown. */
const CONTEXT = 3;
/** Of longer lists only what is equal at both ends is left out. */
const MOST_COMPARED = 2000;

/** Returns lines of what is expected with `-`, of what is there with `+`, and of what is common with neither; long common runs are cut. */
export function diffLines(expected: readonly string[], actual: readonly string[]): string[] {
  let from = 0;
  while (from < expected.length && from < actual.length && expected[from] === actual[from]) from++;
  let end = 0;
  while (end < expected.length - from && end < actual.length - from && expected.at(-1 - end) === actual.at(-1 - end)) end++;
  const middle = compare(expected.slice(from, expected.length - end), actual.slice(from, actual.length - end));
  const common = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
  return shorten([...common(expected.slice(0, from)), ...middle, ...common(end === 0 ? [] : expected.slice(-end))]);
}

/** By the longest common subsequence. */
function compare(expected: readonly string[], actual: readonly string[]): string[] {
  if (expected.length * actual.length > MOST_COMPARED ** 2) {
    return [...expected.map((line) => `- ${line}`), ...actual.map((line) => `+ ${line}`)];
  }
  const width = actual.length + 1;
  const lengths = new Uint32Array((expected.length + 1) * width);
  for (let i = expected.length - 1; i >= 0; i--) {
    for (let j = actual.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        expected[i] === actual[j]
          ? lengths[(i + 1) * width + j + 1] + 1
          : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < expected.length || j < actual.length) {
    if (i < expected.length && j < actual.length && expected[i] === actual[j]) {
      lines.push(`  ${expected[i]}`);
      i++;
      j++;
    } else if (j === actual.length || (i < expected.length && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) {
      lines.push(`- ${expected[i++]}`);
    } else {
      lines.push(`+ ${actual[j++]}`);
    }
  }
  return lines;
}

function shorten(lines: readonly string[]): string[] {
  const isNear = lines.map((_, index) =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some((line) => !line.startsWith("  ")),
  );
  const shown: string[] = [];
  let left = 0;
  lines.forEach((line, index) => {
    if (isNear[index]) {
      if (left > 0) shown.push(`  ... ${left} more`);
      left = 0;
      shown.push(line);
    } else left++;
  });
  if (left > 0) shown.push(`  ... ${left} more`);
  return shown;
}
