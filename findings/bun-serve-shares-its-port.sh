#!/usr/bin/env bash
# Bun 1.4.5 (npm package bun), Linux, 2026-11-30.
#
# What one would guess: Bun.serve on a port that another server has fails, as it does by default ("Failed to start server. Is port N in use?").
# `development: false` is about error pages.
#
# What happens: with `development: false` the socket is opened for sharing (SO_REUSEPORT), as if `reusePort: true` had been given: a second such
# server on the same port and address is no error, and the kernel deals connections out to both. `reusePort: false` beside it
# has the error back; NODE_ENV=production alone does not share.
#
# Why it matters: a service that hides its error pages and is started twice, or finds its port by trying, has half of its clients served by a
# process that no one knows of.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/bun.sh"

cat >twice.mjs <<'EOF'
const fetch = () => new Response("");
const twice = (options) => {
  const first = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch, ...options });
  try {
    const second = Bun.serve({ hostname: "127.0.0.1", port: first.port, fetch, ...options });
    second.stop(true);
    return "shared";
  } catch (error) {
    return error.code;
  } finally {
    first.stop(true);
  }
};
console.log(`default ${twice({})}`);
console.log(`development ${twice({ development: true })}`);
console.log(`no development ${twice({ development: false })}`);
console.log(`no development, reusePort false ${twice({ development: false, reusePort: false })}`);
EOF

check() { # WHAT WANTED GOT
	if [ "$3" != "$2" ]; then printf 'changed: %s\nwanted: %s\ngot: %s\n' "$1" "$2" "$3" && exit 1; fi
	printf '%s:\n%s\n\n' "$1" "$3"
}
check 'the same port twice' 'default EADDRINUSE
development EADDRINUSE
no development shared
no development, reusePort false EADDRINUSE' "$("$bun" twice.mjs)"
