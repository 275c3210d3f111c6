#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_access_info
short_description: Which roles of a PostgreSQL server exist, and what they are
version_added: 0.1.0
description:
  - Looks up roles by name. Nothing is changed.
  - Says for which of them a secret may be generated, and for which it must exist already.
  - Runs where the database can be reached; in this collection's plays that is the control node (local connection).
extends_documentation_fragment:
  - dbinfra.postgres._attributes.info
  - dbinfra.postgres._postgres
options:
  environment:
    description:
      - Name of the environment. With it, roles that came along with a copy of another environment are told apart, and a server that
        belongs to another environment is refused.
    type: str
  roles:
    description: Names of the roles.
    type: list
    elements: str
    required: true
seealso:
  - module: dbinfra.postgres.pg_access
author:
  - dbinfra contributors (@dbinfra)
"""

EXAMPLES = r"""
- name: Which of the roles exist already
  dbinfra.postgres.pg_access_info:
    login: "{{ neon_connection }}"
    login_password: "{{ owner_password }}"
    environment: production
    roles: [shop_app, shop_readonly]
  register: present
"""

RETURN = r"""
roles:
  description: The asked roles by name. A role that does not exist has the same keys, with nulls.
  returned: success
  type: dict
  sample:
    shop_app: {name: shop_app, exists: true, login: true, inherit: true, superuser: false, createdb: false, createrole: false,
               replication: false, bypassrls: false, connection_limit: 20, member_of: [], environment: production}
settled:
  description: Roles that exist and did not come along with a copy. Their password must be known; generating another would lock their users out.
  returned: success
  type: list
  elements: str
  sample: [shop_app]
copied:
  description: Roles that came along with a copy of another environment. They need a password of their own.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_info
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.access import ACCESS_INFO_SPEC, look_access


def main() -> None:
    """Run the module."""
    run_info(ACCESS_INFO_SPEC, look_access)


if __name__ == "__main__":
    main()
