#!/usr/bin/env bash
# The other end of what is supported: Python 3.13 with ansible 14. Unit tests, and one converge of staging with its second run.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

if ! python="$(find_python 3.13)"; then
  say "unit-py313 skipped: no python3.13 found that runs"
  # In the result as what it is: one skipped test.
  printf '<testsuites><testsuite name="unit-py313" tests="1" failures="0" errors="0" skipped="1"/></testsuites>\n' >"$OUTPUT/steps/unit-py313.xml"
  exit 0
fi
scripts/setup.sh py313 "$python"
VENV313="$CHECKOUT/.venv-py313"
export PATH="$VENV313/bin:$PATH"
"$VENV313/bin/python" -m pytest tests/unit -q -n auto --dist loadfile --junitxml "$OUTPUT/steps/unit-py313.xml"

work="$(mktemp -d "$OUTPUT/py313.XXXXXX")"
trap 'stop_local_neon "$work/neon"; rm -rf -- "$work"' EXIT
start_local_neon "$work/neon" --end-with $$
export DBINFRA_STATE_DIR="$work/state" PYTHONPATH="$CHECKOUT/tests"
converge_twice staging "$VENV313/bin/ansible-playbook" site.yml -i inventories/staging
