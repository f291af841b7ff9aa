#!/usr/bin/env bash
# Bun 1.4.5 (npm package bun), 2026-11-30.
#
# What one would guess: `bun build --compile` leaves an executable for macOS either signed so that its signature fits, or not signed at all.
# That it does so for one architecture says that it does for the other.
#
# What happens: for arm64 the file is signed anew, ad hoc, and each of its page hashes fits. For x64 the signature of the runtime that the
# program was put into stays in the file, though pages that it has hashes of have changed: the first, with the load commands, and those that
# the program went into (2 for the smallest program, 75 for one of 9 MB). A Mac that checks signatures may end the program at its start.
#
# Why it matters: the file looks signed to whoever only asks whether there is a signature, and a build that was tried on an arm64 Mac alone
# fails on others. Signing it again (codesign --force --sign - FILE, or rcodesign on another system) mends it.
#
# Seen: of the 23,797 page hashes of a file for x64 that prints one line 2 do not fit; of the 21,599 of one for arm64 all do.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/bun.sh"

cat >check.js <<'J'
// Of a thin 64-bit Mach-O file: how many page hashes of its first code directory there are, and how many do not fit.
const { createHash } = require("node:crypto");
const file = require("node:fs").readFileSync(process.argv[2]);
let at = 32;
let signature = 0;
for (let left = file.readUInt32LE(16); left > 0; left--, at += file.readUInt32LE(at + 4)) if (file.readUInt32LE(at) === 0x1d) signature = file.readUInt32LE(at + 8);
const blobs = file.readUInt32BE(signature + 8);
let directory = 0;
for (let index = 0; index < blobs; index++) if (file.readUInt32BE(signature + 12 + index * 8) === 0) directory = signature + file.readUInt32BE(signature + 16 + index * 8);
const hashes = directory + file.readUInt32BE(directory + 16);
const count = file.readUInt32BE(directory + 28);
const limit = file.readUInt32BE(directory + 32);
const size = file[directory + 36];
const page = 1 << file[directory + 39];
let wrong = 0;
for (let index = 0; index < count; index++) {
  const digest = createHash("sha256").update(file.subarray(index * page, Math.min(limit, (index + 1) * page))).digest();
  if (!digest.subarray(0, size).equals(file.subarray(hashes + index * size, hashes + (index + 1) * size))) wrong++;
}
console.log(`${wrong} of ${count} page hashes do not fit`);
J
echo 'console.log("hello")' >hello.js
wrong=0
says() { # TARGET WANTED
	timeout 120 "$bun" build --compile --target="$1" hello.js --outfile "hello-$1" >build.log 2>&1 || { cat build.log >&2; exit 1; }
	local seen
	seen=$("$bun" check.js "hello-$1")
	echo "$1: $seen"
	[ "$seen" = "$2" ] || wrong=1
}
says bun-darwin-x64 "2 of 23797 page hashes do not fit"
says bun-darwin-arm64 "0 of 21599 page hashes do not fit"
[ "$wrong" = 0 ] || { echo "what this finding says no longer holds" >&2; exit 1; }
echo ok
