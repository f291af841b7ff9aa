/** For vitest, in Node. */
import { redis } from "replicant/testing";
import * as hooks from "vitest";

const { expect, test } = hooks;
const db = redis({ hooks });

test("a counter counts", async () => {
  expect(await db.client.incr("visits")).toBe(1);
  await db.assert.equals("visits", 1);
});

test("the next test has none", () => db.assert.missing("visits"));

test("others connect to it", () => expect(db.url).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/));
