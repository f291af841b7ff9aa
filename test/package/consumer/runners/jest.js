/** For jest, in Node: its modules are those of the language with --experimental-vm-modules. */
import { redis } from "replicant/testing";

const db = redis();

test("a counter counts", async () => {
  expect(await db.client.incr("visits")).toBe(1);
  await db.assert.equals("visits", 1);
});

test("the next test has none", () => db.assert.missing("visits"));
