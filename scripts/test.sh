#!/usr/bin/env bash
# Run steps of the test suite: scripts/test.sh STEP[+STEP...]... (each is a file in scripts/steps/)
# Steps joined by + run beside each other, for those that leave a core idle; what each says follows when it has ended.
# The first of them goes before the others where they want the same core: name the longest first, so that it is not left alone at the end.
# Stops at the first step that fails. The last line is always "N passed, N failed", counting tests where a step has them
# and the step itself where it has none.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/lib.sh"

[ $# -gt 0 ] || die "usage: scripts/test.sh STEP[+STEP...]..."
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

# count STEP STATUS SECONDS: add a step that has ended to the result; its status is the function's.
count() {
  local counts p f s
  counts="$("$VENV/bin/python" scripts/count_tests.py "$OUTPUT/steps" "$1" "$2")" || die "no result of step $1"
  read -r p f s <<<"$counts"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  if [ "$2" -ne 0 ]; then
    summary+=("$1 FAILED after $3 s")
    printf '=== %s FAILED after %s s\n' "$1" "$3"
    return 1
  fi
  summary+=("$1 $3 s")
  printf '=== %s passed in %s s\n' "$1" "$3"
}

run_alone() {
  local began=$SECONDS status=0
  printf '\n=== %s\n' "$1"
  STEP="$1" "scripts/steps/$1.sh" || status=$?
  count "$1" "$status" $((SECONDS - began))
}

# A step of a group is a job with a process group of its own (set -m), which a signal to this script reaches through here.
declare -A running=()
end_group() {
  local pid
  trap - INT TERM
  # One that has ended a moment ago is no longer there to be told.
  for pid in "${!running[@]}"; do kill -"$1" -- "-$pid" 2>/dev/null || true; done
  wait
  exit "$2"
}

run_group() {
  local step pid status result=0 began=$SECONDS
  local -a rank=()
  printf '\n=== %s, beside each other\n' "$*"
  trap 'end_group INT 130' INT
  trap 'end_group TERM 143' TERM
  set -m
  for step in "$@"; do
    STEP="$step" "${rank[@]}" "scripts/steps/$step.sh" >"$OUTPUT/steps/$step.log" 2>&1 </dev/null &
    running[$!]="$step"
    rank=(nice -n 10)
  done
  set +m
  while [ ${#running[@]} -gt 0 ]; do
    status=0
    wait -n -p pid "${!running[@]}" || status=$?
    step="${running[$pid]}"
    unset "running[$pid]"
    printf '\n=== %s\n' "$step"
    cat -- "$OUTPUT/steps/$step.log"
    count "$step" "$status" $((SECONDS - began)) || result=1
  done
  trap - INT TERM
  return "$result"
}

for argument in "$@"; do
  IFS=+ read -ra group <<<"$argument"
  for step in "${group[@]}"; do
    [ -x "scripts/steps/$step.sh" ] || die "there is no step $step: scripts/steps/$step.sh"
  done
done
for argument in "$@"; do
  IFS=+ read -ra group <<<"$argument"
  if [ ${#group[@]} -eq 1 ]; then run_alone "$argument"; else run_group "${group[@]}"; fi || {
    finish
    exit 1
  }
done
finish
