#!/usr/bin/env bash
# Builds `dapr` from this checkout, runs the app beside this file with it, and shows the Jobs API at work: scheduled,
# received, listed, read, deleted; over a restart and over a `kill -9` of the whole run. Ends with exit code 0 only if
# each job ran exactly as often as it was asked to, once for every tick, and nothing is left. It has a directory of
# its own for what Dapr keeps, so your apps and jobs are not touched.
#
#   EVERY=10 REPEATS=3      seconds between the backups of the database, and their number
#   QUICK=2 TIMES=10        the same for the job that is looked at most; neither interval may be below 2
#   DAPR_BIN                a `dapr` to use instead of building one
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=examples/lib.sh
. "$here/../lib.sh"
app=demo-scheduler
backup=prod-db-backup
quick=prod-log-rotation
report=prod-report
every=${EVERY:-10} repeats=${REPEATS:-3}
seconds=${QUICK:-2} times=${TIMES:-10}
# All runs and then some.
limit=$((60 + every * repeats + seconds * times))

check_prerequisites
build_dapr
install_packages
export DAPR_RUNTIME_PATH=$logs/home RECEIVED=$logs/received.jsonl
mkdir "$DAPR_RUNTIME_PATH"
not_running_yet "$app"
read -r port http <<<"$(free_ports 2)"

jobs() { dapr scheduler list -o json; }
proof() { python3 "$here/proof.py" "$@"; }
has_run() { [ "$(grep -c "\"$1\"" "$RECEIVED")" -ge "$2" ]; }
quiet() { jobs | proof quiet "$RECEIVED"; }
overdue() { jobs | proof overdue "$1"; }
over() { [ "$(jobs | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')" = "$1" ]; }

# schedule NAME JOB: by the app, which asks its sidecar.
schedule() {
  run dapr invoke --app-id "$app" --method "schedule-job/$1" --data "$2"
  expect "\"name\":\"$1\""
}

heading 'Start the app with its sidecar'
start "$app" "$port" "$http" backups

heading 'Schedule three jobs'
schedule "$backup" "{\"schedule\": \"@every ${every}s\", \"repeats\": $repeats, \"data\": {\"task\": \"backup\", \"database\": \"prod\"}}"
schedule "$quick" "{\"schedule\": \"@every ${seconds}s\", \"repeats\": $times, \"data\": {\"task\": \"rotate\"}}"
schedule "$report" '{"schedule": "0 0 3 * * *", "data": {"task": "report"}}'

heading 'List and read them'
run dapr scheduler list
for name in "$backup" "$quick" "$report"; do expect "app/$app/$name"; done
run dapr scheduler get "app/$app/$backup" -o yaml
expect "@every ${every}s"
run curl --silent --show-error --fail "http://127.0.0.1:$http/v1.0-alpha1/jobs/$backup"
expect '"database"'
backup_began=$(jobs | proof begin "$backup")
quick_began=$(jobs | proof begin "$quick")

heading 'Delete one by the app, after which it is gone, and by the command line'
run dapr invoke --app-id "$app" --method "delete-job/$report" --verb DELETE
show dapr scheduler delete "app/$app/$report"
if dapr scheduler delete "app/$app/$report"; then fail 'a job could be deleted twice'; fi
schedule "$report" '{"schedule": "@yearly", "repeats": 1}'
run dapr scheduler delete "app/$app/$report"
expect 'Deleted'

heading 'Wait for runs'
wait_for "$quick runs twice" has_run "$quick" 2
so_far "$app" 'received'

heading 'Stop the app and its sidecar; the jobs stay'
first=$(pids_of "$app")
stop "$app"
# shellcheck disable=SC2086 # a list of numbers
gone $first
run dapr scheduler list
expect "app/$app/$backup"
expect "app/$app/$quick"

heading 'Start them again'
start "$app" "$port" "$http" backups
before=$(grep -c "\"$quick\"" "$RECEIVED")
wait_for "$quick goes on" has_run "$quick" $((before + 1))

heading 'kill -9 the whole run: command line, sidecar and app'
second=$(pids_of "$app")
# Between two runs: one that is cut off would come again.
wait_for 'every run is written down and none is near' quiet
# shellcheck disable=SC2086 # a list of numbers
kill -KILL $second
say "kill -KILL $second"
ended "$app"
[ "$code" -eq 137 ] || fail "'dapr run' of $app ended with exit code $code instead of 137"
killed_at=$(wc -l <"$RECEIVED")
wait_for "a run of $quick is missed" overdue "$quick"
[ "$(wc -l <"$RECEIVED")" -eq "$killed_at" ] || fail 'a run came while nothing ran'
# shellcheck disable=SC2086 # a list of numbers
gone $second
run dapr scheduler list

heading 'Start them again: what was missed is made up for'
start "$app" "$port" "$http" backups
third=$(pids_of "$app")
wait_for 'both jobs have done all that was asked' over 0
so_far "$app" 'received'
run dapr scheduler list

heading 'Each job ran as often as it was asked to, once for every tick'
proof fired "$RECEIVED" "$backup" "$backup_began" "$every" "$repeats"
proof fired "$RECEIVED" "$quick" "$quick_began" "$seconds" "$times"

heading 'Nothing is left'
stop "$app"
# shellcheck disable=SC2086 # a list of numbers
gone $third
run dapr list
case $output in
  *"$app"*) fail "'dapr list' still shows the stopped app" ;;
esac
nothing_answers "$port" "$http"
all_worked
