# Sourced by the other scripts. Secrets are read from files and go on by standard input and builtins of the shell: they stand in no list of
# processes and no environment.

CONFIG=/etc/replicant
PASSWORD=/run/secrets/replicant/password
MASTER=replicant

# The name of a pod of this set, which outlives its address: name_of SET NUMBER
name_of() { printf "%s-%s.%s.%s.svc\n" "$1" "$2" "$1" "$NAMESPACE"; }

# The password as a word of a configuration file.
quoted_password() { printf '"%s"\n' "$(head -n 1 "$PASSWORD" | sed 's/[\\"]/\\&/g')"; }

# A command to the server of this pod, or to a Sentinel: sentinel NUMBER WORDS...
server() { replicant cli --raw --askpass "$@" <"$PASSWORD" 2>/dev/null; }
sentinel() {
	number=$1
	shift
	timeout 5 replicant cli -h "$(name_of sentinel "$number")" -p 26379 --raw --askpass "$@" <"$PASSWORD" 2>/dev/null
}

# The name of the master, if one of the Sentinels is there to say it.
known_master() {
	for number in 0 1 2; do
		master=$(sentinel "$number" SENTINEL GET-MASTER-ADDR-BY-NAME "$MASTER" | head -n 1)
		case $master in *.svc) printf "%s\n" "$master" && return ;; esac
	done
	return 1
}
