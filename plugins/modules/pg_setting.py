#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_setting
short_description: Settings of a PostgreSQL server, of databases, of roles, and of roles in a database
version_added: 0.1.0
description:
  - Applies any number of settings in one task, over one connection, with at most one reload.
  - Compares what is B(configured) (in the configuration files, or kept for the database or role) in a canonical form, so that V(1GB),
    V(1024 MB) and V(1048576) are the same, as are V(on), V(yes) and V(true).
  - Refuses before anything is changed what the server would refuse, in check mode too, that is unknown names (the nearest ones are named), values out of
    range, wrong units, enums and scopes, and missing rights. Values of session parameters are tried in a transaction that is rolled back.
  - Settings without O(settings[].database) and O(settings[].role) belong to the whole server and are written by ALTER SYSTEM. Neon does not have that.
  - Warns of roles that may log in and have a setting of their own that goes before a declared one, so that their sessions do not get the declared
    value. What the task itself declares for such a role is meant. Superusers are looked at only if the login user is one.
  - A setting that needs a restart is reported in RV(settings[].pending_restart); nothing is restarted.
  - Runs where the server can be reached; in this collection's plays that is the control node (local connection).
extends_documentation_fragment:
  - dbinfra.postgres._attributes
  - dbinfra.postgres._postgres
options:
  settings:
    description: The settings. Others are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the parameter, in any case. A name with a dot that the server does not know is one of an extension that is not loaded,
            and takes any text.
        type: str
        required: true
      value:
        description:
          - The value, as PostgreSQL reads it, with or without a unit. A list parameter (for example C(search_path)) takes a list, or a
            text with commas.
          - An empty list is what RESET gives where PostgreSQL would store one element with an empty name, after which the server does not
            start (C(shared_preload_libraries) and its kin).
        type: raw
      database:
        description: The database that it is kept for.
        type: str
      role:
        description:
          - The role that it is kept for, in every database or, with O(settings[].database), in one.
          - In check mode a role that does not exist is taken for one that an earlier task would make, with a warning.
        type: str
      state:
        description:
          - V(absent) resets it. For the whole server that removes what ALTER SYSTEM wrote; a line of C(postgresql.conf) stays.
        type: str
        choices: [present, absent]
        default: present
seealso:
  - module: dbinfra.postgres.pg_access
author:
  - dbinfra contributors (@dbinfra)
"""

EXAMPLES = r"""
- name: Time-outs of the database, and a read-only role
  dbinfra.postgres.pg_setting:
    login: "{{ neon_connection }}"
    login_password: "{{ owner_password }}"
    settings:
      - {name: statement_timeout, value: 30s, database: shop}
      - {name: search_path, value: [app, public], database: shop}
      - {name: default_transaction_read_only, value: true, database: shop, role: shop_readonly}

- name: The whole server, on an own host
  dbinfra.postgres.pg_setting:
    login: "{{ superuser_connection }}"
    settings:
      - {name: shared_buffers, value: 2GB}
      - {name: log_min_duration_statement, value: 0.5s}
"""

RETURN = r"""
settings:
  description: The declared settings, in the declared order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The parameter as the server spells it.
      type: str
    scope:
      description: V(system), C(database x), C(role y) or C(role y in database x).
      type: str
    configured_before:
      description: The text that was configured in this scope before; null for none.
      type: str
    configured:
      description: The text that is configured now, or in check mode would be.
      type: str
    running:
      description: The value in force for the whole server, in C(unit); null for other scopes, which new sessions pick up.
      type: str
    unit:
      description: The parameter's own unit.
      type: str
    context:
      description: When it can take effect, as in C(pg_settings.context); null for a parameter that the server does not know.
      type: str
    source:
      description: Where the running value of a system setting comes from, as in C(pg_settings.source).
      type: str
    pending_restart:
      description: Whether the configured value waits for a restart.
      type: bool
  sample:
    - {name: statement_timeout, scope: database shop, configured_before: null, configured: 30s, running: null, unit: ms, context: user,
       source: null, pending_restart: false}
actions:
  description: What was done, or in check mode would be done, step by step.
  returned: changed
  type: list
  elements: str
  sample: ["set statement_timeout = 30s for database shop"]
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_resource
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting import SETTING_SPEC, build_setting


def main() -> None:
    """Run the module."""
    run_resource(SETTING_SPEC, build_setting)


if __name__ == "__main__":
    main()
