#!/usr/bin/env bash
# Runs the main job of software that Debian has (bookworm; where a package is missing its piece is skipped, and says so) against a
# Replicant on a free port: Celery, channels-redis, django-redis, Flask-Limiter, limits, php-redis, python-redis, RQ,
# Sidekiq, Symfony. Installs what is missing when it is root. No part of `npm test`: `npm run test:debian`.
#
#   test/software/debian.sh [NAME...]                  all pieces, or those named
#   SOFTWARE_SERVER=redis test/software/debian.sh      against redis-server: whether a failure is ours
#   REPLICANT_EXECUTABLE=1 test/software/debian.sh     against dist/replicant instead of the sources
#
# A line for each piece (ok, err or skip), what one that failed printed, and a line that counts them. Ends with 1 if one failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export DEBIAN_FRONTEND=noninteractive PYTHONDONTWRITEBYTECODE=1
programs="$PWD/test/software/debian"
scratch="$(mktemp -d)"
server=""
worker=""
ok=0
err=0
skipped=0

finish() {
  for child in $worker $server; do { kill -KILL "$child"; wait "$child"; } 2>/dev/null; done
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 1' INT TERM

free_port() {
  node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

server_command=("$PWD/node_modules/.bin/bun" run "$PWD/src/main.ts")
if [ -n "${REPLICANT_EXECUTABLE:-}" ]; then server_command=("$PWD/dist/replicant"); fi
if [ "${SOFTWARE_SERVER:-}" = redis ]; then server_command=(redis-server); fi

# Starts the server on $PORT in a directory of its own.
start_server() {
  PORT="$(free_port)"
  export PORT
  "${server_command[@]}" --port "$PORT" --bind 127.0.0.1 --save "" --dir "$scratch" >"$scratch/server.log" 2>&1 &
  server=$!
  for _ in $(seq 200); do
    (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
  done
  echo "the server did not start:"
  cat "$scratch/server.log"
  exit 1
}

# Whether these packages are installed, or can be had: prints why not.
install() {
  local package missing=() updated="$scratch/updated"
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] && return
  command -v apt-get >/dev/null || { echo "no apt-get"; return 1; }
  [ "$(id -u)" -eq 0 ] || { echo "not installed, and not root: ${missing[*]}"; return 1; }
  [ -e "$updated" ] || { timeout 120 apt-get update -qq >/dev/null 2>&1; touch "$updated"; }
  for package in "${missing[@]}"; do
    apt-cache policy "$package" | grep -q 'Candidate: [^(]' || { echo "the registry has no $package"; return 1; }
  done
  timeout 300 apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$scratch/apt.log" 2>&1 && return
  echo "apt-get could not install ${missing[*]}: $(tail -n 1 "$scratch/apt.log")"
  return 1
}

# with_worker WORKER... -- JOB...: JOB while WORKER runs; what both print when JOB fails, what JOB prints when it does not.
with_worker() {
  local command=() status
  while [ "$1" != -- ]; do command+=("$1"); shift; done
  shift
  "${command[@]}" >"$scratch/worker.log" 2>&1 &
  worker=$!
  timeout 150 "$@"
  status=$?
  [ "$status" -eq 0 ] || tail -n 30 "$scratch/worker.log"
  kill -TERM "$worker" 2>/dev/null
  for _ in $(seq 100); do
    kill -0 "$worker" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$worker" 2>/dev/null
  worker=""
  return "$status"
}

# piece NAME PACKAGES COMMAND...
piece() {
  local name="$1" packages="$2" began=$SECONDS reason
  shift 2
  [ -z "$chosen" ] || [[ " $chosen " == *" $name "* ]] || return
  # shellcheck disable=SC2086 # the packages are words
  if ! reason="$(install $packages)"; then
    skipped=$((skipped + 1))
    echo "skip $name: $reason"
    return
  fi
  if "$@" >"$scratch/piece.log" 2>&1; then
    ok=$((ok + 1))
    echo "ok $name ($((SECONDS - began)) s): $(tail -n 1 "$scratch/piece.log")"
  else
    err=$((err + 1))
    echo "err $name ($((SECONDS - began)) s):"
    tail -n 40 "$scratch/piece.log" | sed 's/^/    /'
  fi
}

python() {
  timeout 150 /usr/bin/python3 "$programs/$1" "$PORT"
}

php() {
  timeout 150 "$(type -P php)" "$programs/$1" "$PORT"
}

celery_job() {
  PYTHONPATH="$programs" with_worker /usr/bin/python3 -m celery -A celery_jobs worker --concurrency 2 --loglevel warning -- /usr/bin/python3 "$programs/celery_jobs.py"
}

sidekiq_job() {
  with_worker sidekiq -r "$programs/sidekiq_jobs.rb" -c 3 -- ruby "$programs/sidekiq_jobs.rb" push
}

python_day() {
  timeout 150 /usr/bin/python3 "$programs/python_day.py" "${server_command[@]}"
}

chosen="$*"
start_server
cd "$scratch" || exit 1
echo "${SOFTWARE_SERVER:-replicant} on port $PORT"
piece celery "python3-celery python3-redis" celery_job
piece channels-redis "python3-channels-redis" python channels_layer.py
piece django-redis "python3-django-redis" python django_cache.py
piece flask-limiter "python3-flask-limiter python3-redis" python flask_limits.py
piece limits "python3-limits python3-redis" python limits_strategies.py
piece php-redis "php-cli php-redis" php php_sessions.php
piece python-redis "python3-redis" python_day
piece rq "python3-rq" python rq_jobs.py
piece sidekiq "ruby-sidekiq" sidekiq_job
piece symfony "php-cli php-redis php-symfony-lock php-symfony-cache php-symfony-rate-limiter" php symfony_locks.php
echo "$ok ok, $err err, $skipped skipped"
[ "$err" -eq 0 ] && [ "$ok" -gt 0 ]
