#!/usr/bin/env bash
# Bun 1.4.5 (npm package bun), 2026-11-30, Linux x86-64.
#
# What one would guess: an assertion only looks. `expect(reply).toMatchObject({ id: expect.stringMatching(/^\d+-\d+$/) })` leaves the reply as
# it was, as it does in Jest and Vitest.
#
# What happens: when it matches, each field that was compared with an asymmetric matcher is replaced by that matcher, in the object that was
# given, at any depth. What the test does with the object next (send the id back, compare it again) works on a matcher: as text it is
# "[object ExpectStringMatching]", as JSON {}. When it does not match, and with toEqual, the object stays as it was.
#
# Why it matters: a test that takes an id or a cursor out of an object that it has just checked fails in the next line, with a message about the
# server that got the strange argument. The same toMatchObject a second time on the same object fails, though nothing changed.
#
# Seen: the second of two equal assertions throws; after toMatchObject the field is an object that writes itself as {}, in the nested object too;
# after toEqual it is "7-0".
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/bun.sh"

cat >matchers.test.js <<'J'
import { expect, test } from "bun:test";
test("what is left of the object", () => {
  const entry = { id: "7-0", fields: { name: "a" }, plain: "b" };
  expect(entry).toMatchObject({ id: expect.stringMatching(/^\d+-\d+$/), fields: { name: expect.any(String) }, plain: "b" });
  const again = { id: "7-0" };
  expect(again).toMatchObject({ id: expect.stringMatching(/^7/) });
  expect(() => expect(again).toMatchObject({ id: expect.stringMatching(/^7/) })).toThrow();
  const compared = { id: "7-0" };
  expect(compared).toEqual({ id: expect.stringMatching(/^\d+-\d+$/) });
  const refused = { id: "7-0" };
  expect(() => expect(refused).toMatchObject({ id: expect.stringMatching(/^x/) })).toThrow();
  console.log(`seen: ${String(entry.id)} ${JSON.stringify(entry)} ${JSON.stringify(compared)} ${JSON.stringify(refused)}`);
});
J
seen=$("$bun" test matchers.test.js 2>&1 | grep '^seen: ')
echo "$seen"
[ "$seen" = 'seen: [object ExpectStringMatching] {"id":{},"fields":{"name":{}},"plain":"b"} {"id":"7-0"} {"id":"7-0"}' ]
echo "ok: toMatchObject put its matchers in the place of what they matched"
