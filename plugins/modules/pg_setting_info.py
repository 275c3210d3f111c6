#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_setting_info
short_description: What is configured on a PostgreSQL server, where, and whether it is in force
version_added: 0.1.0
description:
  - Reports parameters with their running and their configured value, and every setting that is kept for a database or a role. Nothing is changed.
  - Says what waits for a restart, and what is configured but overridden on the server's command line.
  - A password in C(primary_conninfo) is never shown.
  - Runs where the server can be reached; in this collection's plays that is the control node (local connection).
extends_documentation_fragment:
  - dbinfra.postgres._attributes.info
  - dbinfra.postgres._postgres
options:
  names:
    description:
      - Parameters to report, in any case. V(*) and V(?) stand for any characters and for one.
      - Without it, what somebody has configured is reported, that is, parameters whose value does not come from the built-in default.
    type: list
    elements: str
    default: []
seealso:
  - module: dbinfra.postgres.pg_setting
author:
  - dbinfra contributors (@dbinfra)
"""

EXAMPLES = r"""
- name: What is configured, and where
  dbinfra.postgres.pg_setting_info:
    login: "{{ superuser_connection }}"
  register: configured

- name: All of autovacuum, be it configured or not
  dbinfra.postgres.pg_setting_info:
    login: "{{ neon_connection }}"
    login_password: "{{ owner_password }}"
    names: ["autovacuum*", "vacuum_*"]
"""

RETURN = r"""
settings:
  description: The parameters, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The parameter as the server spells it.
      type: str
    running:
      description: The value in force for a new session of the login user, in C(unit).
      type: str
    unit:
      description: The parameter's own unit.
      type: str
    type:
      description: V(bool), V(integer), V(real), V(string) or V(enum).
      type: str
    context:
      description: When a change can take effect, as in C(pg_settings.context).
      type: str
    source:
      description: Where the running value comes from, as in C(pg_settings.source); null for C(search_path).
      type: str
    default:
      description: The built-in default.
      type: str
    configured:
      description: The text of the last line in the configuration files; null for none, and where the login user may not read them.
      type: str
    by_alter_system:
      description: Whether that line is one that ALTER SYSTEM wrote; null where the login user may not read the files.
      type: bool
    pending_restart:
      description: Whether the configured value waits for a restart that would put another value in force.
      type: bool
    overridden:
      description: Whether the configured value has no effect because the parameter is given on the server's command line.
      type: bool
  sample:
    - {name: work_mem, running: "4096", unit: kB, type: integer, context: user, source: configuration file, default: "4096", configured: 4MB,
       by_alter_system: true, pending_restart: false, overridden: false}
kept:
  description: What is kept for databases and roles, sorted by scope and name. O(names) restricts it too.
  returned: success
  type: list
  elements: dict
  contains:
    scope:
      description: V(all roles), V(database x), V(role y) or V(role y in database x).
      type: str
    name:
      description: The parameter.
      type: str
    value:
      description: The text that is kept.
      type: str
  sample: [{scope: database shop, name: statement_timeout, value: 30s}]
files_readable:
  description: Whether the login user may read C(pg_file_settings).
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_info
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_info import SETTING_INFO_SPEC, look_settings


def main() -> None:
    """Run the module."""
    run_info(SETTING_INFO_SPEC, look_settings)


if __name__ == "__main__":
    main()
