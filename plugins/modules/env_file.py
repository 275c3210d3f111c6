# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: variables in a dotenv file that only its owner can read."""

from __future__ import annotations

DOCUMENTATION = r"""
module: env_file
author: dbinfra contributors (@dbinfra)
version_added: 0.1.0
short_description: Keep variables in a dotenv file that only its owner can read
description:
  - Sets variables in a dotenv file, so that C(source file) in a shell, node's C(dotenv) (with and without C(dotenv-expand), which Prisma uses) and
    P(dbinfra.postgres.env_file#lookup) all read the same values.
  - Lines of others stay as they are. The file gets mode 0600, a missing directory is made with mode 0700.
  - The file is replaced as a whole, so a run that is killed leaves the old file or the new one.
  - Results and diffs hold names, never values.
  - Runs where the file shall be.
notes:
  - A value must not hold a newline, another control character or a dollar sign, nor end with a backslash, and an apostrophe goes neither with a double
    quote nor with a backtick or backslash. There is no way to write these that all readers understand alike, so they are refused. In a connection
    string, percent-encode them.
extends_documentation_fragment:
  - dbinfra.postgres._attributes
options:
  path:
    description:
      - The file.
      - A symbolic link and a file of another user are refused. A file that others may read is closed.
    type: str
    required: true
  variables:
    description:
      - Values by name, text or whole numbers.
      - With O(state=absent) only the names count.
    type: dict
    required: true
  state:
    description:
      - With V(present), the variables are set.
      - With V(absent), they are removed, and so is the file when nothing is left in it.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: The application's connection strings
  dbinfra.postgres.env_file:
    path: ~/.local/state/dbinfra-postgres/delivery/shop-staging.env
    variables:
      DATABASE_URL: "{{ neon_connection | dbinfra.postgres.postgresql_uri('shop_app', shop_app_password, pooled=true) }}"
      DIRECT_URL: "{{ neon_connection | dbinfra.postgres.postgresql_uri('shop_app', shop_app_password) }}"
"""

RETURN = r"""
path:
  description: The file's absolute path.
  type: str
  returned: success
  sample: /home/ada/.local/state/dbinfra-postgres/delivery/shop-staging.env
exists:
  description: Whether there is a file now, or would be after the run in check mode.
  type: bool
  returned: success
variable_names:
  description: Names of all variables in the file, sorted.
  type: list
  elements: str
  returned: success
  sample: [DATABASE_URL, DIRECT_URL]
actions:
  description: What was done, or would be done in check mode, in words.
  type: list
  elements: str
  returned: changed
  sample: ["write DATABASE_URL, DIRECT_URL to /home/ada/.local/state/dbinfra-postgres/delivery/shop-staging.env"]
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_resource
from ansible_collections.dbinfra.postgres.plugins.module_utils._local.env_file import EnvFile

SPEC = {
    "argument_spec": {
        "path": {"type": "str", "required": True},
        "variables": {"type": "dict", "required": True, "no_log": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
}


def main() -> None:
    """Run the module."""
    run_resource(SPEC, EnvFile)


if __name__ == "__main__":
    main()
