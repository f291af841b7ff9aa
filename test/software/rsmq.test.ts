/** RSMQ, on node-redis 3, does its main job: a message that was received is hidden from others until its time is over or it is deleted. */
import { expect, test } from "bun:test";
import RedisSMQ from "rsmq";
import { closing, startSoftwareServer } from "./support.ts";

test("RSMQ sends, receives, hides, shows again, pops and deletes messages", async () => {
  await using stack = new AsyncDisposableStack();
  const { port } = stack.use(await startSoftwareServer());
  const rsmq = closing(
    stack,
    new RedisSMQ({ host: "127.0.0.1", port, ns: "rsmq" }),
    (closed) => new Promise((resolve) => closed.quit(resolve)),
  );
  const qname = "letters";
  expect(await rsmq.createQueueAsync({ qname, vt: 3600 })).toBe(1);
  const ids: string[] = [];
  for (const message of ["first", "second", "third"]) ids.push(await rsmq.sendMessageAsync({ qname, message }));

  const first = await rsmq.receiveMessageAsync({ qname });
  expect(first).toMatchObject({ id: ids[0], message: "first", rc: 1 });
  expect(await rsmq.receiveMessageAsync({ qname })).toMatchObject({ id: ids[1], message: "second" });
  expect(await rsmq.changeMessageVisibilityAsync({ qname, id: ids[0] ?? "", vt: 0 })).toBe(1);
  expect(await rsmq.changeMessageVisibilityAsync({ qname, id: "0000000000000000000000000000000a", vt: 0 })).toBe(0);
  expect(await rsmq.deleteMessageAsync({ qname, id: ids[1] ?? "" })).toBe(1);
  expect(await rsmq.popMessageAsync({ qname })).toMatchObject({ message: "third", rc: 1 });
  expect(await rsmq.popMessageAsync({ qname })).toMatchObject({ id: ids[0], message: "first", rc: 2 });
  expect(await rsmq.receiveMessageAsync({ qname })).toEqual({});
  expect(await rsmq.getQueueAttributesAsync({ qname })).toMatchObject({ msgs: 0, totalrecv: 4, totalsent: 3 });
  expect(await rsmq.deleteQueueAsync({ qname })).toBe(1);
  expect(await rsmq.listQueuesAsync()).toEqual([]);
});
