#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: neon_role
short_description: Manage a role of a Neon branch through the API
description:
  - Creates and deletes a role through Neon's API, and sees to it that two branches do not share its password.
  - A role made this way is a member of C(neon_superuser), with CREATEROLE, CREATEDB, BYPASSRLS and REPLICATION. Make only the owner of the
    database so, and all other roles in SQL.
  - Creating a role and resetting a password drop the connections of the branch's compute and wake an idle one.
  - The password is never returned. The look-up P(dbinfra.postgres.neon_password#lookup) reveals it.
version_added: 0.1.0
author: dbinfra contributors (@dbinfra)
extends_documentation_fragment:
  - dbinfra.postgres._neon
  - dbinfra.postgres._neon.branch_child
  - dbinfra.postgres._neon.copy
  - dbinfra.postgres._neon.state
  - dbinfra.postgres._attributes
  - dbinfra.postgres._attributes.action_group_neon
options:
  predicted_state:
    description:
      - The branch will come with this role, for it is named when the project is created, or copied with the parent's roles. Only read with
        O(predicted=true).
      - Without it, the role is predicted to be created, unless O(copied_from) finds it.
    type: dict
    suboptions:
      password_shared:
        description: Whether it will come with the password that it has on O(distinct_from_branch).
        type: bool
        default: false
  name:
    description:
      - The exact name of the role, 1 to 63 bytes without control characters or blanks at its ends.
      - A name that PostgreSQL or Neon keeps for itself, such as V(postgres) or one that begins with V(pg_), is refused if the role is not there.
    type: str
    required: true
  distinct_from_branch:
    description:
      - Name or id of a branch whose password for the same role must be another one.
      - Both passwords are revealed and compared. If they are equal, the one of O(branch_id) is reset, never the other.
    type: str
seealso:
  - module: dbinfra.postgres.neon_database
  - plugin: dbinfra.postgres.neon_password
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: The owner, with a password of its own although the branch was made from production
  dbinfra.postgres.neon_role:
    project_id: "{{ project.project.id }}"
    branch_id: "{{ branch.branch.id }}"
    predicted: "{{ not branch.branch.exists }}"
    copied_from: "{{ branch.branch.copied_from }}"
    name: shop_owner
    distinct_from_branch: production
"""

RETURN = r"""
role:
  description: The role, without its password.
  returned: success
  type: dict
  contains:
    exists:
      description: Whether it exists.
      type: bool
    name:
      description: Its name.
      type: str
    branch_id:
      description: Its branch, null while that is only predicted.
      type: str
  sample:
    exists: true
    name: shop_owner
    branch_id: br-still-tree-12345678
actions:
  description: The changes in words.
  returned: when there are changes
  type: list
  elements: str
  sample: ["reset the password of role shop_owner"]
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_resource
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.access import common_options
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.options import child_options, copy_options, state_options
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.role import build_role

SPEC = {
    "argument_spec": {
        **common_options(),
        **state_options(),
        **child_options(),
        **copy_options(),
        "predicted_state": {
            "type": "dict",
            "options": {"password_shared": {"type": "bool", "default": False, "no_log": False}},
        },
        "name": {"type": "str", "required": True},
        "distinct_from_branch": {"type": "str"},
    },
}


def main() -> None:
    """Run the module."""
    run_resource(SPEC, build_role)


if __name__ == "__main__":
    main()
