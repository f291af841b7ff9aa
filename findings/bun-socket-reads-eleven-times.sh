#!/usr/bin/env bash
# Bun 1.4.5 (npm package bun), 2026-11-30, Linux x86-64.
#
# What one would guess: each turn of the event loop gives the `data` handler of a socket one chunk, as Node's does, and then the other sockets
# and timers have their turn.
#
# What happens: while a socket has as much to read as the runtime reads at a time (512 KiB), it is read again at once, eleven times in a row:
# its handler gets 5.5 MiB in eleven calls before a timer, setImmediate or any other socket is served. `pause()` called in the handler ends the
# row after the chunk that it was called for; with `resume()` in setImmediate each turn has one chunk.
#
# Why it matters: a server that spends half a millisecond on a chunk of an upload makes everyone else wait for six. Without a look at how
# often it is called in one turn nothing shows that.
#
# Seen: without pause a row of 11 in nearly every turn; with pause and resume one chunk a turn.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/bun.sh"

cat >send.js <<'J'
const data = Buffer.alloc(8 << 20, 1);
let left = 256 << 20;
const pump = (socket) => {
  for (let taken = 1; left > 0 && taken > 0; left -= taken) taken = socket.write(data.subarray(0, Math.min(left, data.length)));
  if (left === 0) socket.end();
};
Bun.connect({ hostname: "127.0.0.1", port: Number(process.argv[2]), socket: { open: pump, drain: pump, data() {}, close: () => process.exit() } });
J
cat >receive.js <<'J'
const pauses = process.argv[2] === "pause";
let row = 0;
const rows = [];
const server = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    data(socket) {
      for (const from = performance.now(); performance.now() - from < 0.3; ); // what it does with the chunk
      if (row++ === 0)
        setImmediate(() => {
          rows.push(row);
          row = 0;
          if (pauses) socket.resume();
        });
      if (pauses) socket.pause();
    },
    close() {
      rows.sort((a, b) => a - b);
      console.log(`longest ${rows.at(-1)}, median ${rows[rows.length >> 1]}`);
      process.exit();
    },
  },
});
Bun.spawn([process.execPath, "send.js", String(server.port)]);
J
plain=$(timeout 60 "$bun" receive.js plain)
paused=$(timeout 60 "$bun" receive.js pause)
echo "chunks of one socket in a turn: $plain; with pause() in the handler: $paused"
[ "${plain%%,*}" = "longest 11" ] && [ "$paused" = "longest 1, median 1" ] || { echo "what this finding says no longer holds" >&2; exit 1; }
echo ok
