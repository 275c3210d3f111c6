#!/usr/bin/env bash
# Generated cases: random declarations and random faults on a local Neon without servers. The same cases in every run.
# Two processes: each has a local Neon of its own.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

exec "$VENV/bin/python" -m pytest tests/generated -q -n 2 --junitxml "$OUTPUT/steps/generated.xml"
