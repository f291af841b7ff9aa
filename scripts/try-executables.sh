#!/usr/bin/env bash
# Tries the executables of `npm run build -- --all` that are for other machines than this one, a Debian on x86-64, and says for each what was
# seen: it is started, told a key, ended as its system ends it, and finds the key again. Where that cannot be had it is skipped, and says so.
#
#   scripts/try-executables.sh [FOLDER] [--install]     FOLDER: where they are (dist); --install: has Debian's packages that are missing installed
#
#   linux-x64         on a processor without AVX (qemu)
#   linux-arm64       by emulation (qemu), with Debian's C library for ARM
#   linux-x64-musl    with musl; its libstdc++ is made out of Debian's, as far as it is needed; and in the image of install/docker, whose
#                     steps are carried out in a directory of busybox and musl (test/install/docker.test.ts)
#   windows-x64       with Wine, in a console, where Ctrl+C ends it
#   all others        what their files say (test/build/executables.test.ts)
#
# A line for each thing seen, and at the end how many executables were tried, were skipped and failed. Ends with 1 if one failed.
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
folder=dist
install=""
for word in "$@"; do if [ "$word" = --install ]; then install=yes; else folder="$word"; fi; done
folder="$(cd "$folder" && pwd)" || exit 2
for name in linux-x64 linux-arm64 linux-x64-musl windows-x64.exe; do
  [ -x "$folder/replicant-$name" ] || { echo "there is no $folder/replicant-$name: npm run build -- --all" >&2; exit 2; }
done
export DEBIAN_FRONTEND=noninteractive WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml="
scratch="$(mktemp -d)"
export WINEPREFIX="$scratch/wine"
emulator=""
tried=0 skipped=0 failed=0

