/**
 * The other thread of a MIGRATE that nothing may come between (blocking-exchange.ts): it talks to the target while the server's own thread
 * waits. Says how many connections it keeps whenever that changes. An entry point of its own of the executable: see build.ts.
 */

import { exchange } from "./exchange.ts";
import { type ExchangeTask, MailboxSender } from "./mailbox.ts";
import { PackedParcels } from "./parcel-bytes.ts";
import { Targets } from "./targets.ts";

declare const self: Worker;

const targets = new Targets(() => postMessage(targets.size));

async function serve({ order, parcels, mailbox }: ExchangeTask): Promise<void> {
  const sender = new MailboxSender(mailbox);
  try {
    sender.send(await exchange(targets, order, new PackedParcels(parcels), () => sender.beat()));
  } catch (error) {
    sender.send({ acknowledged: [], error: `ERR internal error in MIGRATE: ${error instanceof Error ? error.message : String(error)}` });
  }
}

self.onmessage = (event: MessageEvent<ExchangeTask>) => void serve(event.data);
