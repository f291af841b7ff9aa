/** Waiting for what a server does behind its answers. */
import type { RawClient } from "../support/client.ts";
import { infoField } from "./servers.ts";

const PATIENCE_MS = 120_000;
const POLL_MS = 10;

/** Waits until nothing is left to free in the background. */
export async function settled(client: RawClient): Promise<void> {
  await until("freeing in the background", async () => {
    const pending = await infoField(client, "memory", "lazyfree_pending_objects");
    return pending === null || pending === "0";
  });
}

export async function until(what: string, over: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await over())) {
    if (performance.now() > deadline) throw new Error(`${what} did not end within ${PATIENCE_MS / 1000} s`);
    await Bun.sleep(POLL_MS);
  }
}
