# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stopped copy of a data folder that a history begins with. Branches share it; nobody writes to it."""

from __future__ import annotations

import pathlib
import typing as t


class Base:
    """A data folder and how many branches replay from it. Counted in the event loop only.

    ``permanent`` is for one that is something else as well and stays when nobody shares it.
    """

    def __init__(self, data: pathlib.Path, *, permanent: bool = False) -> None:
        self.data = data
        self._permanent = permanent
        self._users = 1

    def share(self) -> t.Self:
        """Count one more branch."""
        self._users += 1
        return self

    def release(self) -> bool:
        """Count one branch less; say whether the folder can be removed."""
        self._users -= 1
        return self._users <= 0 and not self._permanent
