#!/usr/bin/env bash
# All molecule scenarios, from the collection root: elsewhere molecule ignores the shared configuration without a word.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

# Molecule keeps its own state below the checkout, not in the user's home.
export ANSIBLE_HOME="$CACHE/ansible-home" PYTHONPATH="$CHECKOUT/tests"
export MOLECULE_END_WITH=$$
export NO_COLOR=1 PY_COLORS=0 ANSIBLE_NOCOLOR=1
mkdir -p "$OUTPUT"
status=0
"$VENV/bin/molecule" test --all --report --no-command-borders 2>&1 | tee "$OUTPUT/molecule.log" || status=$?
if [ -e "$CACHE/molecule/neon/instance.json" ]; then
  say "molecule left its local Neon running: stopping it"
  stop_local_neon "$CACHE/molecule/neon"
fi
[ "$status" -eq 0 ] || exit "$status"
# A playbook that is missing is only a warning to molecule.
! grep -q 'Missing playbook' "$OUTPUT/molecule.log" || die "molecule did not find a playbook of its sequence"
