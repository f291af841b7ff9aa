#!/bin/sh
# Starts a Sentinel. What it has learned is kept in its configuration file, on its volume; the password is the secret's of today.
set -eu
umask 077
. "$(dirname "$0")/common.sh"

conf=/data/sentinel.conf
if [ ! -e $conf ]; then
	{
		cat $CONFIG/sentinel.conf
		echo "sentinel announce-ip $POD_NAME.sentinel.$NAMESPACE.svc"
		echo "sentinel monitor $MASTER $(name_of replicant 0) 6379 2"
		echo "sentinel down-after-milliseconds $MASTER 5000"
		echo "sentinel failover-timeout $MASTER 30000"
		echo "sentinel parallel-syncs $MASTER 1"
	} >$conf.new
else
	grep -vE "^(requirepass|sentinel auth-pass|user default) " $conf >$conf.new
fi
{
	printf "requirepass %s\n" "$(quoted_password)"
	printf "sentinel auth-pass %s %s\n" "$MASTER" "$(quoted_password)"
} >>$conf.new
mv $conf.new $conf
exec redis-sentinel $conf
