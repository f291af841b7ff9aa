import { expect, test } from "bun:test";
import { Subscription } from "../../src/client/subscriptions.ts";

const nothing = async (): Promise<void> => {};

test("messages are taken in their order by a program that is always some behind, and those that are taken are let go", async () => {
  const messages = new Subscription<number>(100, nothing, nothing);
  for (let at = 0; at < 10; at++) messages.push(at);
  for (let at = 10; at < 5000; at++) {
    messages.push(at);
    expect(await messages.next()).toEqual({ done: false, value: at - 10 });
  }
  const { items } = messages as unknown as { items: readonly number[] };
  expect(items.length).toBeLessThan(2000);
  await messages.close();
  expect(await messages.next()).toEqual({ done: true, value: undefined });
});

test("those who wait for messages get them in the order in which they asked", async () => {
  const messages = new Subscription<string>(1, nothing, nothing);
  const waiting = [messages.next(), messages.next(), messages.next()];
  for (const text of ["a", "b", "c"]) messages.push(text);
  expect((await Promise.all(waiting)).map(({ value }) => value)).toEqual(["a", "b", "c"]);
});
