#!/usr/bin/env bash
# The newest Redis and Valkey that Debian's unstable suite has, for the tests that cross versions: unpacked into FOLDER, where a second call
# with the same folder finds them.
#
#   scripts/peers.sh FOLDER      then: REPLICANT_PEERS=FOLDER/bin bun test replication
set -euo pipefail
[ $# = 1 ] || { sed -n '2,5p' "$0" | sed 's/^# \{0,1\}//'; exit 2; }
source "$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
if [ ! -x "$folder/bin/valkey-check-aof" ]; then
	debian_sources "$folder/apt" sid
	unpack "$folder" redis-tools valkey-tools libc6 libatomic1 libjemalloc2 liblzf1 libssl3t64 libsystemd0 libstdc++6 libgcc-s1 libzstd1 zlib1g libcap2
	programs "$folder" redis redis8
	programs "$folder" valkey
fi
"$folder/bin/redis8-server" --version
"$folder/bin/valkey-server" --version
