/** The directives of the console: a page for browsers, and figures for Prometheus, on a port of their own. */

import { directive } from "../directive.ts";
import { bool, port } from "../kinds.ts";
import { addresses, hostNames } from "../special-kinds.ts";

/** Where the console is, and by which names it may be asked for. */
export const CONSOLE = {
  "console-port": directive(port, "0", "Port of the console (a page for browsers, /metrics, /healthz and /readyz); 0 for none"),
  "console-bind": directive(addresses, "127.0.0.1 -::1", "Addresses of the console; one that starts with - may be missing on this machine"),
  "console-tls": directive(bool, "no", "Serve the console over TLS, with tls-cert-file and tls-key-file"),
  "console-hosts": directive(hostNames, "", "Names, beside localhost and addresses, that browsers may reach the console by"),
} as const;
