#!/usr/bin/env bash
# Run a command in an environment that cannot carry a real account: scripts/env.sh COMMAND [ARGUMENT...]
# Used by every make target that runs something of ours. The same prefixes stand in tests/network_guard.py.
set -euo pipefail

while IFS= read -r name; do
  case "$name" in
    NEON_* | SUPABASE_* | VERCEL_* | PG* | DBINFRA_* | ANSIBLE_*) unset "$name" ;;
  esac
done < <(compgen -e)

# `make test NEON_API_KEY=...` would hand the value to every make below through these.
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL
# Somebody else's modules must not shadow ours.
unset PYTHONPATH PYTHONHOME

# A proxy is for pip and npm; what runs on this machine is reached directly.
for name in no_proxy NO_PROXY; do
  export "$name=localhost,.localhost,127.0.0.1,::1${!name:+,${!name}}"
done

# ansible-core refuses to start in a locale that is not UTF-8.
if [ "$(locale charmap 2>/dev/null)" != "UTF-8" ]; then
  export LC_ALL=C.UTF-8
fi

exec "$@"
