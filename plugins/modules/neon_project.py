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
  - Only what is declared is compared and changed. An option that is left out says nothing, an empty list says something.
  - A deleted project can be recovered for some days in the console. It counts as absent, and its name is free.
  - Costs one request if nothing is to be changed and the list of projects says all that is compared, else one more. A change or
    deletion of a project that was found by its name costs one more unless O(adopt), and one of O(preload_libraries) one more.
    A deletion costs one more to see that no branch is protected. As long as one is, Neon does not delete the project.
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
      - The exact name of the project, 1 to 256 characters, none of which is a control character. No blanks at its ends.
      - Names are not unique at Neon. If several projects have it, the task fails and names their ids.
    type: str
    required: true
  id:
    description:
      - Pins the project by its id. Its name must then be O(name), and it is never created.
      - With O(state=absent), an id that no project has means that it is gone. Names are not unique, so a project named O(name) under another id is
        left alone, with a warning.
    type: str
  org_id:
    description:
      - The organization. A personal API key needs it, a key of an organization infers it. An empty text is like leaving it out.
      - Cannot be changed after creation.
    type: str
  region_id:
    description:
      - The region, for example V(aws-eu-central-1). Cannot be changed after creation.
    type: str
  pg_version:
    description:
      - Major version of PostgreSQL, 14 to 18. Cannot be changed after creation.
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
      - Name of the role that owns O(database), used at creation only. 1 to 63 bytes, and none that PostgreSQL or Neon keeps for itself, such as
        V(postgres) or one that begins with V(pg_).
    type: str
  database:
    description:
      - Name of the first database, used at creation only. 1 to 63 bytes, and none that every server has, such as V(postgres).
    type: str
  history_retention_seconds:
    description:
      - Seconds of history for point-in-time recovery, project-wide, 0 to 2592000 (30 days). Plans limit it further.
      - Making it shorter destroys history and needs O(confirm_destroy).
    type: int
  default_compute:
    description:
      - The compute that new endpoints get. Existing endpoints are the matter of M(dbinfra.postgres.neon_endpoint).
      - Sizes are 0.25, 0.5, 1 to 16, and fixed even ones up to 56. A range spans at most 8 CU.
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
  allowed_ips:
    description:
      - Who may connect to the computes of the project. Single addresses, ranges (V(203.0.113.7-203.0.113.9)) and networks (V(203.0.113.0/24)) of
        IPv4 and IPv6. Compared by what they let in, in any order.
      - The single word V(everyone) removes the list, every address may connect then.
      - An empty list is an error, for to Neon it means everyone. So is a network that holds all addresses.
      - Needs a plan with IP Allow.
    type: list
    elements: str
  allowed_ips_protected_branches_only:
    description:
      - Whether the list applies to protected branches only. All others are then open to everyone.
    type: bool
  quota:
    description:
      - What the project may use. V(0) is no quota. A quota that is left out stays as it is.
      - B(Beyond a quota Neon suspends all computes, production too), and they cannot be started until the billing period ends or the quota is
        raised. Only C(logical_size_bytes) is different, it blocks writing on the branch that is too large.
      - A quota that the present billing period has used up already needs O(confirm_destroy).
    type: dict
    suboptions:
      active_time_seconds:
        description: Seconds per billing period during which computes may be active.
        type: int
      compute_time_seconds:
        description: CPU seconds per billing period.
        type: int
      written_data_bytes:
        description: Bytes per billing period that may be written, all branches together.
        type: int
      data_transfer_bytes:
        description: Bytes per billing period that may be sent through the proxy, all branches together.
        type: int
      logical_size_bytes:
        description: Bytes of data that each branch may hold.
        type: int
  maintenance_window:
    description:
      - When Neon may restart computes for its maintenance. Connections are interrupted then.
    type: dict
    suboptions:
      weekdays:
        description: Numbers from 1 (Monday) to 7 (Sunday).
        type: list
        elements: int
        required: true
      start_time:
        description: Its begin, V(HH:MM) in UTC. Quote it, YAML makes a number of V(22:00).
        type: str
        required: true
      end_time:
        description:
          - Its end, V(HH:MM) in UTC, on the same day. V(00:00) for the end of the day.
          - A window that goes on after midnight is refused, for Neon describes none.
        type: str
        required: true
  preload_libraries:
    description:
      - Names of the libraries that computes load at their start, in addition to the provider's own. An empty list means none.
      - Checked against what the project can preload before anything is changed. Of a project that this task makes this can only be asked
        afterwards.
      - An active compute loads them after a restart, which is the matter of M(dbinfra.postgres.neon_endpoint). A warning says so.
    type: list
    elements: str
  enable_logical_replication:
    description:
      - V(true) sets C(wal_level=logical) for all computes of the project. B(All active computes are suspended), and Neon cannot undo it.
      - V(false) asserts that it is off. It is refused for a project that has it.
    type: bool
  block_public_connections:
    description:
      - Whether connections from the public internet are refused. Stands above O(allowed_ips).
      - Neon says of it that its meaning may still change.
    type: bool
  audit_log_level:
    description:
      - How much Neon's audit log holds.
    type: str
    choices: [base, extended, full]
  hipaa:
    description:
      - V(true) makes the project HIPAA compliant, which Neon cannot undo. Needs a plan and an agreement for it.
      - V(false) asserts that it is off. It is refused for a project that has it.
    type: bool
  ownership:
    description:
      - V(owner) sets the project-wide settings, from O(history_retention_seconds) to O(hipaa).
      - V(member) asserts them. A difference fails, for two inventories would overwrite each other.
      - Either may create a missing project, with what it declares.
    type: str
    choices: [owner, member]
    default: owner
  adopt:
    description:
      - Whether a project that this collection did not make may be changed, or deleted (O(state=absent)).
      - A project is taken for made by this collection if its default branch carries the annotation C(managed_by=dbinfra.postgres). One that is
        pinned by O(id) needs no adoption. A project in which nothing differs is used without it.
    type: bool
    default: false
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

