#!/usr/bin/env bash
# Measurements, as ratios on this machine; see tests/bench/measure.py. Nothing is asserted about time.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

mkdir -p "$OUTPUT"
work="$(mktemp -d "$OUTPUT/bench.XXXXXX")"
trap 'stop_local_neon "$work/neon"; rm -rf -- "$work"' EXIT
start_local_neon "$work/neon" --end-with $$
export DBINFRA_STATE_DIR="$work/state" PYTHONPATH="$CHECKOUT/tests"
"$VENV/bin/python" tests/bench/measure.py
