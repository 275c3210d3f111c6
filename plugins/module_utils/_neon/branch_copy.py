# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a branch can be the copy that a reset or restore of another one kept. Pure functions.

Neon marks no copy. What it shows is when a branch was made and when another one was last reset; whether the latter is the beginning of a replacement
or its end is not documented, and a replacement may take a while. Where the two times do not fit, or the time of the last reset is not shown at
all, the project's operations decide: those of a replacement are of the replaced branch, and begin when the copy is made.
"""

from __future__ import annotations

import datetime
import typing as t

from .moments import answered_moment
from .records import Branch, Deed

# Two times that Neon shows of one deed may differ by so many seconds.
_CLOCK_TOLERANCE: t.Final = 60
# Neon's word for a branch whose content is being replaced.
RESETTING: t.Final = "resetting"
# The copy and the operations come into being in one request.
_AT_ONCE_SECONDS: t.Final = 10
# What Neon does to computes at any time, and what is therefore no sign of a replacement.
_EVERYDAY: t.Final = frozenset(
    {"create_compute", "start_compute", "start_reserved_compute", "suspend_compute", "apply_config", "check_availability", "prewarm_replica"}
)


def deeds_matter_since(branch: Branch, candidate: Branch) -> datetime.datetime | None:
    """Return the time since when the project's operations have to be known to tell, None if the branches' own times say enough."""
    made, last = answered_moment(candidate.created_at), answered_moment(branch.last_reset_at)
    if made is None or branch.state == RESETTING or branch.never_reset:
        return None
    began = None if branch.from_snapshot else answered_moment(branch.created_at)
    if began is not None and _is_after(began, made):
        return None
    # A branch that a snapshot put into another one's place has a past under another id.
    if last is None and branch.from_snapshot:
        return None
    if last is not None and not _is_after(last, made):
        return None
    return made - datetime.timedelta(seconds=_CLOCK_TOLERANCE)


def why_no_copy(branch: Branch, candidate: Branch, deeds: t.Sequence[Deed] | None) -> str | None:
    """Return why a branch cannot be the copy that a reset or restore kept, None if it may be. What an answer does not say is not compared.

    :param deeds: the project's operations since :func:`deeds_matter_since`, None if they were not asked for or are not known that far back.
    """
    if candidate.id == branch.id:
        return "it is the branch itself"
    if candidate.default:
        return "it is the project's default branch"
    if candidate.protected:
        return "it is protected"
    if candidate.managed:
        return "it was made by this collection (managed_by: dbinfra.postgres), and Neon marks no copy so"
    # While the content is being replaced, the copy is there already and the time of the last reset may still be that of an earlier one.
    if branch.state == RESETTING:
        return None
    if branch.never_reset:
        return f"branch {branch.name} was never reset or restored"
    made, last = answered_moment(candidate.created_at), answered_moment(branch.last_reset_at)
    began = None if branch.from_snapshot else answered_moment(branch.created_at)
    if made is not None and began is not None and _is_after(began, made):
        return f"it was made at {candidate.created_at}, before branch {branch.name} was (at {branch.created_at})"
    if made is not None and last is not None and _is_after(last, made) and not _lasted(branch, made, last, deeds or ()):
        return f"it was made at {candidate.created_at}, before the last reset or restore of {branch.name} at {branch.last_reset_at}"
    if made is not None and last is None and deeds is not None and not _at_once(branch, made, deeds):
        return f"no reset or restore of {branch.name} began when it was made, at {candidate.created_at}"
    return None


def _is_after(later: datetime.datetime, earlier: datetime.datetime) -> bool:
    return (later - earlier).total_seconds() > _CLOCK_TOLERANCE


def _at_once(branch: Branch, made: datetime.datetime, deeds: t.Iterable[Deed]) -> list[Deed]:
    """Return the operations of the branch that began when the candidate was made."""
    return [
        deed
        for deed in deeds
        if deed.branch_id == branch.id
        and deed.action not in _EVERYDAY
        and deed.began is not None
        and abs((deed.began - made).total_seconds()) <= _AT_ONCE_SECONDS
    ]


def _lasted(branch: Branch, made: datetime.datetime, last: datetime.datetime, deeds: t.Iterable[Deed]) -> bool:
    """Tell whether a replacement that began when the candidate was made went on until the time of the last reset."""
    return any(deed.ended is not None and not _is_after(last, deed.ended) for deed in _at_once(branch, made, deeds))
