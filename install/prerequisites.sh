# shellcheck shell=sh
# Checks what a build of `dapr` and the scripts of this repository need. Source this file after setting `root` to the
# checkout. Each function adds one line to `missing` for each prerequisite that is absent and says how to get it.

: "${root:?}"
missing=''

# Space on the disk and memory that the first build takes at most, in MiB, and how long that build takes.
BUILD_DISK=1500
BUILD_MEMORY=2600
# shellcheck disable=SC2034 # the scripts that source this file print it
BUILD_TIME='5 to 12 minutes on two cores, depending on their speed'

lacks() {
  missing="$missing
  $1"
}

# require_program PROGRAM HINT
require_program() {
  command -v "$1" >/dev/null 2>&1 || lacks "$1: $2"
}

# require_rust: cargo and a compiler that is new enough.
require_rust() {
  if ! command -v cargo >/dev/null 2>&1 || ! command -v rustc >/dev/null 2>&1; then
    lacks 'cargo, rustc: install Rust from https://rustup.rs'
    return
  fi
  oldest=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml")
  if ! found=$(rustc --version 2>&1); then
    lacks "rustc: '$found'; try 'rustup default stable'"
  elif ! printf '%s\n' "$found" | awk -v oldest="$oldest" '
    { split($2, have, "."); split(oldest, want, ".")
      exit !(have[1] > want[1] || (have[1] == want[1] && have[2] + 0 >= want[2] + 0)) }'; then
    lacks "rustc: found '$found', but Rust $oldest or newer is needed; try 'rustup update stable'"
  fi
}

require_c_compiler() {
  require_program cc 'a C compiler, for the bundled SQLite (Debian, Ubuntu: apt-get install build-essential; macOS: xcode-select --install)'
}

# require_python: Python 3.10 or newer with the modules that make virtual environments.
require_python() {
  if ! command -v python3 >/dev/null 2>&1; then
    lacks 'python3: Python 3.10 or newer (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python)'
  elif ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    lacks "python3: found $(python3 --version 2>&1), but 3.10 or newer is needed"
  elif ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
    lacks 'python3: the venv module is missing (Debian, Ubuntu: apt-get install python3-venv)'
  fi
}

# MiB that can still be written below the checkout.
free_disk() { df -Pk "$root" | awk 'NR == 2 { print int($4 / 1024) }'; }

# MiB of memory that a new process can use without pressure on others; a container can have less than its machine.
free_memory() {
  if [ -r /proc/meminfo ]; then
    free=$(awk '/^(MemAvailable|SwapFree):/ { sum += $2 } END { print int(sum / 1024) }' /proc/meminfo)
    memory_limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || printf max)
    case $memory_limit in
      max) ;;
      *) [ $((memory_limit / 1048576)) -ge "$free" ] || free=$((memory_limit / 1048576)) ;;
    esac
    printf '%s\n' "$free"
  else
    # macOS frees memory on demand, so only the size of the memory tells something.
    sysctl -n hw.memsize | awk '{ print int($1 / 1048576) }'
  fi
}

# require_disk MIB
require_disk() {
  free=$(free_disk)
  [ "$free" -ge "$1" ] || lacks "disk: $free MiB are free below $root, but the build writes up to $1 MiB"
}

# require_memory MIB
require_memory() {
  free=$(free_memory)
  [ "$free" -ge "$1" ] || lacks "memory: $free MiB are free, but the compiler needs up to $1 MiB; close other programs"
}

# require_build_tools: everything that `cargo build --release` needs. The first build needs the most space.
require_build_tools() {
  require_rust
  require_c_compiler
  [ -e "$root/target/release/dapr" ] || require_disk "$BUILD_DISK"
  require_memory "$BUILD_MEMORY"
}
