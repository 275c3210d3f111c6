#!/usr/bin/env bash
# The server programs of the other supported majors, pinned like the declared one, into .cache/postgres-MAJOR: scripts/postgres_versions.sh
# Only tests use them; what is tested on which major says so, and names a major without programs as skipped.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/lib.sh"

mkdir -p "$CACHE"
exec 9>"$CACHE/setup.lock"
flock 9

for pins in scripts/postgres-server/*/; do
  pins="${pins%/}"
  status=0
  fetch_postgres "$pins" "$CACHE/postgres-${pins##*/}" || status=$?
  # A major without programs for this kind of machine is a skipped test later on, by name.
  [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || exit "$status"
done
