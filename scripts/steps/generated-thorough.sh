#!/usr/bin/env bash
# Many more generated cases, others in every run; a failure prints how to run its case again.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

exec "$VENV/bin/python" -m pytest tests/generated -q -n 2 --hypothesis-profile=thorough --hypothesis-show-statistics --junitxml "$OUTPUT/steps/generated-thorough.xml"
