# Sourced: programs out of Debian's packages, unpacked with the libraries they need into a folder of their own; nothing else on the machine
# changes. Needs an apt that knows a Debian mirror.
#
#   debian_sources FOLDER SUITE...   fetches the lists of packages of these suites into FOLDER
#   unpack FOLDER PACKAGE...         unpacks packages into FOLDER/root, each NAME, NAME=VERSION or NAME/SUITE
#   programs FOLDER FAMILY [NAME]    FOLDER/bin/NAME-{server,cli,check-rdb,check-aof} start the programs of FAMILY (redis or valkey); NAME is
#                                    FAMILY unless told

debian_sources() {
	local folder=$1 mirror key='' file suite
	shift
	mirror=$(apt-cache policy | grep -oE 'https?://[^ ]+/debian ' | head -n 1 | tr -d ' ')
	[ -n "$mirror" ] || { echo "run apt-get update first: apt knows no Debian mirror" >&2; return 1; }
	for file in /usr/share/keyrings/debian-archive-keyring.*; do key="[signed-by=$file]"; done
	mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
	for suite; do echo "deb $key $mirror $suite main"; done >"$folder/sources.list"
	apt=(-qq -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$folder/lists"
		-o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none)
	apt-get "${apt[@]}" update
}

unpack() {
	local folder=$1 deb
	shift
	mkdir -p "$folder/debs" "$folder/root" "$folder/bin"
	(cd "$folder/debs" && apt-get "${apt[@]}" download "$@") || return
	for deb in "$folder"/debs/*.deb; do dpkg -x "$deb" "$folder/root"; done
}

# Server and checker are one program, which reads from its name what it is.
programs() {
	local bin=$1/bin root=$1/root family=$2 as=${3:-$2} name file loader libraries
	loader=$(find "$root" -name 'ld-linux-*.so.*' | head -n 1)
	libraries=$(find "$root" -type d -name '*-linux-gnu' -path '*lib/*' | paste -sd:)
	for name in server cli check-rdb check-aof; do
		case $name in server) file=$family-check-rdb ;; *) file=$family-$name ;; esac
		file=$(find "$root" -path "*/bin/$file")
		[ ! -L "$file" ] || file=$(dirname "$file")/$(readlink "$file")
		printf '#!/bin/sh\nexec "%s" --library-path "%s" --argv0 "%s" "%s" "$@"\n' "$loader" "$libraries" "$family-$name" "$file" >"$bin/$as-$name"
		chmod +x "$bin/$as-$name"
	done
}
