#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: neon_database
short_description: Manage a database of a Neon branch and say how it is reached
description:
  - Creates, hands over and deletes a database.
  - Returns RV(connection), which the PostgreSQL modules of this collection take as O(dbinfra.postgres.pg_setting#module:login). It holds no
    password.
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
      - The branch will come with this database, for it is named when the project is created, or copied with the parent's. Only read with
        O(predicted=true).
      - Without it, the database is predicted to be created. Not read with O(copied_from), which finds out.
    type: dict
    suboptions:
      owner_name:
        description: The role that will own it.
        type: str
        required: true
  name:
    description:
      - The exact name of the database, 1 to 63 bytes without control characters or blanks at its ends.
      - V(postgres), V(template0) and V(template1), which every server has, are refused if Neon does not list them.
    type: str
    required: true
  owner_name:
    description:
      - The role that owns the database. Required to create it.
      - RV(connection.login_user) is the owner.
    type: str
  host:
    description:
      - The direct host of the branch's compute, as M(dbinfra.postgres.neon_endpoint) returned it.
      - The address that Neon gives must lead to this endpoint. Without this option the branch's endpoints are asked for in a further request,
        and it must lead to one of them.
    type: str
  server_major:
    description:
      - Major version of the server, passed on as RV(connection.server_major), so that modules can plan for a server that is not there yet.
    type: int
  ssl_mode:
    description:
      - How connections check the server, passed on as RV(connection.ssl_mode).
    type: str
    choices: [verify-full, verify-ca, require]
    default: verify-full
  ca_file:
    description:
      - File with the CA certificates that connections trust, passed on as RV(connection.ca_cert). It must exist.
      - V(system) is passed on as it is, only libpq 16 and newer understand it.
      - Can be set by the environment variable E(PGSSLROOTCERT). The default is the CA file of the system.
    type: path
seealso:
  - module: dbinfra.postgres.neon_role
  - module: dbinfra.postgres.neon_endpoint
"""

EXAMPLES = r"""
- name: The application's database
  dbinfra.postgres.neon_database:
    project_id: "{{ project.project.id }}"
    branch_id: "{{ branch.branch.id }}"
    predicted: "{{ not branch.branch.exists }}"
    copied_from: "{{ branch.branch.copied_from }}"
    name: shop
    owner_name: shop_owner
    host: "{{ endpoint.endpoint.host }}"
    server_major: "{{ project.project.pg_version }}"
  register: database
"""

RETURN = r"""
database:
  description: The database.
  returned: success
  type: dict
  contains:
    exists:
      description: Whether it exists.
      type: bool
    name:
      description: Its name.
      type: str
    owner_name:
      description: Its owner.
      type: str
    branch_id:
      description: Its branch, null while that is only predicted.
      type: str
  sample:
    exists: true
    name: shop
    owner_name: shop_owner
    branch_id: br-still-tree-12345678
connection:
  description: How the owner reaches the database. Hosts and ports are not in check mode before the database exists.
  returned: success
  type: dict
  contains:
    provider:
      description: Always V(neon).
      type: str
    exists:
      description: Whether there is a database with a compute to connect to.
      type: bool
    project_id:
      description: The project.
      type: str
    branch_id:
      description: The branch.
      type: str
    login_host:
      description: Direct host.
      type: str
    login_port:
      description: Port of the direct host.
      type: int
    login_user:
      description: The owner.
      type: str
    login_db:
      description: The database.
      type: str
    pooled_host:
      description: Host of the pooler.
      type: str
    pooled_port:
      description: Port of the pooler.
      type: int
    ssl_mode:
      description: How connections check the server.
      type: str
    ca_cert:
      description: File with the CA certificates that connections trust.
      type: str
    server_major:
      description: Major version of the server, as given in O(server_major).
      type: int
    stand_in:
      description:
        - Where the original is reached, in check mode with O(copied_from), so that modules can plan against it as long as the copy does not exist.
          They only read there. Connecting wakes a suspended compute.
        - Null in every other case, and if the original has no compute or not this database.
      type: dict
      contains:
        login_host:
          description: Direct host of the original.
          type: str
        login_port:
          description: Port of the direct host.
          type: int
        login_user:
          description: The owner that the database has there.
          type: str
        login_db:
          description: The database.
          type: str
        branch_id:
          description: The branch in O(copied_from).
          type: str
  sample:
    provider: neon
    exists: true
    project_id: quiet-sun-12345678
    branch_id: br-still-tree-12345678
    login_host: ep-cool-darkness-12345678.eu-central-1.aws.neon.tech
    login_port: 5432
    login_user: shop_owner
    login_db: shop
    pooled_host: ep-cool-darkness-12345678-pooler.eu-central-1.aws.neon.tech
    pooled_port: 5432
    ssl_mode: verify-full
    ca_cert: /etc/ssl/certs/ca-certificates.crt
    server_major: 17
    stand_in: null
actions:
  description: The changes in words.
  returned: when there are changes
  type: list
  elements: str
  sample: ["create database shop"]
"""

from ansible.module_utils.basic import env_fallback

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_resource
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.access import common_options
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.database import build_database
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.options import child_options, copy_options, state_options

SPEC = {
    "argument_spec": {
        **common_options(),
        **state_options(),
        **child_options(),
        **copy_options(),
        "predicted_state": {"type": "dict", "options": {"owner_name": {"type": "str", "required": True}}},
        "name": {"type": "str", "required": True},
        "owner_name": {"type": "str"},
        "host": {"type": "str"},
        "server_major": {"type": "int"},
        "ssl_mode": {"type": "str", "choices": ["verify-full", "verify-ca", "require"], "default": "verify-full"},
        "ca_file": {"type": "path", "fallback": (env_fallback, ["PGSSLROOTCERT"])},
    },
}


def main() -> None:
    """Run the module."""
    run_resource(SPEC, build_database)


if __name__ == "__main__":
    main()
