#!/usr/bin/env bash
# Everything that reads files only. All tools run, then the step fails if one of them has.
set -uo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

status=0
check() {
  local began=$SECONDS
  if "$@"; then
    printf '%s: fine (%s s)\n' "$(basename "$1") ${2:-}" "$((SECONDS - began))"
  else
    printf '%s: FAILED (%s s)\n' "$(basename "$1") ${2:-}" "$((SECONDS - began))"
    status=1
  fi
}

# Only what is tracked or about to be: never a scratch file or somebody's virtual environment.
mapfile -t shell < <(git ls-files --cached --others --exclude-standard -- '*.sh' .ci/run)
check "$VENV/bin/shellcheck" --external-sources "${shell[@]}"
check "$VENV/bin/ruff" check --quiet .
check "$VENV/bin/ruff" format --check --quiet .
check "$VENV/bin/yamllint" --strict .
check "$VENV/bin/antsibull-changelog" lint
# Offline: the collections come from the ansible package, nothing is fetched while linting.
ANSIBLE_COLLECTIONS_PATH="$CHECKOUT/collections" check "$VENV/bin/ansible-lint" --offline --strict --nocolor --profile production -q
exit "$status"
