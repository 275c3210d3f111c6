# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of generated secrets as a resource of the reconcile flow."""

from __future__ import annotations

import os
import typing as t

from .._core.errors import InputError
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from . import private_file, secret_plan

WHERE = "option path of secret_file"


def read_secrets(path: str, where: str) -> dict[str, str]:
    """Return the secrets that a file holds, none when there is no file.

    :raises InputError: if the file is not safe (a link, somebody else's, readable for others) or not a file of secrets.
    """
    found = private_file.read_private(path, where)
    if found.text is None:
        return {}
    if found.shared:
        raise InputError(
            f"others may read or write {path} (mode {found.mode:04o})",
            where=where,
            why="its secrets may be known to others by now",
            remedy=f"Close it (chmod 600 {path}) and change the passwords in it if others could log in to this machine",
        )
    return secret_plan.parse(found.text, path)


class SecretFile:
    """Generates what is missing, keeps what is there. Values never leave this object."""

    def __init__(self, context: Context) -> None:
        params = context.params
        self._path = private_file.absolute(params["path"], WHERE)
        self._declared: list[str] = params["secrets"]
        self._never: list[str] = params["never_generate"]
        self._length: int = params["length"]
        self._created: list[str] = []
        secret_plan.check_names(self._declared, self._length)
        self._context = context

    def read(self) -> list[str]:
        """Return the names in the file, sorted."""
        private_file.check_directory(os.path.dirname(self._path), WHERE)
        return sorted(self._read())

    def _read(self) -> dict[str, str]:
        values = read_secrets(self._path, WHERE)
        for value in values.values():
            self._context.hide(value)
        return values

    def plan(self, state: list[str]) -> Plan:
        """See :func:`secret_plan.plan_secrets`."""
        return secret_plan.plan_secrets(state, self._declared, self._never, self._path)

    def apply(self, change: Change) -> None:
        """Generate under the writers' lock; what another run generated in the meantime stays."""
        private_file.make_directory(os.path.dirname(self._path), WHERE)
        with private_file.only_writer(self._path, WHERE):
            values = self._read()
            for name in change.payload:
                if name not in values:
                    values[name] = secret_plan.generate(self._length)
                    self._context.hide(values[name])
                    self._created.append(name)
            private_file.write_private(self._path, secret_plan.render(values), WHERE)

    def facts(self, state: list[str], plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return names only."""
        planned = [name for change in plan.changes for name in change.payload]
        return {
            "path": self._path,
            "secret_names": sorted({*state, *planned}) if predicted else state,
            "created": planned if predicted else self._created,
        }
