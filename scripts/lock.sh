#!/usr/bin/env bash
# Resolve requirements-dev.in again, on both ends of the supported Pythons.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/lib.sh"

old="$(find_python 3.11)" || die "make lock needs Python 3.11: none was found that runs"
new="$(find_python 3.13)" || die "make lock needs Python 3.13: none was found that runs"
exec "$old" scripts/lock.py "$old" "$new"
