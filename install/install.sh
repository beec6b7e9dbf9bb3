#!/bin/sh
# Installs the `dapr` program.
#
#   install/install.sh                       builds this source checkout and installs the result
#   install/install.sh dapr.tar.gz           installs from an archive that holds `dapr`: a file or an http(s) URL;
#                                            DAPR_RELEASE_URL can name it as well
#
# DAPR_INSTALL_DIR says where to (default /usr/local/bin, or ~/.local/bin where that can't be written).
# An archive's SHA-256 is checked when `<archive>.sha256` is beside it; with DAPR_SHA256 it has to be that one.
set -eu

fail() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

[ $# -le 1 ] || fail 'at most one argument: an archive (file or URL)'
archive=${1:-${DAPR_RELEASE_URL:-}}
if [ -n "${DAPR_INSTALL_DIR:-}" ]; then
  target=$DAPR_INSTALL_DIR
elif [ -w /usr/local/bin ]; then
  target=/usr/local/bin
else
  target=${HOME:?'HOME is not set; set DAPR_INSTALL_DIR'}/.local/bin
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

sha256() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum "$1" | cut -d ' ' -f 1
  else
    shasum -a 256 "$1" | cut -d ' ' -f 1
  fi
}

# fetch URL FILE
fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --show-error --location --output "$2" "$1"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -O "$2" "$1"
  else
    fail 'curl or wget is needed to download an archive'
  fi
}

if [ -z "$archive" ]; then
  root=$(cd "$(dirname "$0")/.." && pwd)
  [ -f "$root/Cargo.toml" ] || fail 'not in a source checkout: name an archive'
  # shellcheck source=install/prerequisites.sh
  . "$root/install/prerequisites.sh"
  require_build_tools
  [ -z "$missing" ] || fail "please install or free first:$missing"
  cargo build --release --locked --manifest-path "$root/Cargo.toml" --target-dir "$root/target"
  program=$root/target/release/dapr
else
  expected=${DAPR_SHA256:-}
  case $archive in
    http://* | https://*)
      fetch "$archive" "$work/archive.tar.gz" || fail "cannot download $archive"
      if [ -z "$expected" ] && fetch "$archive.sha256" "$work/sha256" 2>/dev/null; then
        expected=$(cut -d ' ' -f 1 <"$work/sha256")
      fi
      ;;
    *)
      [ -f "$archive" ] || fail "no such file: $archive"
      cp "$archive" "$work/archive.tar.gz"
      if [ -z "$expected" ] && [ -f "$archive.sha256" ]; then
        expected=$(cut -d ' ' -f 1 <"$archive.sha256")
      fi
      ;;
  esac
  if [ -n "$expected" ]; then
    actual=$(sha256 "$work/archive.tar.gz")
    [ "$actual" = "$expected" ] || fail "$archive has SHA-256 $actual, but $expected was expected"
  else
    printf 'install.sh: no SHA-256 of %s is known; it was not checked\n' "$archive" >&2
  fi
  tar -xzf "$work/archive.tar.gz" -C "$work" || fail "$archive is not a .tar.gz archive"
  program=$work/dapr
  [ -f "$program" ] || fail "$archive holds no file 'dapr'"
fi

mkdir -p "$target" || fail "cannot create $target; set DAPR_INSTALL_DIR"
# Copied beside its place and renamed: replacing a program that runs works, and nobody sees half of one.
cp "$program" "$target/.dapr.new" || fail "cannot write to $target; set DAPR_INSTALL_DIR"
chmod 755 "$target/.dapr.new"
mv -f "$target/.dapr.new" "$target/dapr"
printf 'installed %s\n' "$target/dapr"
"$target/dapr" --version
case ":$PATH:" in
  *":$target:"*) ;;
  *) printf 'hint: %s is not in your PATH\n' "$target" >&2 ;;
esac