- name: What production's inventory owns
  dbinfra.postgres.neon_project:
    name: shop
    allowed_ips:
      - 203.0.113.7
      - 198.51.100.0/24
      - 2001:db8:1::/48
    maintenance_window:
      weekdays: [6, 7]
      start_time: "03:00"
      end_time: "05:00"
    quota:
      logical_size_bytes: 21474836480
    preload_libraries: [pg_cron]

- name: Delete a project with all its branches
  dbinfra.postgres.neon_project:
    name: shop-experiment
    state: absent
    confirm_destroy: shop-experiment
"""

RETURN = r"""
project:
  description:
    - The project. Check mode returns what the run will return, but for C(exists) of a project yet to be made, and what Neon chooses for it,
      which is null then - its id, and a region, version, organization and history that are not declared.
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
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.access import common_options
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.options import state_options
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.project import build_project

SPEC = {
    "required_by": {"allowed_ips_protected_branches_only": ["allowed_ips"]},
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
        "allowed_ips": {"type": "list", "elements": "str"},
        "allowed_ips_protected_branches_only": {"type": "bool"},
        "quota": {
            "type": "dict",
            "options": {
                "active_time_seconds": {"type": "int"},
                "compute_time_seconds": {"type": "int"},
                "written_data_bytes": {"type": "int"},
                "data_transfer_bytes": {"type": "int"},
                "logical_size_bytes": {"type": "int"},
            },
        },
        "maintenance_window": {
            "type": "dict",
            "options": {
                "weekdays": {"type": "list", "elements": "int", "required": True},
                "start_time": {"type": "str", "required": True},
                "end_time": {"type": "str", "required": True},
            },
        },
        "preload_libraries": {"type": "list", "elements": "str"},
        "enable_logical_replication": {"type": "bool"},
        "block_public_connections": {"type": "bool"},
        "audit_log_level": {"type": "str", "choices": ["base", "extended", "full"]},
        "hipaa": {"type": "bool"},
        "adopt": {"type": "bool", "default": False},
        "ownership": {"type": "str", "choices": ["owner", "member"], "default": "owner"},
    },
}


def main() -> None:
    """Run the module."""
    run_resource(SPEC, build_project)


if __name__ == "__main__":
    main()
