/** A thread that owns sockets of clients (docs/io-workers.md). An entry point of its own of the executable: see build.ts. */

import type { Message } from "./channel.ts";
import { WorkerSockets } from "./sockets.ts";

declare const self: Worker;

let sockets: WorkerSockets | null = null;

self.onmessage = ({ data }: MessageEvent<Message>) => {
  if (typeof data === "number") sockets?.stir();
  else if ("listen" in data) sockets?.listen(data);
  else if ("stop" in data) sockets?.stopListening(data);
  else sockets = new WorkerSockets(data, () => postMessage(0));
};
