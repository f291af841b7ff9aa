/** A shop's keys, and one of its orders. */

import type { Scene } from "./scene.ts";

const ORDER = {
  id: "O-20418",
  customer: 1187,
  items: [
    { sku: "lamp-desk", count: 2, price: 39.9 },
    { sku: "bulb-e27", count: 4, price: 4.5 },
  ],
  paid: true,
  voucher: null,
};

const fill: Scene["fill"] = async (send) => {
  for (let index = 1; index <= 420; index++) {
    await send("HSET", `user:${1000 + index}`, "name", `customer ${index}`, "since", 2010 + (index % 15), "orders", index % 23);
    if (index % 3 > 0)
      await send("SET", `session:web:${(index * 7919).toString(16)}`, "x".repeat(40 + (index % 80)), "EX", 600 + index * 7);
    if (index % 4 === 0) await send("SET", `session:app:${(index * 104_729).toString(16)}`, "x".repeat(index % 90), "EX", 4000 + index);
    if (index % 5 === 0) await send("RPUSH", `cart:${1000 + index}`, "lamp-desk", "bulb-e27", "frame-a4");
  }
  await send("SET", "order:20418", Bun.gzipSync(JSON.stringify(ORDER)));
  for (let index = 0; index < 300; index++) await send("ZADD", "ranking:sold", (index * 37) % 1000, `article ${index}`);
  for (let index = 0; index < 900; index++)
    await send("XADD", "events:orders", `${1_790_000_000_000 + index * 61_000}-0`, "kind", "placed", "order", 19_000 + index);
  await send("PFADD", "visitors:2026-11-30", ...Array.from({ length: 500 }, (_, index) => `v${index}`));
};

export const KEYS: Scene = {
  name: "keys",
  hash: "#/keys?by=bytes",
  fill,
  act: async (page) => {
    const tree = page.getByRole("tree");
    await tree.getByRole("treeitem", { name: /^session:/ }).click();
    await tree.getByRole("treeitem", { name: /^app:/ }).click();
    await tree.getByRole("treeitem", { name: /^web:/ }).click();
    await page.getByRole("button", { name: "Delete the branch" }).click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Delete \d/ })
      .click();
    await page.getByText("It begins in").waitFor();
    await page.keyboard.press("Home");
  },
};

export const VALUE: Scene = {
  name: "value",
  hash: "#/keys?key=order:20418",
  fill,
  act: (page) => page.getByText('"voucher"').waitFor(),
};
