#!/usr/bin/env bash
# Whole modules, roles and plays against local Neons, checked by SQL. Every file starts servers of its own (free ports, own folders),
# so files do not meet. Three at a time, for two cores: those that wait for operations leave room for those that start Ansible.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

exec "$VENV/bin/python" -m pytest tests/integration -q -n 3 --dist loadfile --no-loadscope-reorder --durations 10 --junitxml "$OUTPUT/steps/integration.xml"
