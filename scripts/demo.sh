#!/usr/bin/env bash
# The demo: scripts/demo.sh up|down
#   up    starts a local Neon, converges staging and production on it, leaves it running, writes demo.env
#   down  stops it and removes every trace
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/lib.sh"

DEMO="$CHECKOUT/.demo"
ENV_FILE="$CHECKOUT/demo.env"
# What demo.env exports: said by the local Neon, and where the demo keeps its state.
FROM_LOCAL_NEON=(NEON_API_HOST NEON_API_KEY PGSSLROOTCERT)
EXPORTED=("${FROM_LOCAL_NEON[@]}" DBINFRA_STATE_DIR)

# One `export NAME=value` per line, quoted for any shell: '...' with every ' inside as '\''.
export_line() { printf "export %s='%s'\n" "$1" "$(printf '%s' "$2" | sed "s/'/'\\\\''/g")"; }

write_env_file() {
  local new name
  new="$(mktemp "$ENV_FILE.XXXXXX")" # mktemp makes it 0600: it holds the key of the local Neon
  {
    printf '# Made by make demo: what ansible-playbook needs to find the local Neon. Use: source demo.env\n'
    for name in "${FROM_LOCAL_NEON[@]}"; do
      [ -n "${!name:-}" ] || die "the local Neon did not say $name"
      export_line "$name" "${!name}"
    done
    # Generated passwords, delivered connection strings and locks of the demo live here instead of in your home folder.
    export_line DBINFRA_STATE_DIR "$DEMO/state"
  } >"$new"
  mv -f -- "$new" "$ENV_FILE"
}

up() {
  local environment
  (umask 077 && mkdir -p "$DEMO")
  start_local_neon "$DEMO/neon"
  write_env_file
  # shellcheck source=/dev/null
  . "$ENV_FILE"
  for environment in staging production; do
    printf '\n=== ansible-playbook site.yml -i inventories/%s\n' "$environment"
    "$VENV/bin/ansible-playbook" site.yml -i "inventories/$environment"
  done
  cat <<'TEXT'

Staging and production are up on the local Neon, which stays running. Try next:

  source demo.env
  .venv/bin/ansible-playbook site.yml -i inventories/production                  # changed=0
  .venv/bin/ansible-playbook site.yml -i inventories/staging --check --diff \
      -e db_pool_max=12                                                          # what a smaller pool would change
  cat .demo/state/delivery/*.env                                                 # the application's connection strings

  make demo-down                                                                 # stop it, remove every trace, say what to unset
TEXT
}

down() {
  if [ -e "$DEMO/neon" ]; then
    [ -x "$VENV/bin/python" ] || die "the demo's local Neon may be running, but .venv, which stops it, is gone: run make setup demo-down"
    stop_local_neon "$DEMO/neon"
  fi
  local made=no
  [ ! -e "$ENV_FILE" ] || made=yes
  rm -rf -- "$DEMO" "$ENV_FILE" "$ENV_FILE".??????
  if [ "$made" = yes ]; then
    printf 'The demo is gone. A shell that has sourced demo.env still points to it until you type there:\n\n  unset %s\n' "${EXPORTED[*]}"
  fi
}

case "${1:-}" in
  up) up ;;
  down) down ;;
  *) die "usage: scripts/demo.sh up|down" ;;
esac
