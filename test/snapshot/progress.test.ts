/** What INFO says of a save under way. */
import { expect, test } from "bun:test";
import { infoField, load, Ours, until } from "../replication/support.ts";

test("a save counts the keys that it has written, of those there were, and none once it is over", async () => {
  await using server = await Ours.start({ "rdb-key-save-delay": "2000" });
  const { client } = server;
  await load(client, 400, (index) => ["SET", `key:${index}`, index]);
  const figures = async () => {
    const names = ["rdb_bgsave_in_progress", "current_save_keys_processed", "current_save_keys_total", "current_cow_size"];
    return Promise.all(names.map(async (name) => Number(await infoField(client, "persistence", name))));
  };
  await client.text("BGSAVE");
  const [, first] = await figures();
  await until("more keys", async () => (await figures())[1] > first);
  const [saving, processed, total, copied] = await figures();
  expect([saving, total, copied]).toEqual([1, 400, 0]);
  expect(processed).toBeLessThanOrEqual(total);
  await client.text("CONFIG", "SET", "rdb-key-save-delay", 0);
  await until("the end", async () => (await figures())[0] === 0);
  expect(await figures()).toEqual([0, 0, 0, 0]);
  expect(await infoField(client, "persistence", "rdb_last_bgsave_status")).toBe("ok");
});
