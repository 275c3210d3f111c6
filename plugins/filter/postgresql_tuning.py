# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter that derives PostgreSQL settings from a machine."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import DbinfraError, InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.plain import to_plain
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.tuning import Tuning, derive, settle
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.tuning_machine import read_connections, read_machine

DOCUMENTATION = r"""
name: postgresql_tuning
author: dbinfra contributors (@dbinfra)
version_added: 0.1.0
short_description: Derive PostgreSQL settings from memory, CPUs and storage
description:
  - Returns the settings of a level, by scope, for M(dbinfra.postgres.pg_setting). The role C(db_settings) applies them; its README has
    every formula with its reason.
  - Memory is shared out so that shared buffers, maintenance and all sessions at once stay below what the machine has.
  - Neon has no ALTER SYSTEM and derives the server's own memory from the compute. There, only session parameters of the database are returned.
  - Nothing is derived that trades safety for speed, no list, and no time limit for statements.
positional: _input
options:
  _input:
    description:
      - The machine. It is not looked at with O(level=none).
    type: dict
    required: true
    suboptions:
      memory:
        description:
          - Memory of the machine, in bytes or with a unit (V(4GB)); on Neon also in compute units (V(0.25CU)), of which one is 4 GB.
          - Of a compute that scales, the smallest size. Settings do not change while it scales, and what is too much for the memory ends the server.
        type: str
        required: true
      cpus:
        description:
          - Number of CPUs, which may be a fraction.
          - Of a compute that scales, the largest size. A parallel worker too many costs time, and it is load that makes a compute grow.
        type: float
        required: true
      storage:
        description: What the data is on.
        type: str
        choices: [ssd, hdd, network]
        default: ssd
      disk:
        description: Size of the volume of the write-ahead log. A checkpoint comes before the log is a tenth of it.
        type: str
  level:
    description: V(none) derives nothing.
    type: str
    choices: [none, moderate, optimised]
    required: true
  connections:
    description:
      - Connections that may work at once, without the owner's. It takes a number, or a dictionary with V(application), the number of the
        application's pool, and V(roles), a list of roles with C(privileges) and C(connection_limit) that come on top.
      - Required unless O(level=none).
    type: raw
  server_major:
    description: Major version of the server. Required unless O(level=none).
    type: int
  provider:
    description: Who runs the server.
    type: str
    choices: [neon, self_hosted]
    default: self_hosted
  server:
    description: Settings of the whole server that are declared. They go before derived ones; null leaves a derived one out.
    type: dict
    default: {}
  database:
    description: Settings of the database that are declared, likewise.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: What an own host of 16 GB should have
  ansible.builtin.debug:
    msg: >-
      {{ {'memory': '16GB', 'cpus': 4, 'storage': 'ssd'}
         | dbinfra.postgres.postgresql_tuning(level='optimised', connections=40, server_major=17) }}

- name: What is left to set on a compute of Neon, with an own value for work_mem and nothing for jit
  ansible.builtin.debug:
    msg: >-
      {{ {'memory': '0.5CU', 'cpus': 2, 'storage': 'network'}
         | dbinfra.postgres.postgresql_tuning(level='optimised', connections=20, server_major=17, provider='neon',
                                              database={'work_mem': '8MB', 'jit': none}) }}
"""

RETURN = r"""
_value:
  description: The settings by scope.
  type: dict
  contains:
    server:
      description: Settings of the whole server, by name.
      type: dict
    database:
      description: Settings of the database, by name.
      type: dict
    derived:
      description: For each scope, the names that come from the level.
      type: dict
  sample:
    server: {}
    database: {work_mem: 4MB, hash_mem_multiplier: 2, maintenance_work_mem: 64MB, statement_timeout: 60s}
    derived: {server: [], database: [work_mem, hash_mem_multiplier, maintenance_work_mem]}
"""

NAME = "dbinfra.postgres.postgresql_tuning"


def postgresql_tuning(
    compute: t.Any,
    level: t.Any,
    connections: t.Any = None,
    server_major: t.Any = None,
    provider: t.Any = "self_hosted",
    server: t.Any = None,
    database: t.Any = None,
) -> dict[str, t.Any]:
    """Return the settings of a level with what is declared before them.

    :raises AnsibleFilterError: if something is missing, is wrong, or does not fit together.
    """
    compute, level, connections, server_major, provider, server, database = (
        to_plain(value) for value in (compute, level, connections, server_major, provider, server, database)
    )
    try:
        for name, value in (("the input", compute), ("server", server), ("database", database)):
            if not isinstance(value, (dict, type(None))):
                raise InputError(f"{value!r} is no dictionary", where=name, remedy="Give names and values")
        return settle(_derived(compute or {}, level, connections, server_major, provider), server or {}, database or {})
    except DbinfraError as error:
        raise AnsibleFilterError(f"{NAME}: {error.message()}") from error


def _derived(compute: dict[str, t.Any], level: t.Any, connections: t.Any, major: t.Any, provider: t.Any) -> Tuning:
    if level == "none":
        return Tuning()
    if isinstance(major, str) and major.isdecimal():
        major = int(major)
    if not isinstance(major, int):
        raise InputError("the server's major version is not known", where="option server_major", remedy="Pass it, for example 17")
    machine = read_machine(compute, "the input")
    return derive(level, machine, read_connections(connections, "option connections"), major, provider)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., dict[str, t.Any]]]:
        """Return the filters by name."""
        return {"postgresql_tuning": postgresql_tuning}
