#!/bin/sh
# Before a pod is stopped: a master hands over to a replica that has everything, while writes wait. Without this they would fail for as long as
# the Sentinels take to see that it is gone. Clients that wait are answered by the next master, once they have asked who that is.
set -eu
. "$(dirname "$0")/common.sh"

is_master() { [ "$(server ROLE | head -n 1)" = master ]; }

is_master || exit 0
server CLIENT PAUSE 25000 WRITE >/dev/null
for number in 0 1 2; do
	[ "$(sentinel $number SENTINEL FAILOVER $MASTER)" = OK ] && break
done
for _ in $(seq 20); do
	is_master || exit 0
	sleep 1
done
# No replica could take over: it is stopped as it is, and saves.
server CLIENT UNPAUSE >/dev/null
