#!/usr/bin/env bash
# Bun 1.4.5 (npm package bun) beside Node 20 or later, 2026-11-30.
#
# What one would guess: the raw form of a template is its text as it stands in the file: String.raw`ü` is one character, in every runtime.
#
# What happens: Bun writes what it has read for itself in ASCII, templates as well, and what was a letter is an escape in their raw form:
# String.raw`ü` is the six characters \u00FC when a file is run, in .ts and .js, and in what `bun build --target bun` and --compile make.
# The cooked form is right, and so is `bun build --target node`: the same source means two things, by the target of its bundle.
#
# Why it matters: String.raw is there for texts with backslashes, patterns and paths above all. A pattern made of String.raw`[äöü]\d` finds
# letters all the same, since RegExp reads the escape again; a path, a message, a query or a test's expectation made so is another text, and
# a tag that looks at strings.raw (of GraphQL, SQL, styles) gets what no one wrote.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/bun.sh"
differs=0
expect() { # WHAT WANTED SEEN
	printf '%-44s %s\n' "$1" "$3"
	if [ "$2" != "$3" ]; then printf '%-44s %s\n' '  differs, it was:' "$2"; differs=1; fi
}

cat >raw.mjs <<'J'
const tag = (strings) => strings.raw[0];
console.log([String.raw`ü`, String.raw`C:\Bücher`, tag`é`, `ü`].map((text) => text.length).join(" "));
J
right='1 9 1 1' escaped='6 14 6 1'
cp raw.mjs raw.ts
expect 'node raw.mjs' "$right" "$(node raw.mjs)"
expect 'bun raw.mjs' "$escaped" "$("$bun" raw.mjs)"
sed -i 's/(strings)/(strings: TemplateStringsArray)/' raw.ts
expect 'bun raw.ts' "$escaped" "$("$bun" raw.ts)"
for target in node bun browser; do "$bun" build --target "$target" raw.ts --outfile "$target.mjs" >/dev/null; done
expect 'bun build --target node, in Node' "$right" "$(node node.mjs)"
expect 'bun build --target browser, in Node' "$right" "$(node browser.mjs)"
expect 'bun build --target bun, in Node' "$escaped" "$(node bun.mjs)"
expect 'a pattern finds the letter all the same' true "$(printf 'console.log(new RegExp(String.raw`ü\\d`).test("ü1"))' >pattern.ts && "$bun" pattern.ts)"
[ "$differs" = 0 ] || { echo "what this finding says no longer holds" >&2; exit 1; }
echo ok
