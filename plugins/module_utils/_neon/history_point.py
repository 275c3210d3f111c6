# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A declared point in a branch's history, and what is said when Neon does not have it. Pure functions.

That it is past, and how far the project's history reaches back, is checked before. Where the history of one branch begins is nowhere in Neon's
answers (a kept copy is younger than its content), and which places a log has is neither, so only Neon's refusal tells.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.errors import DbinfraError, InputError
from .failures import ConflictError, hint
from .moments import answered_moment, at, moment, span_words, written
from .records import Project

# Seconds that Neon's clock, or the server's, may be ahead of the control node's: a moment that one of them has just given is none in the future.
CLOCK_SLACK: t.Final = 60
# The status is not documented. Everything else is about the key, the load or the service.
_STATUSES: t.Final = (400, 404, 422)
_OF_HISTORY: t.Final = re.compile(r"timestamp|\blsn\b|history|restore window|point in time", re.IGNORECASE)
_OF_A_NAME: t.Final = re.compile(r"already exists", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class PastMoment:
    """A declared time that is past.

    :param text: as the API takes it.
    :param seconds: the same in seconds since 1970.
    """

    text: str
    seconds: float


@dataclasses.dataclass(frozen=True)
class History:
    """How far a project's history reaches back. None means that Neon does not say it.

    :param kept: seconds of it that the project keeps.
    :param began: when the project was made, in seconds since 1970.
    """

    kept: int | None
    began: float | None


def text_of(point: PastMoment | None) -> str | None:
    """Return a time as the API takes it, None if none is declared."""
    return point.text if point else None


def past_moment(text: str | None, where: str, now: float) -> PastMoment | None:
    """Read a time of RFC 3339 that has to be past; None if none is given, which an empty text is as well.

    :param now: seconds since 1970.
    :raises InputError: naming what is wrong.
    """
    if not text:
        return None
    point = moment(text, where)
    seconds = point.timestamp()
    if seconds > now + CLOCK_SLACK:
        raise InputError(
            f"{written(point)} is {span_words(seconds - now)} in the future (it is {written(at(int(now)))})",
            where=where,
            remedy="Give a time that is past",
        )
    return PastMoment(written(point), seconds)


def history_of(project: Project) -> History:
    """Return how far a project's history reaches back."""
    made = answered_moment(project.created_at)
    return History(project.history_retention_seconds, None if made is None else made.timestamp())


def check_history(point: PastMoment | None, history: History | None, where: str, now: float) -> None:
    """Refuse a time that the project's history does not reach back to.

    :param point: None if none is declared.
    :param history: None if nobody asked.
    :param now: seconds since 1970.
    :raises InputError: with the numbers.
    """
    if point is None or history is None:
        return
    remedy = "Give a later time, or restore a snapshot or a dump of that time"
    if history.kept is not None and point.seconds < now - history.kept:
        raise InputError(
            f"{point.text} is {span_words(now - point.seconds)} ago, outside of the project's history",
            where=where,
            why=f"The project keeps {span_words(history.kept)} of it ({history.kept} s), now back to {written(at(int(now - history.kept)))}",
            remedy=remedy,
        )
    # Neon shows whole seconds, and such a second belongs to the history.
    if history.began is not None and point.seconds < int(history.began):
        raise InputError(
            f"{point.text} is before the project was made",
            where=where,
            why=f"It was made at {written(at(int(history.began)))}",
            remedy=remedy,
        )


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
