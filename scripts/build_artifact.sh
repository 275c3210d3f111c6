#!/usr/bin/env bash
# Build the collection and unpack it as Ansible would install it: scripts/build_artifact.sh FOLDER
# The tree is FOLDER/ansible_collections/dbinfra/postgres; its tests/output (ansible-test's environments) is kept.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/lib.sh"

folder="$1"
tree="$folder/ansible_collections/dbinfra/postgres"
mkdir -p "$tree"
find "$tree" -mindepth 1 -maxdepth 1 ! -name tests ! -name .git -exec rm -rf {} +
[ ! -d "$tree/tests" ] || find "$tree/tests" -mindepth 1 -maxdepth 1 ! -name output -exec rm -rf {} +
build="$(mktemp -d "$CACHE/build.XXXXXX")"
trap 'rm -rf -- "$build"' EXIT
ansible-galaxy collection build --force --output-path "$build" "$CHECKOUT" >/dev/null
tar -xzf "$build"/dbinfra-postgres-*.tar.gz -C "$tree"
# What the artifact must never hold: the links back into a checkout, and what tests and demos leave behind.
leaked="$(cd "$tree" && find . \( -path ./tests/output -o -path ./.git \) -prune -o \( -type l -o -name '.venv*' -o -name '.cache' -o -name '.demo' -o -name demo.env \) -print)"
[ -z "$leaked" ] || die "the artifact holds what does not belong into it: $leaked"
