#!/usr/bin/env bash
# Every edge of every parameter, and 2,000 generated values for each version, others in every run; the server programs of all versions are fetched.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

scripts/postgres_versions.sh
exec "$VENV/bin/python" -m pytest tests/differential -q -n 2 --hypothesis-profile=thorough --junitxml "$OUTPUT/steps/differential-thorough.xml"
