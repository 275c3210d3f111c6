#!/usr/bin/env bash
# README's commands, as a reader would type them, in a clean clone of HEAD.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

exec "$VENV/bin/python" -m pytest tests/docs -q --junitxml "$OUTPUT/steps/readme.xml"
