#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: neon_endpoint
short_description: Manage a compute endpoint of a Neon branch
description:
  - Creates, resizes, starts, suspends, restarts and deletes the computes that make a branch reachable, read replicas included.
  - Changing sizes restarts the compute and drops its connections. Nothing is sent when nothing differs, a request would wake it.
version_added: 0.1.0
author: dbinfra contributors (@dbinfra)
extends_documentation_fragment:
  - dbinfra.postgres._neon
  - dbinfra.postgres._neon.branch_child
  - dbinfra.postgres._neon.state
  - dbinfra.postgres._attributes
  - dbinfra.postgres._attributes.action_group_neon
attributes:
  idempotent:
    description:
      - A second run with the same options changes nothing.
      - The exception is O(state=restarted), which restarts the compute every time.
    support: partial
    details:
      - Every other state is idempotent.
options:
  predicted_state:
    description:
      - The endpoint as the creation of the project will make it. Only read with O(predicted=true).
      - Without it, the endpoint is predicted to be created.
    type: dict
    suboptions:
      min_cu:
        description: Its smallest size.
        type: float
      max_cu:
        description: Its largest size.
        type: float
      suspend_timeout_seconds:
        description: Its idle seconds before it is suspended.
        type: int
  type:
    description:
      - A branch has one V(read_write) endpoint at most.
      - Of V(read_only) endpoints (read replicas) it may have several, O(name) or O(id) tells which one is meant. Without either, it is the
        only one, and the task fails if there are more.
    type: str
    choices: [read_write, read_only]
    default: read_write
  name:
    description:
      - The exact name of a read replica, 1 to 64 characters without control characters or blanks at its ends. One that is not found by it is made.
      - A V(read_write) endpoint, and one pinned by O(id), is given this name.
    type: str
  id:
    description:
      - Pins the endpoint by its id. It must be of O(type), and it is never created.
      - With O(state=absent), an id that no endpoint of the branch has is an error as long as the branch has a read-write endpoint, or a read-only one
        named O(name); nothing is removed then.
    type: str
  state:
    description:
      - V(present) makes the endpoint if it is not there. A new one is started.
      - V(started) and V(suspended) have it running or not; Neon suspends an idle compute, and starts one that is connected to.
      - V(restarted) restarts it, every time, and needs it to be active. Connections drop.
      - V(started), V(suspended) and V(restarted) need it to be there. What else is declared is brought about first.
      - V(absent) is refused as long as the branch is protected.
    choices: [present, absent, started, suspended, restarted]
  settings:
    description:
      - Settings of the compute.
    type: dict
    suboptions:
      pg_settings:
        description:
          - PostgreSQL settings by name, passed to Neon as they are. Only the named ones are looked at, none is ever removed.
          - A value is a text, a number or a boolean. Anything else is refused, also nothing (C(null)).
          - Which ones Neon takes is not documented. It is an error if Neon does not show them as declared afterwards.
        type: dict
  disabled:
    description:
      - Whether connections are refused. A disabled compute is suspended.
      - Neon's own checks of availability enable it again from time to time.
    type: bool
  min_cu:
    description:
      - Smallest size in compute units. Sizes are 0.25, 0.5, 1 to 16, and fixed even ones up to 56. A range spans at most 8 CU.
      - Above the present largest size it needs O(max_cu) as well, for what is not declared is not changed. The same goes for O(max_cu) below the
        present smallest size.
    type: float
  max_cu:
    description:
      - Largest size in compute units.
    type: float
  suspend_timeout_seconds:
    description:
      - Idle seconds before the compute is suspended. V(-1) for never.
      - V(0) is the provider's default of 300, hence V(0) and V(300) are equal.
    type: int
  confirm_destroy:
    description:
      - To delete an endpoint, its exact id. Its host name is lost with it.
seealso:
  - module: dbinfra.postgres.neon_branch
