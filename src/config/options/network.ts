/** The directives of connections: addresses, sockets, limits of clients. */

import { directive, FIXED, ignored, ignoredOnWindows, refusedOnWindows } from "../directive.ts";
import { bool, count, integer, longCount, memory, octal, optionalPath, optionalText, port } from "../kinds.ts";
import { INT64_MAX, UINT_MAX } from "../numbers.ts";
import { addresses, outputLimits } from "../special-kinds.ts";

/** Where clients connect, and how much a connection may hold. */
export const NETWORK = {
  // Everywhere, as Redis: protected-mode keeps clients of other machines out until there is a password.
  bind: directive(addresses, "* -::*", "Addresses to listen on; one that starts with - may be missing on this machine"),
  port: directive(port, "6379", "TCP port to listen on; 0 for none"),
  unixsocket: directive(optionalPath, "", "Path of a Unix socket to listen on as well", {
    ...FIXED,
    ...refusedOnWindows("clients reach the server over TCP"),
  }),
  unixsocketperm: directive(octal(0o777), "0", "File mode of the Unix socket, octal; 0 leaves it to the umask", {
    ...FIXED,
    ...ignoredOnWindows("there is no Unix socket"),
  }),
  "tcp-backlog": ignored(count, "511", "the runtime decides how many connections may wait to be accepted", FIXED),
  "tcp-keepalive": directive(count, "300", "Seconds between TCP keepalive probes to clients; 0 sends none"),
  timeout: directive(count, "0", "Seconds after which an idle client is disconnected; 0 for never"),
  "protected-mode": directive(bool, "yes", "Refuse clients from other machines while no password is set"),
  maxclients: directive(integer(1, UINT_MAX), "10000", "How many clients may be connected at once"),
  "bind-source-addr": directive(optionalText(), "", "Local address of connections to the master"),
  "socket-mark-id": directive(integer(0, UINT_MAX), "0", "Mark on listening sockets for packet filters (Linux); 0 for none", FIXED),

  "proto-max-bulk-len": directive(memory(1048576, INT64_MAX), "536870912", "Largest string a request may carry"),
  "client-query-buffer-limit": directive(memory(1048576, INT64_MAX), "1073741824", "Largest request that is held while it arrives"),
  "client-output-buffer-limit": directive(
    outputLimits,
    {
      value: {
        normal: { hard: 0, soft: 0, softSeconds: 0 },
        replica: { hard: 268435456, soft: 67108864, softSeconds: 60 },
        pubsub: { hard: 33554432, soft: 8388608, softSeconds: 60 },
      },
      text: "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    },
    "When a client that reads too slowly is disconnected: at once above hard, after some seconds above soft",
  ),
  "tracking-table-max-keys": directive(longCount, "1000000", "How many keys client-side caching remembers; 0 for no limit"),
  "io-workers": directive(
    integer(0, 16),
    "0",
    "Experiment: threads that own the sockets of TCP clients; 0 for none (docs/io-workers.md)",
    FIXED,
  ),
  "io-threads": ignored(integer(1, 128), "1", "one thread serves all sockets here", FIXED),
  "io-threads-do-reads": ignored(bool, "no", "one thread serves all sockets here", FIXED),
} as const;