finish() {
  if [ -n "$emulator" ]; then kill -KILL "$emulator" 2>/dev/null; fi
  if [ -x /usr/lib/wine/wineserver ] && [ -d "$WINEPREFIX" ]; then timeout 10 /usr/lib/wine/wineserver -k; fi
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 1' INT TERM

skip() {
  skipped=$((skipped + 1))
  echo "skip: $1: $2"
}

# Whether a program is there, from one of Debian's packages if need be: program_of PROGRAM PACKAGE...
program_of() {
  command -v "$1" >/dev/null && return
  [ -n "$install" ] || return
  shift
  install_packages "$@"
}

install_packages() {
  [ -n "$install" ] || return
  if [ "$install" = yes ]; then
    as_root timeout 60 apt-get update -qq && install=updated
  fi
  as_root timeout 120 apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo --non-interactive --preserve-env=DEBIAN_FRONTEND "$@"; fi
}

free_port() {
  node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

# The last line of the reply to an inline command, nothing where there is none.
ask() {
  local line=""
  {
    exec 3<>"/dev/tcp/127.0.0.1/$port" && printf '%s\r\n' "$*" >&3 && IFS= read -r -t 20 line <&3
    case $line in '$'[0-9]*) IFS= read -r -t 20 line <&3 ;; esac
  } 2>/dev/null
  printf '%s\n' "${line%$'\r'}"
}

# Starts the server and waits for its PONG. How: `plainly`, or `in_console`, where keys are typed into it.
start() {
  local how=$1
  shift
  port="$(free_port)"
  "$how" "$@" --port "$port" --bind 127.0.0.1 --dir "$scratch/data"
  for _ in $(seq 600); do
    [ "$(ask PING)" = +PONG ] && return
    kill -0 "$emulator" 2>/dev/null || break
    sleep 0.1
  done
  wrong "it did not answer PING"
  end "$how"
  return 1
}

plainly() {
  "$@" >>"$scratch/log" 2>&1 &
  emulator=$!
}

in_console() {
  rm -f "$scratch/keys"
  mkfifo "$scratch/keys"
  script -qfec "$(printf '%q ' "$@")" /dev/null <"$scratch/keys" >>"$scratch/log" 2>&1 &
  emulator=$!
  exec 4>"$scratch/keys"
}

# Ends it, and waits for that.
end() {
  local status
  if [ "$1" = in_console ]; then (printf '\003' >&4); else kill -TERM "$emulator" 2>/dev/null; fi
  for _ in $(seq 200); do
    kill -0 "$emulator" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$emulator" 2>/dev/null && wrong "it did not end"
  wait "$emulator"
  status=$?
  emulator=""
  if [ "$1" = in_console ]; then exec 4>&-; fi
  [ "$status" -eq 0 ] || wrong "it ended with $status"
}

faults=""
wrong() {
  faults="$faults; $1"
}

# expect WHAT WANTED GOT
expect() {
  [ "$2" = "$3" ] || wrong "$1: '$3' where '$2' was expected"
}

# try NAME HOW WITH COMMAND...: the whole life of an executable. HOW as for start; WITH says what it runs with. Emulators have their moods: one
# that fails is asked once more.
try() {
  local name=$1 how=$2 with=$3 began=$SECONDS
  shift 3
  live "$how" "$@"
  if [ -n "$faults" ]; then
    echo "once more: $name with $with: ${faults#; }"
    live "$how" "$@"
  fi
  tried=$((tried + 1))
  if [ -z "$faults" ]; then
    echo "ok: $name with $with: version, help, start, PING, SET, GET, EVAL, $([ "$how" = in_console ] && echo Ctrl+C || echo SIGTERM) with a save, start, GET ($((SECONDS - began)) s)"
  else
    failed=$((failed + 1))
    echo "not ok: $name with $with: ${faults#; }"
    [ ! -f "$scratch/log" ] || tail -n 20 "$scratch/log"
  fi
}

live() {
  local how=$1 output
  shift
  faults=""
  rm -rf "$scratch/data" "$scratch/log"
  mkdir "$scratch/data"
  output="$(timeout 60 "$@" --version 2>/dev/null | tr -d '\r')"
  [[ "$output" == "Replicant v="* ]] || wrong "--version printed '$output'"
  output="$(timeout 60 "$@" --help 2>/dev/null | tr -d '\r')"
  [[ "$output" == "Usage: replicant"* ]] || wrong "--help printed '${output:0:80}'"
  start "$how" "$@" || return
  expect SET +OK "$(ask SET greeting hello)"
  expect GET hello "$(ask GET greeting)"
  expect "a script" :5000050000 "$(ask EVAL '"local s=0 for i=1,100000 do s=s+i end return s"' 0)"
  expect "MEMORY PURGE" +OK "$(ask MEMORY PURGE)"
  end "$how"
  [ -s "$scratch/data/dump.rdb" ] || wrong "it saved nothing"
  start "$how" "$@" || return
  expect "GET after the second start" hello "$(ask GET greeting)"
  end "$how"
}

without_avx() {
  program_of qemu-x86_64 qemu-user || { skip linux-x64 "a processor without AVX needs qemu-user"; return; }
  try linux-x64 plainly "a processor without AVX" qemu-x86_64 -cpu Nehalem "$folder/replicant-linux-x64"
}

arm() {
  local libraries=/usr/aarch64-linux-gnu
  program_of qemu-aarch64 qemu-user || { skip linux-arm64 "it needs qemu-user"; return; }
  [ -d $libraries ] || install_packages libc6-arm64-cross || { skip linux-arm64 "it needs libc6-arm64-cross"; return; }
  try linux-arm64 plainly qemu-aarch64 qemu-aarch64 -L $libraries "$folder/replicant-linux-arm64"
}

# What of Debian's libstdc++ a musl executable needs, and what that needs of glibc.
make_libstdcxx() {
  local exe=$1 into=$2 symbol archive
  local -a wanted=()
  archive="$(gcc -print-file-name=libstdc++.a)"
  [ -f "$archive" ] || return
  for symbol in $(readelf --dyn-syms -W "$exe" | awk '$5 == "GLOBAL" && $7 == "UND" { print $8 }' | grep -E '^(_Z|__cxa_(guard|demangle|bad|pure)|__dynamic_cast|__once)') \
    $(readelf -rW "$exe" | awk '/_COPY/ { print $5 }' | grep '^_Z'); do wanted+=("-Wl,-u,${symbol%@*}"); done
  cat >"$scratch/glibc.c" <<'C'
char __libc_single_threaded = 0;
int _dl_find_object(void *address, void *result) { (void)address; (void)result; return -1; }
unsigned arc4random(void) { return 4; }
C
  gcc -O1 -fPIC -fno-stack-protector -shared -nostdlib -Wl,-soname,libstdc++.so.6 "${wanted[@]}" -o "$into/libstdc++.so.6" "$scratch/glibc.c" \
    "$(gcc -print-file-name=crtbeginS.o)" "$archive" "$(gcc -print-file-name=libgcc_eh.a)" "$(gcc -print-file-name=libgcc.a)" "$(gcc -print-file-name=crtendS.o)"
}

musl() {
  local exe="$folder/replicant-linux-x64-musl" output
  [ -e /lib/ld-musl-x86_64.so.1 ] || install_packages musl || { skip linux-x64-musl "it needs musl"; return; }
  faults=""
  output="$("$exe" --version 2>&1)" && wrong "it started without libstdc++"
  [[ "$output" == *"Error loading shared library libstdc++.so.6: No such file or directory"* ]] || wrong "without libstdc++ it said '${output:0:200}'"
  [ -z "$faults" ] || { tried=$((tried + 1)) failed=$((failed + 1)); echo "not ok: linux-x64-musl: ${faults#; }"; return; }
  make_libstdcxx "$exe" "$scratch" || { skip linux-x64-musl "a libstdc++ for it needs g++ and binutils"; return; }
  try linux-x64-musl plainly musl env LD_LIBRARY_PATH="$scratch" "$exe"
  image "$exe"
}

# What stands for Alpine: busybox, musl, and a package libstdc++ that is not installed yet.
image() {
  local busybox base="$scratch/image/root"
  busybox="$(command -v busybox)" || install_packages busybox-static && busybox="$(command -v busybox)"
  [ -n "$busybox" ] || { skip "the image" "it needs busybox-static"; return; }
  [ "$(id -u)" -eq 0 ] || { skip "the image" "it needs root"; return; }
  mkdir -p "$base"/{bin,sbin,lib,usr/bin,usr/sbin,usr/lib,usr/local/bin,etc,packages}
  cp "$busybox" "$base/bin/busybox"
  "$busybox" --list | while read -r name; do [ -e "$base/bin/$name" ] || ln -s /bin/busybox "$base/bin/$name"; done
  cp -L /lib/ld-musl-x86_64.so.1 "$base/lib/"
  printf '/lib\n/usr/lib\n' >"$base/etc/ld-musl-x86_64.path"
  cp "$scratch/libstdc++.so.6" "$base/packages/"
  ln -s "$1" "$scratch/image/replicant-linux-x64-musl"
  tried=$((tried + 1))
  if (cd "$root" && REPLICANT_MUSL_ROOT="$scratch/image" timeout 120 node_modules/.bin/bun test test/install/docker.test.ts) >"$scratch/image.log" 2>&1; then
    echo "ok: the image with linux-x64-musl: each step, its user, a health check, a save at SIGTERM, what needs libstdc++ does not start without"
  else
    failed=$((failed + 1))
    echo "not ok: the image with linux-x64-musl"
    tail -n 40 "$scratch/image.log"
  fi
}

# Wine 8, which Debian 12 has, lacks one library of Windows 10, of which the runtime needs one function.
make_bcryptprimitives() {
  local tools=x86_64-w64-mingw32
  program_of $tools-ld binutils-mingw-w64-x86-64 || return
  printf 'LIBRARY bcryptprimitives.dll\nEXPORTS\n ProcessPrng = advapi32.SystemFunction036\n' >"$scratch/library.def"
  echo .text >"$scratch/empty.s"
  $tools-as -o "$scratch/empty.o" "$scratch/empty.s" &&
    $tools-ld -shared -e 0 -o "$1/bcryptprimitives.dll" "$scratch/library.def" "$scratch/empty.o"
}

windows() {
  local wine=/usr/lib/wine/wine64
  [ -x $wine ] || install_packages wine64 || { skip windows-x64 "it needs wine64"; return; }
  mkdir "$scratch/windows"
  ln -s "$folder/replicant-windows-x64.exe" "$scratch/windows/replicant.exe"
  if [ -z "$(find /usr/lib -path '*wine*' -name bcryptprimitives.dll -print -quit)" ] && ! make_bcryptprimitives "$scratch/windows"; then
    skip windows-x64 "Wine lacks bcryptprimitives.dll, to make it needs binutils-mingw-w64-x86-64"
    return
  fi
  # It stays between two programs: one that starts while it ends is lost.
  timeout 10 /usr/lib/wine/wineserver -p120 >/dev/null 2>&1
  timeout 60 $wine wineboot --init >/dev/null 2>&1
  try windows-x64 in_console Wine $wine "$scratch/windows/replicant.exe"
}

files() {
  tried=$((tried + 1))
  if (cd "$root" && REPLICANT_EXECUTABLES="$folder" timeout 60 node_modules/.bin/bun test test/build/executables.test.ts) >"$scratch/files.log" 2>&1; then
    echo "ok: the files of all: signatures, libraries that they need"
  else
    failed=$((failed + 1))
    echo "not ok: the files of all"
    tail -n 40 "$scratch/files.log"
  fi
}

if [ "$(uname -s) $(uname -m)" = "Linux x86_64" ]; then
  for one in without_avx arm musl windows; do $one; done
else
  skip "all emulation" "it is written for Linux on x86-64"
fi
files
echo "$tried executables tried, $skipped skipped, $failed of them not ok"
[ "$failed" -eq 0 ]
