#!/usr/bin/env bash
# Runs every check and every test of the project; the exit code is 0 only if all of them passed.
#
#   tests/run.sh                all of it
#   tests/run.sh -k events      arguments go to pytest, for the parts with real clients, a browser and container engines
#
# The part with container engines removes what it finds there, so it runs only with engines that were named for it:
#   DAPR_TEST_DOCKER_HOST       a Docker daemon of the tests' own, as unix://...
#   DAPR_TEST_PODMAN            1 for Podman, with storage and configuration of the tests' own
#
# What is missing on a developer's machine is named and left out; with CI=true its absence is a failure.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
venv=$root/target/test-venv
binary=${DAPR_BIN:-$root/target/debug/dapr}
requirements=(tests/sdk/requirements.txt tests/engine/requirements.txt tests/browser/requirements.txt)

# shellcheck source=install/prerequisites.sh
. "$root/install/prerequisites.sh"
# MiB that all builds of the tests write.
TEST_DISK=9000

passed='' failed='' skipped=''
with_arguments=$([ $# -eq 0 ] || printf yes)

# check NAME COMMAND...: runs it, goes on whatever comes of it, remembers what came.
check() {
  local name=$1 started=$SECONDS
  shift
  printf '\n== %s (after %d s) ==\n$ %s\n' "$name" "$SECONDS" "$*"
  if "$@"; then
    passed="$passed
  passed   $name ($((SECONDS - started)) s)"
  else
    failed="$failed
  FAILED   $name: $*"
  fi
}

# leave_out NAME REASON
leave_out() {
  printf '\n== %s ==\nnot run: %s\n' "$1" "$2"
  if [ "${CI:-}" = true ]; then
    failed="$failed
  FAILED   $1: $2, but CI has to have it"
  else
    skipped="$skipped
  skipped  $1: $2"
  fi
}

has() { command -v "$1" >/dev/null 2>&1; }

# The virtual environment of the Python tests; kept while the requirements stay the same.
python_tests_ready() {
  local file arguments=()
  for file in "${requirements[@]}"; do arguments+=(-r "$file"); done
  if cat "${requirements[@]}" | cmp -s - "$venv/installed-requirements.txt" && "$venv/bin/python" -c '' 2>/dev/null; then
    return 0
  fi
  rm -rf "$venv"
  python3 -m venv "$venv" &&
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${arguments[@]}" &&
    cat "${requirements[@]}" >"$venv/installed-requirements.txt"
}

require_rust
require_c_compiler
[ -e "$root/target/debug/dapr" ] || require_disk "$TEST_DISK"
require_memory "$BUILD_MEMORY"
if [ -n "$missing" ]; then
  printf 'please install or free first:%s\n' "$missing" >&2
  exit 1
fi

if cargo fmt --version >/dev/null 2>&1; then
  check 'formatting' cargo fmt --check
else
  leave_out 'formatting' 'rustfmt is not installed (rustup component add rustfmt)'
fi
if cargo clippy --version >/dev/null 2>&1; then
  check 'lints' cargo clippy --all-targets --locked -- -D warnings
else
  leave_out 'lints' 'clippy is not installed (rustup component add clippy)'
fi
if has shellcheck; then
  check 'shell scripts' shellcheck tests/run.sh examples/lib.sh examples/*/run.sh install/*.sh .ci/run
else
  leave_out 'shell scripts' 'shellcheck is not installed (Debian, Ubuntu: apt-get install shellcheck; macOS: brew install shellcheck)'
fi

check 'Rust tests' cargo test --locked

# What the tests with container engines lack, one after the other.
engines_lack() {
  if [ -z "${DAPR_TEST_DOCKER_HOST:-}${DAPR_TEST_PODMAN:-}" ]; then
    printf 'neither DAPR_TEST_DOCKER_HOST nor DAPR_TEST_PODMAN is set'
    return
  fi
  local program
  for program in docker-registry jlink mvn; do
    has "$program" || { printf '%s is not installed' "$program" && return; }
  done
  has redis-server || has redis-check-rdb || { printf 'redis-server is not installed' && return; }
  [ -z "${DAPR_TEST_PODMAN:-}" ] || has podman || printf 'podman is not installed'
}

# pytest_suite NAME DIRECTORY ARGUMENTS...
pytest_suite() {
  local name=$1 directory=$2
  shift 2
  check "$name" selected env DAPR_BIN="$binary" \
    "$venv/bin/python" -m pytest "$directory" "$@"
}

# selected COMMAND...: arguments that select tests may select those of the other suite only (pytest's code 5).
selected() {
  local code=0
  "$@" || code=$?
  [ "$code" -eq 0 ] || { [ "$code" -eq 5 ] && [ "$with_arguments" = yes ]; }
}

clients='real clients against the real binary'
engines='the container engines'
browser='the dashboard in a browser'
if ! has python3 || ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
  leave_out "$clients, $browser, $engines" 'Python 3.10 or newer is not installed'
elif ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
  leave_out "$clients, $browser, $engines" 'the venv module of Python is missing (Debian, Ubuntu: apt-get install python3-venv)'
elif ! python_tests_ready; then
  leave_out "$clients, $browser, $engines" "the packages of ${requirements[*]} could not be installed"
else
  # `cargo build` would compile most packages again, with other features than the Rust tests.
  check 'the binary' cargo test --locked --no-run
  check 'the example of jobs' env DAPR_BIN="$binary" examples/scheduler/run.sh
  pytest_suite "$clients" tests/sdk "$@"
  if has chromium || has chromium-browser; then
    pytest_suite "$browser" tests/browser "$@"
  else
    leave_out "$browser" 'chromium is not installed (Debian: apt-get install chromium)'
  fi
  lacking=$(engines_lack)
  if [ -n "$lacking" ]; then
    leave_out "$engines" "$lacking"
  else
    pytest_suite "$engines" tests/engine "$@"
  fi
fi

printf '\n== Summary ==%s%s%s\n' "$passed" "$skipped" "$failed"
[ -z "$failed" ]
