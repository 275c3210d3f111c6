# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A dotenv file as a resource of the reconcile flow."""

from __future__ import annotations

import os
import typing as t

from .._core.errors import InputError
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from . import dotenv, private_file
from .env_plan import FileState, declared_values, plan_env

WHERE = "option path of env_file"


def read_variable(path: str, name: str, where: str) -> str | None:
    """Return the value that every reader of the file takes for the variable, None if there is no such variable or no file.

    :raises InputError: if the file is not safe to read, or its readers would disagree about the value.
    """
    found = private_file.read_private(path, where)
    if found.text is None:
        return None
    entry = dotenv.values(dotenv.parse(found.text, path)).get(name)
    if entry is None:
        return None
    if entry.value is None:
        raise InputError(
            f"line {entry.line} of {path} is written in a way that shells and dotenv read differently",
            where=f"variable {name}",
            remedy=f"Write it as {name}='...' without a dollar sign, or let dbinfra.postgres.env_file write it",
        )
    return entry.value


class EnvFile:
    """Sets or removes variables, keeps every other line."""

    def __init__(self, context: Context) -> None:
        params = context.params
        self._path = private_file.absolute(params["path"], WHERE)
        self._wanted = declared_values(params["variables"], params["state"])

    def read(self) -> FileState:
        """Read the file."""
        private_file.check_directory(os.path.dirname(self._path), WHERE)
        found = private_file.read_private(self._path, WHERE)
        if found.text is None:
            return FileState(False, None)
        return FileState(True, found.mode, tuple(dotenv.parse(found.text, self._path)))

    def plan(self, state: FileState) -> Plan:
        """See :func:`env_plan.plan_env`."""
        return plan_env(state, self._wanted, self._path)

    def apply(self, change: Change) -> None:
        """Write under the writers' lock, on top of what is in the file by now."""
        private_file.make_directory(os.path.dirname(self._path), WHERE)
        with private_file.only_writer(self._path, WHERE):
            text = dotenv.update(self.read().entries, change.payload)
            if text.strip():
                private_file.write_private(self._path, text, WHERE)
            else:
                private_file.remove_private(self._path, WHERE)

    def facts(self, state: FileState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return names only."""
        names = set(dotenv.values(state.entries))
        if predicted:
            names = {*names, *(name for name, value in self._wanted.items() if value is not None)} - {
                name for name, value in self._wanted.items() if value is None
            }
            exists = bool(plan.after)
        else:
            exists = state.exists
        return {"path": self._path, "exists": exists, "variable_names": sorted(names)}
