#!/usr/bin/env bash
# Run steps of the test suite: scripts/test.sh STEP... (each is a file in scripts/steps/)
# Stops at the first step that fails. The last line is always "N passed, N failed", counting tests where a step has them
# and the step itself where it has none.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/lib.sh"

[ $# -gt 0 ] || die "usage: scripts/test.sh STEP..."
rm -rf -- "$OUTPUT/steps"
mkdir -p "$OUTPUT/steps"

passed=0 failed=0 skipped=0 summary=()
finish() {
  local total=$SECONDS line
  printf '\n'
  for line in "${summary[@]}"; do printf '  %s\n' "$line"; done
  printf '  total %s s\n' "$total"
  line="$passed passed, $failed failed"
  [ "$skipped" -eq 0 ] || line="$line, $skipped skipped"
  printf '%s\n' "$line" | tee "$OUTPUT/result"
}

for step in "$@"; do
  script="scripts/steps/$step.sh"
  [ -x "$script" ] || die "there is no step $step: $script"
  printf '\n=== %s\n' "$step"
  began=$SECONDS status=0
  STEP="$step" "$script" || status=$?
  took=$((SECONDS - began))
  counts="$("$VENV/bin/python" scripts/count_tests.py "$OUTPUT/steps" "$step" "$status")" || die "no result of step $step"
  read -r p f s <<<"$counts"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  if [ "$status" -ne 0 ]; then
    summary+=("$step FAILED after $took s")
    printf '=== %s FAILED after %s s\n' "$step" "$took"
    finish
    exit 1
  fi
  summary+=("$step $took s")
  printf '=== %s passed in %s s\n' "$step" "$took"
done
finish
