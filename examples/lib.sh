# shellcheck shell=bash
# What the scripts of the examples have in common: words, waiting, `dapr run`s that end with the script. Source it from
# a script with `set -euo pipefail`, after `here` is set to the directory of the example.
#
#   DAPR_BIN    a `dapr` to use; without it one is built from this checkout

: "${here:?}"
root=$(cd "$here/../.." && pwd)
venv=$here/.venv
binary=${DAPR_BIN:-$root/target/release/dapr}
# Seconds to wait for anything before it counts as failed.
limit=60

# --- words -----------------------------------------------------------------------------------------------------
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$'\033[1m' plain=$'\033[0m'
else
  bold='' plain=''
fi

step=0
heading() {
  step=$((step + 1))
  printf '\n%s== %d. %s ==%s\n' "$bold" "$step" "$1" "$plain"
}

say() { printf '%s\n' "$*"; }

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# Prints a command as one could type it.
show() {
  local word line='$'
  for word in "$@"; do
    case $word in
      '' | *[!A-Za-z0-9_./:=@%+,-]*) word="'$word'" ;;
    esac
    line="$line $word"
  done
  printf '%s\n' "$line"
}

# Prints a command, runs it, prints what it said on stdout; keeps that in $output.
run() {
  show "$@"
  output=$("$@") || fail "'$*' ended with exit code $?"
  [ -z "$output" ] || printf '%s\n' "$output"
}

# expect TEXT: the last output has to contain it.
expect() {
  case $output in
    *"$1"*) ;;
    *) fail "expected '$1' in the output above" ;;
  esac
}

dapr() { "$binary" "$@"; }

# --- what is started here, and its end -------------------------------------------------------------------------
# A process is only ever signalled by the PID that came of a `dapr run` of this script.
logs=$(mktemp -d)
# The `dapr run`s that are there, as `id:pid`.
runs=''

running() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

