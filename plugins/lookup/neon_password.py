# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look-up ``dbinfra.postgres.neon_password``."""

from __future__ import annotations

DOCUMENTATION = r"""
name: neon_password
short_description: Reveal the password of a role that Neon stores
description:
  - Returns the password that Neon stores for a role of a branch. One request for each role.
  - Use it only to fill an option that is C(no_log), and never in C(set_fact), which prints it.
version_added: 0.1.0
author: dbinfra contributors (@dbinfra)
requirements:
  - requests
options:
  _terms:
    description: Names of the roles.
    type: list
    elements: str
    required: true
  project_id:
    description: Id of the project. Required unless O(predicted=true).
    type: str
  branch_id:
    description: Id of the branch. Required unless O(predicted=true). There is no default, another branch's password is never returned.
    type: str
  predicted:
    description: The branch exists only as a prediction in check mode. An empty string is returned then, without a request.
    type: bool
    default: false
  api_host:
    description: Base address of the Neon API, with its path. Plain C(http) is accepted for loopback addresses only.
    type: str
    default: https://console.neon.tech/api/v2
    env:
      - name: NEON_API_HOST
  api_key:
    description: The API key.
    type: str
    env:
      - name: NEON_API_KEY
  timeout:
    description: Seconds that the look-up may take, retries included.
    type: int
    default: 300
seealso:
  - module: dbinfra.postgres.neon_role
"""

EXAMPLES = r"""
- name: Use the owner's password
  community.postgresql.postgresql_ping:
    login_host: "{{ database.connection.login_host }}"
    login_user: "{{ database.connection.login_user }}"
    login_db: "{{ database.connection.login_db }}"
    login_password: "{{ lookup('dbinfra.postgres.neon_password', 'shop_owner', project_id=database.connection.project_id,
                               branch_id=database.connection.branch_id) }}"
    ssl_mode: verify-full
    ca_cert: "{{ database.connection.ca_cert }}"
"""

RETURN = r"""
_raw:
  description: The passwords, in the order of the roles.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import DbinfraError, InputError, NotFoundError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.plain import to_plain
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.client import open_client
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.ids import Given, given_ids
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.passwords import reveal_password

_TERM: t.Final = "the look-up's term"


def _role_names(terms: t.Any) -> list[str]:
    """Return the terms, which must be texts: none or true is a value that went wrong, and would be asked for as a role of that name.

    :raises InputError: for one that is no text.
    """
    for term in terms:
        if not isinstance(term, str):
            raise InputError(
                f"{term!r} is no text",
                where=_TERM,
                why="It is the name of a role",
                remedy="Give the role's exact name; several names are several terms, those of a list *names",
            )
    return list(terms)


class LookupModule(LookupBase):
    """Reveals passwords; every failure is one clear message."""

    def run(self, terms: t.Any, variables: t.Any = None, **kwargs: t.Any) -> list[str]:
        """Return the password of each role in ``terms``.

        :raises AnsibleLookupError: with the collection's error text.
        """
        self.set_options(var_options=variables, direct=to_plain(kwargs))
        options = {name: to_plain(self.get_option(name)) for name in ("project_id", "branch_id", "predicted", "api_host", "api_key", "timeout")}
        try:
            names = _role_names(to_plain(terms))
            if options["predicted"]:
                return ["" for _name in names]
            return self._reveal(names, options)
        except DbinfraError as error:
            raise AnsibleLookupError(f"dbinfra.postgres.neon_password: {error.message()}") from None

    def _reveal(self, names: list[str], options: dict[str, t.Any]) -> list[str]:
        for option in ("project_id", "branch_id"):
            if not options[option]:
                raise NotFoundError(
                    "it is empty, so it is not known whose password is meant",
                    where=f"option {option}",
                    remedy="Hand over the id from the task that made the object; in check mode, when it is only predicted, set predicted=true",
                )
        for name in names:
            if not name.strip():
                raise InputError("it is empty", where=_TERM, remedy="Give the role's exact name")
        given = (*given_ids(options), *(Given(_TERM, name, "role") for name in names))
        client = open_client(options["api_host"], options["api_key"], options["timeout"], given=given)
        return [reveal_password(client, options["project_id"], options["branch_id"], name) for name in names]
