#!/usr/bin/env bash
# Bun 1.4.5 (npm package bun), 2026-11-30.
#
# What one would guess: the type of a Blob says how `import()` and `new Worker` of its URL read it: text/javascript is JavaScript and
# text/typescript is TypeScript, with the meaning that a file .js or .ts would have.
#
# What happens: text/javascript, text/plain and no type at all are read as TSX, and so is a data: URL of text/javascript. Plain JavaScript
# means something else then: `a<b>(c)`, two comparisons in a file .js, is a call of a with a type argument. A TypeScript enum and types run
# under text/javascript, though not a generic arrow function `<T>(a: T) => a`, which TSX takes for markup. text/typescript is not run at
# all: the import gives its text as the default export, without an error. application/typescript is run as TypeScript. A File in place of
# the Blob is read by its name alone: .js is JavaScript and .ts TypeScript, whatever its type.
#
# Why it matters: a program that makes the code of its workers or modules at run time can get other results from it in Bun than from the
# same text in a file, or a TypeError. A File with a name in place of the Blob is read right: new File([text], "code.js").
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/bun.sh"

cat >module.mjs <<'J'
const [how, type, name, text] = process.argv.slice(2);
const blob = () => (name ? new File([text], name, { type }) : new Blob([text], { type }));
const url = how === "data" ? `data:${type},${encodeURIComponent(text)}` : URL.createObjectURL(blob());
if (how === "worker") {
  const worker = new Worker(url);
  worker.onmessage = (event) => { console.log(event.data); process.exit(); };
  worker.onerror = (event) => { event.preventDefault(); console.log(/TypeError/.exec(event.message)?.[0] ?? event.message); process.exit(); };
} else {
  try {
    const module = await import(url);
    console.log("default" in module ? `its text: ${module.default === text}` : module.value);
  } catch (error) {
    console.log(error.name);
  }
}
J
differs=0
reads() { # WHAT WANTED HOW TYPE NAME TEXT
	local seen
	seen=$(timeout 20 "$bun" module.mjs "${@:3}" 2>errors | tail -n 1)
	printf '%-46s %s\n' "$1" "$seen"
	if [ "$seen" != "$2" ]; then
		echo "  differs, it was: $2"
		differs=1
	fi
}
compare='const a = 1, b = 2, c = 3; export const value = a<b>(c);'
post='const a = 1, b = 2, c = 3; postMessage(a<b>(c));'
typed='enum Level { High = 7 } const level: number = Level.High; export const value = level as number;'
generic='const same = <T>(a: T) => a; export const value = same(3);'

printf '%s' "$compare console.log(value);" >file.js
seen=$("$bun" file.js)
printf '%-46s %s\n' 'comparisons, file.js' "$seen"
[ "$seen" = false ] || differs=1
for type in text/javascript text/plain ''; do
	reads "comparisons, Blob of type '$type'" TypeError import "$type" '' "$compare"
	reads "types and enum, Blob of type '$type'" 7 import "$type" '' "$typed"
	reads "generic arrow, Blob of type '$type'" BuildMessage import "$type" '' "$generic"
done
reads 'comparisons, worker of a Blob text/javascript' TypeError worker text/javascript '' "$post"
reads 'comparisons, data:text/javascript' TypeError data text/javascript '' "$compare"
reads 'types and enum, Blob text/typescript' 'its text: true' import text/typescript '' "$typed"
reads 'types and enum, Blob application/typescript' 7 import application/typescript '' "$typed"
reads 'generic arrow, Blob application/typescript' 3 import application/typescript '' "$generic"
reads 'comparisons, File code.js' false import text/javascript code.js "$compare"
reads 'comparisons, File code.js text/typescript' false import text/typescript code.js "$compare"
reads 'comparisons, worker of a File code.js' false worker text/javascript code.js "$post"
reads 'types and enum, File code.ts text/javascript' 7 import text/javascript code.ts "$typed"
reads 'generic arrow, File code.ts text/javascript' 3 import text/javascript code.ts "$generic"
[ "$differs" = 0 ] || { echo "what this finding says no longer holds" >&2; exit 1; }
echo ok
