#!/usr/bin/env bash
# Whole modules, roles and plays against local Neons, checked by SQL. Every file starts servers of its own (free ports, own folders),
# so two files at a time do not meet; more than that only makes two cores wait.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

exec "$VENV/bin/python" -m pytest tests/integration -q -n 2 --dist loadfile --no-loadscope-reorder --durations 10 --junitxml "$OUTPUT/steps/integration.xml"
