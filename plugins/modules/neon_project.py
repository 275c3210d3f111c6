#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: neon_project
short_description: Manage a Neon project
description:
  - Creates, changes, asserts and deletes a project of Neon, the PostgreSQL service.
  - A missing project is created in one request with its default branch, owner role and database.
  - Names are not unique at Neon, so runs that find no project at the same time make several. Of those, the oldest stays. A run deletes the
    one that it has itself just made if it is not the oldest, uses the other one, and says so in a warning. Nothing else is deleted that way.
  - What cannot be changed after creation is never recreated. A difference fails and says what to do.
version_added: 0.1.0
author: dbinfra contributors (@dbinfra)
extends_documentation_fragment:
  - dbinfra.postgres._neon
  - dbinfra.postgres._neon.state
  - dbinfra.postgres._attributes
  - dbinfra.postgres._attributes.action_group_neon
options:
  name:
    description:
      - The exact name of the project.
      - Names are not unique at Neon. If several projects have it, the task fails and names their ids.
    type: str
    required: true
  id:
    description:
      - Pins the project by its id. Its name must then be O(name), and it is never created.
    type: str
  org_id:
    description:
      - The organization. A personal API key needs it, a key of an organization infers it.
      - Cannot be changed after creation.
    type: str
  region_id:
    description:
      - The region, for example V(aws-eu-central-1). Cannot be changed after creation.
    type: str
  pg_version:
    description:
      - Major version of PostgreSQL. Cannot be changed after creation.
    type: int
  store_passwords:
    description:
      - Whether Neon stores the passwords of roles, so that they can be revealed. Cannot be changed after creation.
    type: bool
  default_branch:
    description:
      - Name of the default branch, used at creation only.
    type: str
  owner_role:
    description:
      - Name of the role that owns O(database), used at creation only.
    type: str
  database:
    description:
      - Name of the first database, used at creation only.
    type: str
  history_retention_seconds:
    description:
      - Seconds of history for point-in-time recovery, project-wide. Plans limit it.
      - Making it shorter destroys history and needs O(confirm_destroy).
    type: int
  default_compute:
    description:
      - The compute that new endpoints get. Existing endpoints are the matter of M(dbinfra.postgres.neon_endpoint).
    type: dict
    suboptions:
      min_cu:
        description: Smallest size in compute units.
        type: float
      max_cu:
        description: Largest size in compute units.
        type: float
      suspend_timeout_seconds:
        description: Idle seconds before the compute is suspended, V(-1) for never, V(0) for the provider's default of 300.
        type: int
  ownership:
    description:
      - V(owner) sets the project-wide settings O(history_retention_seconds) and O(default_compute).
      - V(member) asserts them. A difference fails, for two inventories would overwrite each other.
      - Either may create a missing project.
    type: str
    choices: [owner, member]
    default: owner
seealso:
  - module: dbinfra.postgres.neon_branch
"""

EXAMPLES = r"""
- name: The project of both environments
  dbinfra.postgres.neon_project:
    name: shop
    region_id: aws-eu-central-1
    pg_version: 17
    default_branch: production
    owner_role: shop_owner
    database: shop
    history_retention_seconds: 604800
  register: project

- name: Staging asserts what production's inventory owns
  dbinfra.postgres.neon_project:
    name: shop
    history_retention_seconds: 604800
    ownership: member

- name: Delete a project with all its branches
  dbinfra.postgres.neon_project:
    name: shop-experiment
    state: absent
    confirm_destroy: shop-experiment
"""

RETURN = r"""
project:
  description: The project. Ids are null while it is only predicted.
  returned: success
  type: dict
  contains:
    exists:
      description: Whether it exists.
      type: bool
    id:
      description: Its id.
      type: str
    name:
      description: Its name.
      type: str
    region_id:
      description: Its region.
      type: str
    pg_version:
      description: Major version of PostgreSQL.
      type: int
    org_id:
      description: Its organization, null for a personal account.
      type: str
    history_retention_seconds:
      description: Seconds of history. Null if it was not declared and the list of projects does not say it.
      type: int
  sample:
    exists: true
    id: quiet-sun-12345678
    name: shop
    region_id: aws-eu-central-1
    pg_version: 17
    org_id: null
    history_retention_seconds: 604800
actions:
  description: The changes in words.
  returned: when there are changes
  type: list
  elements: str
  sample: ["create project shop"]
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_resource
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.options import common_options, state_options
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.project import build_project

SPEC = {
    "argument_spec": {
        **common_options(),
        **state_options(),
        "name": {"type": "str", "required": True},
        "id": {"type": "str"},
        "org_id": {"type": "str"},
        "region_id": {"type": "str"},
        "pg_version": {"type": "int"},
        "store_passwords": {"type": "bool", "no_log": False},
        "default_branch": {"type": "str"},
        "owner_role": {"type": "str"},
        "database": {"type": "str"},
        "history_retention_seconds": {"type": "int"},
        "default_compute": {
            "type": "dict",
            "options": {
                "min_cu": {"type": "float"},
                "max_cu": {"type": "float"},
                "suspend_timeout_seconds": {"type": "int"},
            },
        },
        "ownership": {"type": "str", "choices": ["owner", "member"], "default": "owner"},
    },
}


def main() -> None:
    """Run the module."""
    run_resource(SPEC, build_project)


if __name__ == "__main__":
    main()
