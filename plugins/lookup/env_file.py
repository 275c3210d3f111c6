# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lookup: a variable of a dotenv file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: env_file
author: dbinfra contributors (@dbinfra)
version_added: 0.1.0
short_description: Read variables of a dotenv file
description:
  - Returns the values of variables in a dotenv file on the control node, exactly as C(source) in a shell and node's C(dotenv) read them.
  - Give a result that holds a secret to options that hide their value only, and never to C(set_fact) or C(debug).
options:
  _terms:
    description: Names of the variables.
    type: list
    elements: str
    required: true
  path:
    description: The file.
    type: str
    required: true
  predicted:
    description:
      - Whether a missing variable is only predicted, because check mode did not write it. The text C(<predicted>) stands for it then.
      - Refused outside check mode (C(--check)).
    type: bool
    default: false
seealso:
  - module: dbinfra.postgres.env_file
"""

EXAMPLES = r"""
- name: Connect with what was delivered
  dbinfra.postgres.pg_connection_info:
    connections:
      - name: pooled
        uri: "{{ lookup('dbinfra.postgres.env_file', 'DATABASE_URL', path=db_delivery_file) }}"
"""

RETURN = r"""
_raw:
  description: The values in the order of their names.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.dbinfra.postgres.plugins.module_utils._local.env_file import read_variable
from ansible_collections.dbinfra.postgres.plugins.plugin_utils.file_lookup import FileLookup


class LookupModule(FileLookup):
    """See the documentation above."""

    WHERE = "lookup dbinfra.postgres.env_file"
    MISSING = "does not set"
    REMEDY = "Let dbinfra.postgres.env_file write it first, or check the name and the path"

    def read(self, path: str, names: list[str]) -> t.Mapping[str, str | None]:
        """Return the variables."""
        return {name: read_variable(path, name, self.WHERE) for name in names}
