#!/usr/bin/env bash
# ansible-test sanity on the built artifact: the tree that users install, not the checkout with its symlinks.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

scripts/build_artifact.sh "$CACHE/sanity"
python scripts/ansible_test_home.py "$CACHE/sanity/home"
version="$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
cd "$CACHE/sanity/ansible_collections/dbinfra/postgres"
# Without a repository of its own the tree would count as ignored files of the checkout around it, and every test would be skipped.
[ -d .git ] || git init -q
printf 'tests/output/\n' >.git/info/exclude
# The shellcheck of the lock file is on PATH: ansible-test passes shell scripts silently where it finds none.
mkdir -p "$OUTPUT"
log="$OUTPUT/sanity.log"
status=0
HOME="$CACHE/sanity/home" ansible-test sanity --venv --python "$version" --requirements --color no 2>&1 |
  tee "$log" | { grep --line-buffered -E '^(Running sanity test|ERROR|FATAL: The|  ?[a-z0-9-]+$)|issue' || true; } || status=$?
if [ "$status" -ne 0 ]; then
  printf 'the last lines of %s:\n' "${log#"$CHECKOUT"/}"
  tail -n 15 "$log"
fi
# A run that tested nothing is no success: ansible-test only warns about it.
[ "$(grep -c '^Running sanity test' "$log")" -gt 15 ] || die "ansible-test ran fewer sanity tests than there are: see ${log#"$CHECKOUT"/}"
exit "$status"
