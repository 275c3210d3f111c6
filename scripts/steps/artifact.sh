#!/usr/bin/env bash
# The built artifact, reduced to its runtime directories, converges staging on a local Neon from an empty folder.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../lib.sh"

mkdir -p "$OUTPUT"
work="$(mktemp -d "$OUTPUT/artifact.XXXXXX")"
trap 'stop_local_neon "$work/neon"; rm -rf -- "$work"' EXIT

scripts/build_artifact.sh "$work/built"
tree="$work/collections/ansible_collections/dbinfra/postgres"
mkdir -p "$tree" "$work/home"
for directory in meta plugins roles playbooks; do
  cp -a "$work/built/ansible_collections/dbinfra/postgres/$directory" "$tree/"
done
rm -rf -- "$work/built"
cp -a inventories/staging "$work/staging"

start_local_neon "$work/neon" --end-with $$
export DBINFRA_STATE_DIR="$work/state" ANSIBLE_COLLECTIONS_PATH="$work/collections" PYTHONPATH="$CHECKOUT/tests"
# Nothing of the checkout may help: not the folder, not its ansible.cfg, not a collection of the user's.
cd "$work/home"
converge_twice staging "$VENV/bin/ansible-playbook" dbinfra.postgres.site -i "$work/staging"
