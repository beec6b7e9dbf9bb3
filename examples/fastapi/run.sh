#!/usr/bin/env bash
# Builds `dapr` from this checkout, runs the two apps beside this file with it, and shows them at work: invoked,
# publishing, receiving, keeping state, listed, stopped. Ends with exit code 0 only if all of it worked and
# nothing is left running. Uses free ports and refuses to touch apps that you already run under the same ids.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=examples/lib.sh
. "$here/../lib.sh"
orders=demo-orders
shipping=demo-shipping

check_prerequisites
build_dapr
install_packages
not_running_yet "$orders" "$shipping"
read -r orders_port orders_http shipping_port shipping_http <<<"$(free_ports 4)"

heading 'Start the order API with its sidecar'
start "$orders" "$orders_port" "$orders_http" orders

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
wait_for "$shipping has shipped $order" get "http://127.0.0.1:$shipping_http/v1.0/invoke/$shipping/method/shipped/$order"

heading 'List what runs'
run dapr list
expect "$orders"
expect "$shipping"
pids=$(pids_of "$orders" "$shipping")
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
stop "$orders"
stop "$shipping"

heading 'Nothing is left'
# shellcheck disable=SC2086 # a list of numbers
gone $pids
run dapr list
case $output in
  *"$orders"* | *"$shipping"*) fail "'dapr list' still shows a stopped app" ;;
esac
nothing_answers "$orders_port" "$orders_http" "$shipping_port" "$shipping_http"
all_worked
