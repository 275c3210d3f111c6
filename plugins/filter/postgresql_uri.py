# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter that writes a connection string from connection facts."""

from __future__ import annotations

import typing as t
from urllib.parse import quote, urlencode

from ansible.errors import AnsibleFilterError

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.plain import to_plain
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.predicted import PREDICTED

DOCUMENTATION = r"""
name: postgresql_uri
author: dbinfra contributors (@dbinfra)
version_added: 0.1.0
short_description: Write a PostgreSQL connection string from connection facts
description:
  - Turns the connection facts that a provider's role found, a role and its password into a C(postgresql://) string that libpq reads.
  - The string carries C(sslmode) and C(sslrootcert) of the facts, so it is as strict as they are.
  - The result contains the password. Give it to options that are C(no_log) only.
positional: _input, role, password
options:
  _input:
    description: Connection facts as returned by M(dbinfra.postgres.neon_database) in RV(dbinfra.postgres.neon_database#module:connection).
    type: dict
    required: true
  role:
    description: The role to connect as.
    type: str
    required: true
  password:
    description: Its password.
    type: str
    required: true
  pooled:
    description: Whether the string leads to the pooler.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Keep the pooled string in a protected file
  dbinfra.postgres.env_file:
    path: /srv/shop/.env
    variables:
      DATABASE_URL: "{{ neon_connection | dbinfra.postgres.postgresql_uri('shop_app', shop_app_password, pooled=true) }}"
"""

RETURN = r"""
_value:
  description:
    - The connection string.
    - Where the facts only predict a server (V(exists=false), in check mode), C(<predicted>).
  type: str
"""


def postgresql_uri(connection: t.Any, role: t.Any, password: t.Any, pooled: bool = False) -> str:
    """Return the connection string for a role.

    :raises AnsibleFilterError: when a fact that the string needs is missing.
    """
    facts, role, password = to_plain(connection), to_plain(role), to_plain(password)
    if not isinstance(facts, dict):
        raise AnsibleFilterError("dbinfra.postgres.postgresql_uri: the input must be the dictionary of connection facts that a provider's role sets.")
    if not facts.get("exists", True):
        return PREDICTED
    prefix = "pooled" if pooled else "login"
    missing = [key for key in (f"{prefix}_host", f"{prefix}_port", "login_db", "ssl_mode", "ca_cert") if not facts.get(key)]
    if missing or not role or not password:
        names = ", ".join(missing + [name for name, value in (("role", role), ("password", password)) if not value])
        raise AnsibleFilterError(f"dbinfra.postgres.postgresql_uri: no value for {names}. Pass the connection facts that the provider's role sets.")
    userinfo = f"{quote(role, safe='')}:{quote(password, safe='')}"
    query = urlencode({"sslmode": facts["ssl_mode"], "sslrootcert": facts["ca_cert"]}, quote_via=quote, safe="/")
    return f"postgresql://{userinfo}@{facts[f'{prefix}_host']}:{facts[f'{prefix}_port']}/{quote(facts['login_db'], safe='')}?{query}"


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., str]]:
        """Return the filters by name."""
        return {"postgresql_uri": postgresql_uri}
