#!/bin/sh
# Starts the server of a pod, as a replica of the master that the Sentinels name. A set that is new has none yet: its first pod is the master.
# Who has data waits for the Sentinels, whatever takes so long: followed the wrong way round, the newest data would be lost.
set -eu
umask 077
. "$(dirname "$0")/common.sh"

own=$POD_NAME.replicant.$NAMESPACE.svc
until master=$(known_master); do
	if [ ! -e /data/dump.rdb ] && [ ! -e /data/appendonlydir ]; then
		master=$(name_of replicant 0)
		break
	fi
	echo "there is data here, and no Sentinel to say who the master is: waiting"
	sleep 1
done

# In memory, not on the volume: CONFIG REWRITE, which Sentinel asks for, writes passwords out.
conf=/run/replicant/replicant.conf
{
	cat $CONFIG/replicant.conf
	printf "requirepass %s\n" "$(quoted_password)"
	printf "masterauth %s\n" "$(quoted_password)"
	echo "replica-announce-ip $own"
	[ "$master" = "$own" ] || echo "replicaof $master 6379"
} >$conf
exec replicant $conf
