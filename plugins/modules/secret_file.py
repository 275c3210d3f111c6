# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: generated secrets in a protected file on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_file
author: dbinfra contributors (@dbinfra)
version_added: 0.1.0
short_description: Keep generated secrets in a file that only its owner can read
description:
  - Generates a secret for every declared name that has none yet, and keeps what is there. A secret is never replaced or removed.
  - The file is a JSON mapping of names to secrets with mode 0600 in a directory with mode 0700. It is replaced as a whole, so a run that is
    killed leaves the old file or the new one, and two runs that write at once do not lose each other's secrets.
  - A secret has letters and digits only, so that it needs no quoting anywhere.
  - Results and diffs hold names, never values. Read a value with P(dbinfra.postgres.secret#lookup), as the value of an option that hides it.
  - Runs on the control node (C(delegate_to=localhost) or a host with a local connection).
extends_documentation_fragment:
  - dbinfra.postgres._attributes
options:
  path:
    description:
      - The file. Missing directories are made with mode 0700.
      - A symbolic link, a file of another user, and a file that others may read are refused.
    type: str
    required: true
  secrets:
    description: Names of the secrets that must be there.
    type: list
    elements: str
    required: true
  never_generate:
    description:
      - Names that must be in the file already, because their secret is in use (the database role exists, for example).
      - A missing one is an error and nothing is generated at all. A new secret would not fit, and resetting the password would cut off whoever uses it.
    type: list
    elements: str
    default: []
  length:
    description: Characters of a newly generated secret, 24 to 256.
    type: int
    default: 32
  state:
    description: Only V(present). Remove the file by hand once nothing needs its secrets any more.
    type: str
    choices: [present]
    default: present
"""

EXAMPLES = r"""
- name: Passwords for the roles that have none yet
  dbinfra.postgres.secret_file:
    path: ~/.local/state/dbinfra-postgres/secrets/shop-staging.json
    secrets: [shop_app, shop_readonly]
    never_generate: [shop_app]
"""

RETURN = r"""
path:
  description: The file's absolute path.
  type: str
  returned: success
  sample: /home/ada/.local/state/dbinfra-postgres/secrets/shop-staging.json
secret_names:
  description: All names in the file, sorted.
  type: list
  elements: str
  returned: success
  sample: [shop_app, shop_readonly]
created:
  description: The names whose secret was generated now, or would be in check mode.
  type: list
  elements: str
  returned: success
  sample: [shop_readonly]
actions:
  description: What was done, or would be done in check mode, in words.
  type: list
  elements: str
  returned: changed
  sample: ["generate 1 secret in /home/ada/.local/state/dbinfra-postgres/secrets/shop-staging.json: shop_readonly"]
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_resource
from ansible_collections.dbinfra.postgres.plugins.module_utils._local.secret_file import SecretFile

SPEC = {
    "argument_spec": {
        "path": {"type": "str", "required": True},
        # Names, not values.
        "secrets": {"type": "list", "elements": "str", "required": True, "no_log": False},
        "never_generate": {"type": "list", "elements": "str", "default": []},
        "length": {"type": "int", "default": 32},
        "state": {"type": "str", "choices": ["present"], "default": "present"},
    },
}


def main() -> None:
    """Run the module."""
    run_resource(SPEC, SecretFile)


if __name__ == "__main__":
    main()
