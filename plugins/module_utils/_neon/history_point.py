# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A declared point in a branch's history, and what is said when Neon does not have it. Pure functions.

How far the project's history reaches back is checked before. Where the history of one branch begins is nowhere in Neon's answers, so only
its refusal tells.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.errors import DbinfraError
from .failures import ConflictError, hint

# The status is not documented. Everything else is about the key, the load or the service.
_STATUSES: t.Final = (400, 404, 422)
_OF_HISTORY: t.Final = re.compile(r"timestamp|\blsn\b|history|restore window|point in time", re.IGNORECASE)
_OF_A_NAME: t.Final = re.compile(r"already exists", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class HistoryPoint:
    """A point in a branch's history.

    :param option: what declares it.
    :param value: a time as the API takes it, or a place in the log.
    :param branch: name or id of the branch, as declared.
    :param is_lsn: it is a place in the log.
    """

    option: str
    value: str
    branch: str
    is_lsn: bool = False

    def remedy(self) -> str:
        """Return what to do if Neon does not have it."""
        if self.is_lsn:
            return (
                f"Check that {self.value} is an LSN of branch {self.branch} (SELECT pg_current_wal_lsn() there) and not of another one, "
                "and that the project's history reaches back to it"
            )
        return (
            f"Check that branch {self.branch} was there at {self.value}: its own history begins when it was made or its content was replaced, "
            "however far back the project's history reaches. Give a later time, or restore a snapshot or a dump of that time"
        )


def history_point(branch: str, timestamp: tuple[str, str | None], lsn: tuple[str, str | None]) -> HistoryPoint | None:
    """Return the declared point, None if there is none.

    :param branch: name or id of the branch, as declared.
    :param timestamp: the option's name and its value.
    :param lsn: the same.
    """
    for (option, value), is_lsn in ((lsn, True), (timestamp, False)):
        if value:
            return HistoryPoint(option, value, branch, is_lsn)
    return None


def explain_point(error: DbinfraError, point: HistoryPoint | None) -> None:
    """Add the option, its value and what to do to Neon's refusal of a request that names a point. Neon's words stay.

    A refusal with another known reason, such as a limit of the plan, is left as it is.
    """
    refusal = error.details.get("neon_error") or {}
    if point is None or isinstance(error, ConflictError) or refusal.get("status") not in _STATUSES:
        return
    code, message = str(refusal.get("code") or ""), str(refusal.get("message") or "")
    if _OF_A_NAME.search(message) or (hint(code, message) and not _OF_HISTORY.search(message)):
        return
    error.where = f"option {point.option} ({point.value}), {error.where}"
    error.remedy = point.remedy()
