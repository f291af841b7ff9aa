/**
 * A process of its own that sends a PING every half millisecond, so that nothing but the server can make it wait: `ping-child.ts PORT`.
 * "begin" forgets what was measured, "end" reports it to the parent. It waits by blocking, since timers count whole milliseconds.
 */
import type { Socket } from "bun";
import type { Pings } from "./pinger.ts";
import { percentile } from "./table.ts";

const INTERVAL_MS = 0.5;
/** Pings before the parent is told that we are ready: by then the code is compiled. */
const WARM_UP = 500;
const PING = "PING\r\n";
const PONG = "+PONG\r\n";

const sleeper = new Int32Array(new SharedArrayBuffer(4));
let took: number[] = [];
let sentAt = 0;
let warming = WARM_UP;
let arrived = "";
/** The parent wants the figures: it gets them with the answer that is under way, which may be the one that takes longest. */
let ending = false;

function report(): void {
  tell({ worst: took.reduce((a, b) => Math.max(a, b), 0), p99: percentile(took, 0.99), count: took.length });
  took = [];
  ending = false;
}

function send(socket: Socket): void {
  sentAt = performance.now();
  socket.write(PING);
}

function tell(message: Pings | string): void {
  process.send?.(message);
}

process.on("message", (message) => {
  if (message === "begin") took = [];
  else ending = true;
});
process.on("disconnect", () => process.exit(0));

await Bun.connect({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  socket: {
    open: send,
    data(socket, chunk) {
      const ms = performance.now() - sentAt;
      arrived += chunk.toString("latin1");
      if (!PONG.startsWith(arrived)) {
        tell(`PING was answered with ${JSON.stringify(arrived)}`);
        process.exit(1);
      }
      if (arrived.length < PONG.length) return;
      arrived = "";
      took.push(ms);
      if (ending) report();
      warming -= 1;
      if (warming === 0) tell("ready");
      if (ms < INTERVAL_MS) Atomics.wait(sleeper, 0, 0, INTERVAL_MS - ms);
      send(socket);
    },
    close() {
      tell("the server closed the connection");
      process.exit(1);
    },
  },
});
