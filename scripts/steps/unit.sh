#!/usr/bin/env bash
# Unit tests: no server but what a test starts itself on loopback, any number beside each other.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

exec "$VENV/bin/python" -m pytest tests/unit -q -n auto --dist loadfile --junitxml "$OUTPUT/steps/unit.xml"