"""

EXAMPLES = r"""
- name: Production's compute is never suspended
  dbinfra.postgres.neon_endpoint:
    project_id: "{{ project.project.id }}"
    branch_id: "{{ branch.branch.id }}"
    predicted: "{{ not branch.branch.exists }}"
    min_cu: 0.5
    max_cu: 2
    suspend_timeout_seconds: -1
  register: endpoint

- name: A read replica for reports
  dbinfra.postgres.neon_endpoint:
    project_id: "{{ project.project.id }}"
    branch_id: "{{ branch.branch.id }}"
    predicted: "{{ not branch.branch.exists }}"
    type: read_only
    name: reports
    min_cu: 0.25
    max_cu: 2

- name: Let a preview's compute sleep now
  dbinfra.postgres.neon_endpoint:
    project_id: "{{ project.project.id }}"
    branch_id: "{{ preview.branch.id }}"
    state: suspended
"""

RETURN = r"""
endpoint:
  description:
    - The endpoint. Check mode returns what the run will return. What only Neon can know is null then, as each field says, and C(exists) is false
      of an endpoint yet to be made.
  returned: success
  type: dict
  contains:
    exists:
      description: Whether it exists.
      type: bool
    id:
      description: Its id, not in check mode before it exists.
      type: str
    branch_id:
      description: Its branch, null while that is only predicted.
      type: str
    type:
      description: V(read_write) or V(read_only).
      type: str
    name:
      description: Its name, null for none.
      type: str
    host:
      description: Direct host, not in check mode before it exists.
      type: str
    pooled_host:
      description: Host of the pooler, not in check mode before it exists.
      type: str
    min_cu:
      description:
        - Smallest size.
        - Of an endpoint yet to be made, check mode takes what is not declared from the project's default compute. It is null if the project is
          only predicted or does not say it, and if O(max_cu) lies below that, for Neon does not say how far it moves the other end.
      type: float
    max_cu:
      description: Largest size. The same goes for it, and O(min_cu) above it.
      type: float
    suspend_timeout_seconds:
      description:
        - Idle seconds before it is suspended.
        - Of an endpoint yet to be made, check mode takes it from the project's default compute if it is not declared, and it is null if the
          project is only predicted or does not say it.
      type: int
    disabled:
      description: Whether connections are refused.
      type: bool
    current_state:
      description: V(active), V(idle), V(init), or what else Neon says.
      type: str
    pg_settings:
      description: Its PostgreSQL settings, as Neon shows them.
      type: dict
  sample:
    exists: true
    id: ep-cool-darkness-12345678
    branch_id: br-still-tree-12345678
    type: read_write
    name: null
    host: ep-cool-darkness-12345678.eu-central-1.aws.neon.tech
    pooled_host: ep-cool-darkness-12345678-pooler.eu-central-1.aws.neon.tech
    min_cu: 0.5
    max_cu: 2.0
    suspend_timeout_seconds: -1
    disabled: false
    current_state: active
    pg_settings: {}
actions:
  description: The changes in words.
  returned: when there are changes
  type: list
  elements: str
  sample: ["update read_write endpoint"]
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_resource
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.access import common_options
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.endpoint import build_endpoint
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.options import child_options

SIZES = {"min_cu": {"type": "float"}, "max_cu": {"type": "float"}, "suspend_timeout_seconds": {"type": "int"}}
SPEC = {
    "argument_spec": {
        **common_options(),
        "state": {"type": "str", "choices": ["present", "absent", "started", "suspended", "restarted"], "default": "present"},
        "confirm_destroy": {"type": "str"},
        **child_options(),
        "predicted_state": {"type": "dict", "options": dict(SIZES)},
        "type": {"type": "str", "choices": ["read_write", "read_only"], "default": "read_write"},
        "name": {"type": "str"},
        "id": {"type": "str"},
        "settings": {"type": "dict", "options": {"pg_settings": {"type": "dict"}}},
        "disabled": {"type": "bool"},
        **SIZES,
    },
}


def main() -> None:
    """Run the module."""
    run_resource(SPEC, build_endpoint)


if __name__ == "__main__":
    main()
