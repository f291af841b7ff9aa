/**
 * A process of its own with many connections to the server at 127.0.0.1:PORT: `receive-child.ts PORT COUNT CHANNEL`. They subscribe to
 * CHANNEL, or do nothing where that is "". It tells its parent "ready", then now and then how many bytes have come since.
 */
const [, , port, count, channel = ""] = process.argv;
const TELL_MS = 5;
/** Connections that are made at once. */
const AT_ONCE = 100;

let ready = 0;
let received = 0;
let told = 0;
let counting = false;

async function open(): Promise<void> {
  const done = Promise.withResolvers<void>();
  await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(port),
    socket: {
      open(socket) {
        socket.write(channel === "" ? "PING\r\n" : `SUBSCRIBE ${channel}\r\n`);
      },
      data(_, chunk) {
        if (counting) received += chunk.length;
        else done.resolve(); // the confirmation, which is short
      },
      close: () => process.exit(1),
    },
  });
  await done.promise;
  ready += 1;
}

while (ready < Number(count)) await Promise.all(Array.from({ length: Math.min(AT_ONCE, Number(count) - ready) }, open));
counting = true;
process.send?.("ready");
process.on("disconnect", () => process.exit(0));
setInterval(() => {
  if (received !== told) process.send?.(received);
  told = received;
}, TELL_MS);
