#!/usr/bin/env bash
# Remove everything that make targets have made in this checkout. `make clean` stops the demo first.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/lib.sh"

# Local Neons that a killed test run left behind: their children live outside of this folder and would stay.
for folder in "$OUTPUT"/*/neon "$OUTPUT"/neon*; do
  if [ -e "$folder/instance.json" ] && [ -x "$VENV/bin/python" ]; then
    stop_local_neon "$folder"
  fi
done
rm -rf -- "$CACHE" "$OUTPUT" "$VENV" "$VENV-py313" .pytest_cache .ruff_cache .hypothesis .ansible changelogs/.plugin-cache.yaml
find . -path ./.git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
