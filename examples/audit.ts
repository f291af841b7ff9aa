/**
 * An audit log without a database beside Redis: each change of an account, whoever made it, is an entry of a stream. How far the log goes is
 * written with the entry, as one, so that after a restart it goes on where it was: no change is missing in it, and none is there twice.
 *
 *     bun examples/audit.ts
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Replicant } from "replicant";
import { follow } from "replicant/follow";

const folder = mkdtempSync(join(tmpdir(), "audit-"));
/** What is watched: it may be any Redis. */
const bank = await Replicant.start({ replDisklessSyncDelay: 0 });

/** Writes down the next changes of accounts, so many as are `wanted`. */
async function audit(wanted: number): Promise<void> {
  await using books = await Replicant.inProcess({ dir: folder, appendonly: true, appendfsync: "always" });
  const from = await books.client.get("audited");
  let written = 0;
  for await (const event of follow(bank.url, { keys: "account:*", ...(from === null ? {} : { from }) })) {
    // The bank has forgotten what came next: the log says so itself.
    if (event.kind === "gap") await books.client.xadd("audit", "*", { gap: event.message });
    if (event.kind !== "change") continue;
    const { key, command, args, transaction, position } = event;
    const entry = { key, change: [command, ...args].join(" "), transaction: transaction === null ? "" : "part of one" };
    await books.client.multi().xadd("audit", "*", entry).set("audited", position).exec();
    written++;
    if (written === wanted) break;
  }
}

await bank.client.set("account:ada", "100");
const auditing = audit(2);
// Accounts that were there when the log began are in the image that comes before the changes, and are no changes.
while (!(await bank.client.info("replication")).includes("state=online")) await Bun.sleep(10);
await bank.client.incrby("account:ada", 50);
await bank.client.set("theme", "dark"); // no account
await bank.client.set("account:grace", "0");
await auditing;

// No one audits while money moves; when someone does again, the log is complete.
await bank.client.multi().decrby("account:ada", 30).incrby("account:grace", 30).exec();
await bank.client.del("account:ada");
await audit(3);

await using books = await Replicant.inProcess({ dir: folder, appendonly: true });
for (const [, fields] of await books.client.xrange("audit", "-", "+")) console.log(`${fields.change} ${fields.transaction}`.trim());
await bank.stop();
rmSync(folder, { recursive: true });
