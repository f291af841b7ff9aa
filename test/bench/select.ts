/** What `--only` asks for. */

type Named = { readonly name: string; readonly group?: string };

/** Those of `all` that are named, or whose group is; all of them when `only` is null. Throws a sentence about a name that nothing has. */
export function selectNamed<T extends Named>(all: readonly T[], only: readonly string[] | null, kind: string): readonly T[] {
  if (only === null) return all;
  const unknown = only.filter((name) => !all.some((one) => one.name === name || one.group === name));
  if (unknown.length > 0) throw new Error(`no ${kind} is called ${unknown.join(", ")}: there are ${all.map((one) => one.name).join(", ")}`);
  return all.filter((one) => only.includes(one.name) || (one.group !== undefined && only.includes(one.group)));
}
