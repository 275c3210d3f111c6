# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the two lookups share that read a file of the control node."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import DbinfraError, InputError, NotFoundError
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.plain import to_plain
from ansible_collections.dbinfra.postgres.plugins.module_utils._core.predicted import PREDICTED
from ansible_collections.dbinfra.postgres.plugins.module_utils._local import private_file


class FileLookup(LookupBase):
    """Returns the values that a file has for names. Subclasses say what they are called, and how the file is read."""

    WHERE: str
    #: What a file does that has nothing for a name, and what to do then.
    MISSING: str
    REMEDY: str

    def read(self, path: str, names: list[str]) -> t.Mapping[str, str | None]:
        """Return what the file has for the names; a name without a value is None or not in it."""
        raise NotImplementedError

    def run(self, terms: t.Any, variables: t.Any = None, **kwargs: t.Any) -> list[str]:
        """Return the values in the order of their names.

        :raises AnsibleLookupError: if the file is not safe, or has nothing (or more than one thing) for a name.
        """
        self.set_options(var_options=variables, direct=kwargs)
        try:
            return self._find(to_plain(list(terms)), to_plain(self.get_option("path")), bool(self.get_option("predicted")), variables)
        except DbinfraError as error:
            raise AnsibleLookupError(error.message()) from None

    def _find(self, names: list[str], path: str, predicted: bool, variables: t.Any) -> list[str]:
        self._require_check_mode(predicted, variables)
        path = private_file.absolute(path, self.WHERE)
        found = self.read(path, names)
        missing = [name for name in names if found.get(name) is None]
        if missing and not predicted:
            raise NotFoundError(f"the file {path} {self.MISSING} {', '.join(missing)}", where=self.WHERE, remedy=self.REMEDY)
        return [PREDICTED if (value := found.get(name)) is None else value for name in names]

    def _require_check_mode(self, predicted: bool, variables: t.Mapping[str, t.Any] | None) -> None:
        """Refuse a prediction in a real run: the placeholder would become somebody's password."""
        if predicted and not (variables or {}).get("ansible_check_mode", False):
            raise InputError(
                "predicted=true is for check mode only",
                where=self.WHERE,
                why="in a real run the placeholder would be used as if it were the value",
                remedy="Pass predicted=ansible_check_mode",
            )