end() {
  local code=$? pid deadline log
  trap - EXIT INT TERM
  set +e
  for pid in $runs; do
    running "${pid##*:}" && kill -TERM "${pid##*:}" 2>/dev/null
  done
  deadline=$((SECONDS + 15))
  for pid in $runs; do
    pid=${pid##*:}
    while running "$pid" && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.1; done
    running "$pid" && kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null || true
  done
  if [ "$code" -ne 0 ]; then
    for log in "$logs"/*.log; do
      [ -s "$log" ] || continue
      printf '\n--- last lines of %s ---\n' "$(basename "$log" .log)" >&2
      tail -n 40 "$log" >&2
    done
  fi
  rm -rf "$logs"
  exit "$code"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# wait_for WHAT COMMAND...: until the command succeeds; fails early when an app that should run has ended.
wait_for() {
  local what=$1 deadline=$((SECONDS + limit)) each
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || fail "waited $limit s in vain: $what"
    for each in $runs; do
      running "${each##*:}" || fail "'dapr run' of ${each%:*} has ended"
    done
    sleep 0.1
  done
}

get() { curl --silent --show-error --fail --max-time 10 "$1"; }
says() { grep -qF "$2" "$1"; }

# --- the steps that all have -----------------------------------------------------------------------------------
# shellcheck source=install/prerequisites.sh
. "$root/install/prerequisites.sh"

check_prerequisites() {
  heading 'Check the prerequisites'
  [ -n "${DAPR_BIN:-}" ] || require_build_tools
  require_program curl 'Debian, Ubuntu: apt-get install curl; macOS has it'
  require_python
  [ -z "$missing" ] || fail "please install or free first:$missing"
  say "found $(python3 --version), $(curl --version | head -n 1 | cut -d ' ' -f 1-2)"
}

build_dapr() {
  heading 'Build dapr'
  if [ -n "${DAPR_BIN:-}" ]; then
    say "DAPR_BIN names one: $DAPR_BIN"
  else
    say "found $(cargo --version); $(free_disk) MiB of disk and $(free_memory) MiB of memory are free"
    [ -e "$root/target/release/dapr" ] || say "the first build takes $BUILD_TIME; cargo shows its progress"
    show cargo build --release --locked
    cargo build --release --locked --manifest-path "$root/Cargo.toml" --target-dir "$root/target"
  fi
  run dapr --version
}

install_packages() {
  heading 'Install what the apps need'
  if cmp -s "$here/requirements.txt" "$venv/installed-requirements.txt" && "$venv/bin/python" -c '' 2>/dev/null; then
    say 'the virtual environment is there already'
  else
    show python3 -m venv .venv
    rm -rf "$venv"
    python3 -m venv "$venv"
    show .venv/bin/pip install -r requirements.txt
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/installed-requirements.txt"
  fi
  cd "$here" || fail "cannot enter $here"
  # The apps' commands are found as in an activated virtual environment.
  export PATH="$venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1
  # What is on this machine is not behind a proxy.
  export NO_PROXY="127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}"
  export no_proxy="$NO_PROXY"
}

# Apps of these ids that run already are somebody's: stopping or calling them would be wrong.
not_running_yet() {
  local before id
  if ! before=$(dapr list -o json); then fail "'dapr list' does not work"; fi
  for id in "$@"; do
    case $before in
      *"\"$id\""*) fail "an app '$id' is running already; stop it first: $binary stop --app-id $id" ;;
    esac
  done
}

# free_ports COUNT
free_ports() {
  python3 -c '
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in sockets))' "$1"
}

# start ID PORT HTTP-PORT MODULE: a `dapr run` of an app, until the app answers `/health` through its sidecar.
start() {
  local id=$1 port=$2 http=$3 module=$4
  set -- run --app-id "$id" --app-port "$port" --dapr-http-port "$http" -- uvicorn "$module:app" --port "$port"
  show dapr "$@"
  "$binary" "$@" >"$logs/$id.log" 2>&1 </dev/null &
  runs="$runs $id:$!"
  wait_for "$id says that it is up" says "$logs/$id.log" "You're up and running!"
  wait_for "$id answers through its sidecar" get "http://127.0.0.1:$http/v1.0/invoke/$id/method/health"
  so_far "$id"
}

# Shows what a `dapr run` has printed up to now; with a text, only the lines that have it.
so_far() { awk -v text="${2:-}" 'text == "" || index($0, text) { print "  | " $0 }' "$logs/$1.log"; }

# The PID of the `dapr run` of an app.
pid_of() {
  local each
  for each in $runs; do
    [ "${each%:*}" != "$1" ] || printf '%s\n' "${each##*:}"
  done
}

# pids_of ID...: the PIDs of command line, sidecar and app.
pids_of() {
  dapr list -o json | python3 -c '
import json, sys
mine = [row for row in json.load(sys.stdin) if row["appId"] in sys.argv[1:]]
print(*(row[key] for row in mine for key in ("cliPid", "daprdPid", "appPid")))' "$@" ||
    fail "'dapr list -o json' is not as expected"
}

# ended ID: waits for the end of its `dapr run`, and leaves the exit code in $code.
ended() {
  local id=$1 pid deadline=$((SECONDS + limit))
  pid=$(pid_of "$id")
  while running "$pid"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "'dapr run' of $id still runs"
    sleep 0.1
  done
  code=0
  wait "$pid" 2>/dev/null || code=$?
  runs=${runs/ $id:$pid/}
}

# stop ID: its `dapr run` has to end by itself, with the app's exit code: 0, or 143 for an app that lets the signal
# end it after it has cleaned up, as uvicorn does.
stop() {
  local id=$1
  run dapr stop --app-id "$id"
  expect "app stopped successfully: $id"
  ended "$id"
  case $code in
    0 | 143) say "'dapr run' of $id has ended with exit code $code" ;;
    *) fail "'dapr run' of $id ended with exit code $code" ;;
  esac
}

gone() {
  local pid
  for pid in "$@"; do
    if running "$pid"; then fail "process $pid still runs"; fi
  done
}

# nothing_answers PORT...
nothing_answers() {
  local port
  for port in "$@"; do
    if curl --silent --output /dev/null --max-time 5 "http://127.0.0.1:$port/"; then
      fail "something still answers on port $port"
    fi
  done
}

all_worked() { printf '\n%sAll of it worked, and nothing is left running.%s\n' "$bold" "$plain"; }
