# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lookup: a generated secret."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secret
author: dbinfra contributors (@dbinfra)
version_added: 0.1.0
short_description: Read a secret that secret_file keeps
description:
  - Returns the secrets with the given names from a file that M(dbinfra.postgres.secret_file) keeps on the control node.
  - Give the result to options that hide their value only, and never to C(set_fact) or C(debug).
options:
  _terms:
    description: Names of the secrets.
    type: list
    elements: str
    required: true
  path:
    description: The file.
    type: str
    required: true
  predicted:
    description:
      - Whether a missing secret is only predicted, because check mode did not generate it. The text C(<predicted>) stands for it then.
      - Refused outside check mode (C(--check)).
    type: bool
    default: false
seealso:
  - module: dbinfra.postgres.secret_file
"""

EXAMPLES = r"""
- name: The roles
  dbinfra.postgres.pg_access:
    login: "{{ neon_connection }}"
    login_password: "{{ owner_password }}"
    database: shop
    roles:
      - name: shop_app
        privileges: application
    passwords:
      shop_app: "{{ lookup('dbinfra.postgres.secret', 'shop_app', path=db_access_secret_file, predicted=ansible_check_mode) }}"
"""

RETURN = r"""
_raw:
  description: The secrets in the order of their names.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.dbinfra.postgres.plugins.module_utils._local.secret_file import read_secrets
from ansible_collections.dbinfra.postgres.plugins.plugin_utils.file_lookup import FileLookup


class LookupModule(FileLookup):
    """See the documentation above."""

    WHERE = "lookup dbinfra.postgres.secret"
    MISSING = "holds no secret for"
    REMEDY = "Let dbinfra.postgres.secret_file generate it first; if it existed before, restore the file from a backup"

    def read(self, path: str, names: list[str]) -> t.Mapping[str, str | None]:
        """Return the secrets."""
        return read_secrets(path, self.WHERE)
