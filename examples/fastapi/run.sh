#!/usr/bin/env bash
# Builds `dapr` from this checkout, runs the two apps beside this file with it, and shows them at work: invoked,
# publishing, receiving, keeping state, listed, stopped. Ends with exit code 0 only if all of it worked and
# nothing is left running. Uses free ports and refuses to touch apps that you already run under the same ids.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=$here/.venv
orders=demo-orders
shipping=demo-shipping
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

dapr() { "$root/target/release/dapr" "$@"; }

# --- what is started here, and its end -------------------------------------------------------------------------
# A process is only ever signalled by the PID that this script started.
logs=''
orders_run=''
shipping_run=''

running() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

end() {
  local code=$? pid deadline
  trap - EXIT INT TERM
  set +e
  for pid in $orders_run $shipping_run; do
    running "$pid" && kill -TERM "$pid" 2>/dev/null
  done
  deadline=$((SECONDS + 15))
  for pid in $orders_run $shipping_run; do
    while running "$pid" && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.1; done
    running "$pid" && kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null || true
  done
  if [ -n "$logs" ]; then
    if [ "$code" -ne 0 ]; then
      for log in "$logs"/*.log; do
        [ -s "$log" ] || continue
        printf '\n--- last lines of %s ---\n' "$(basename "$log" .log)" >&2
        tail -n 40 "$log" >&2
      done
    fi
    rm -rf "$logs"
  fi
  exit "$code"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# wait_for WHAT COMMAND...: until the command succeeds; fails early when an app that should run has ended.
wait_for() {
  local what=$1 deadline=$((SECONDS + limit))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || fail "waited $limit s in vain: $what"
    if [ -n "$orders_run" ] && ! running "$orders_run"; then fail "'dapr run' of $orders has ended"; fi
    if [ -n "$shipping_run" ] && ! running "$shipping_run"; then fail "'dapr run' of $shipping has ended"; fi
    sleep 0.1
  done
}

get() { curl --silent --show-error --fail --max-time 10 "$1"; }
says() { grep -qF "$2" "$1"; }

# --- 1 ---------------------------------------------------------------------------------------------------------
heading 'What this needs'
missing=''
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing
  $1: $2"; }
need cargo 'install Rust from https://rustup.rs'
need cc 'a C compiler, for the bundled SQLite (Debian, Ubuntu: apt-get install build-essential; macOS: xcode-select --install)'
need curl 'Debian, Ubuntu: apt-get install curl; macOS has it'
need python3 'Python 3.10 or newer (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python)'
if command -v python3 >/dev/null 2>&1; then
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || missing="$missing
  python3: found $(python3 --version 2>&1), but 3.10 or newer is needed"
  python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$missing
  python3 venv: Debian, Ubuntu: apt-get install python3-venv"
fi
[ -z "$missing" ] || fail "please install first:$missing"
say "found $(cargo --version), $(python3 --version), $(curl --version | head -n 1 | cut -d ' ' -f 1-2)"

heading 'Build dapr'
show cargo build --release
cargo build --release --manifest-path "$root/Cargo.toml" --target-dir "$root/target"
run dapr --version

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

# Apps of these ids that run already are somebody's: stopping or calling them would be wrong.
if ! before=$(dapr list -o json); then fail "'dapr list' does not work"; fi
for id in "$orders" "$shipping"; do
  case $before in
    *"\"$id\""*) fail "an app '$id' is running already; stop it first: $root/target/release/dapr stop --app-id $id" ;;
  esac
done

ports=$(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
print(*(s.getsockname()[1] for s in sockets))')
read -r orders_port orders_http shipping_port shipping_http <<<"$ports"
logs=$(mktemp -d)
cd "$here"
# The apps' commands are found as in an activated virtual environment.
export PATH="$venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1
# What is on this machine is not behind a proxy.
export NO_PROXY="127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}"
export no_proxy="$NO_PROXY"

start() {
  local id=$1 port=$2 http=$3 module=$4
  set -- run --app-id "$id" --app-port "$port" --dapr-http-port "$http" -- uvicorn "$module:app" --port "$port"
  show dapr "$@"
  "$root/target/release/dapr" "$@" >"$logs/$id.log" 2>&1 </dev/null &
}

# Shows what a `dapr run` has printed up to now.
so_far() { sed "s/^/  | /" "$logs/$1.log"; }

# --- 4 ---------------------------------------------------------------------------------------------------------
heading 'Start the order API with its sidecar'
start "$orders" "$orders_port" "$orders_http" orders
orders_run=$!
wait_for "$orders says that it is up" says "$logs/$orders.log" "You're up and running!"
wait_for "$orders answers through its sidecar" get "http://127.0.0.1:$orders_http/v1.0/invoke/$orders/method/health"
so_far "$orders"

heading 'Place an order by service invocation; nobody ships it yet'
run dapr invoke --app-id "$orders" --method orders --data '{"item": "book", "quantity": 2}'
expect 'App invoked successfully'
order=$(printf '%s\n' "$output" | head -n 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])') ||
  fail 'the order API did not answer with an order'
say "the order's id is $order"

heading 'Read the order: through the API, and in the state store'
run dapr invoke --app-id "$orders" --method "orders/$order" --verb GET
expect '"book"'
run curl --silent --show-error --fail "http://127.0.0.1:$orders_http/v1.0/state/statestore/$order"
expect '"book"'

heading 'Start the shipping app: it gets the order that was published before it ran'
start "$shipping" "$shipping_port" "$shipping_http" shipping
shipping_run=$!
wait_for "$shipping says that it is up" says "$logs/$shipping.log" "You're up and running!"
wait_for "$shipping has shipped $order" get "http://127.0.0.1:$shipping_http/v1.0/invoke/$shipping/method/shipped/$order"
so_far "$shipping"

heading 'List what runs'
run dapr list
expect "$orders"
expect "$shipping"
if ! pids=$(dapr list -o json | python3 -c '
import json, sys
mine = [row for row in json.load(sys.stdin) if row["appId"] in sys.argv[1:]]
print(*(row[key] for row in mine for key in ("cliPid", "daprdPid", "appPid")))' "$orders" "$shipping"); then
  fail "'dapr list -o json' is not as expected"
fi
# shellcheck disable=SC2086 # a list of numbers
set -- $pids
[ $# -eq 6 ] || fail "expected the PIDs of two runs, got: $pids"

heading 'One app asks the other: orders -> its sidecar -> the sidecar of shipping -> shipping'
run curl --silent --show-error --fail "http://127.0.0.1:$orders_http/v1.0/invoke/$orders/method/orders/$order/status"
expect '"shipped"'

heading 'Publish an event from the command line'
by_hand="by-hand-$$"
run dapr publish --publish-app-id "$orders" --pubsub pubsub --topic orders \
  --data "{\"id\": \"$by_hand\", \"item\": \"pen\", \"quantity\": 1}"
expect 'Event published successfully'
wait_for "$shipping has shipped $by_hand" \
  get "http://127.0.0.1:$shipping_http/v1.0/invoke/$shipping/method/shipped/$by_hand"
run dapr invoke --app-id "$shipping" --method shipped --verb GET
expect "\"$order\""
expect "\"$by_hand\""

heading 'Stop both'
# stop ID PID: its `dapr run` has to end by itself, with the app's exit code: 0, or 143 for an app that
# lets the signal end it after it has cleaned up, as uvicorn does.
stop() {
  local id=$1 pid=$2 code=0 deadline=$((SECONDS + limit))
  run dapr stop --app-id "$id"
  expect "app stopped successfully: $id"
  while running "$pid"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "'dapr run' of $id still runs"
    sleep 0.1
  done
  wait "$pid" || code=$?
  case $code in
    0 | 143) say "'dapr run' of $id has ended with exit code $code" ;;
    *) fail "'dapr run' of $id ended with exit code $code" ;;
  esac
}
stop "$orders" "$orders_run"
orders_run=''
stop "$shipping" "$shipping_run"
shipping_run=''

heading 'Nothing is left'
for pid in $pids; do
  if running "$pid"; then fail "process $pid still runs"; fi
done
run dapr list
case $output in
  *"$orders"* | *"$shipping"*) fail "'dapr list' still shows a stopped app" ;;
esac
for port in "$orders_port" "$orders_http" "$shipping_port" "$shipping_http"; do
  if curl --silent --output /dev/null --max-time 5 "http://127.0.0.1:$port/"; then fail "something still answers on port $port"; fi
done
printf '\n%sAll of it worked, and nothing is left running.%s\n' "$bold" "$plain"
