#!/usr/bin/env bash
# Our reading of every parameter's values against that of real servers, a sample. Versions whose programs are not there are skipped by name.
# Two processes: each version's server belongs to one of them.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

exec "$VENV/bin/python" -m pytest tests/differential -q -n 2 --junitxml "$OUTPUT/steps/differential.xml"
