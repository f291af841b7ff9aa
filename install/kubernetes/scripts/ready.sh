#!/bin/sh
# Whether clients can be sent here: nothing is being loaded, and a replica has what its master has.
set -eu
. "$(dirname "$0")/common.sh"

info=$(server INFO everything | tr -d '\r')
has() { printf '%s\n' "$info" | grep -qx "$1"; }
has loading:0 && { has role:master || has master_link_status:up; }
