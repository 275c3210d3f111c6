# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A branch's time to live: what the service accepts, and what it refuses to such a branch."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..framework.errors import ApiError
from ..framework.fields import Fields
from . import soft_delete
from .state import Branch, Project

if TYPE_CHECKING:
    from .world import World

LONGEST = timedelta(days=30)
# RFC 3339, section 5.6, without fractions of a second: the contract says "precision up to seconds".
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d([Zz]|[+-]\d\d:\d\d)")


def parse(text: str, now: datetime) -> datetime:
    """The moment that ``expires_at`` names.

    :raises ApiError: 400 if it is not RFC 3339 with a zone and whole seconds, not in the future, or more than 30 days away.
    """
    if not _RFC_3339.fullmatch(text):
        raise ApiError(400, f"expires_at: {text} is no RFC 3339 time with a zone and a precision of seconds, for instance 2025-06-09T18:02:16Z")
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ApiError(400, f"expires_at: {text} is no time: {error}") from None
    if moment <= now:
        raise ApiError(400, f"expires_at: {text} is not in the future")
    if moment - now > LONGEST:
        raise ApiError(400, f"expires_at: {text} is more than {LONGEST.days} days in the future")
    return moment


def wanted(fields: Fields, present: datetime | None, now: datetime) -> datetime | None:
    """The expiration that a create or update request asks for: ``present`` if it does not say, None for ``null``.

    :raises ApiError: 400 as :func:`parse`.
    """
    if "expires_at" not in fields:
        return present
    text = fields.get("expires_at", (str, type(None)))
    return None if text is None else parse(str(text), now)


def check(project: Project, branch: Branch, expires_at: datetime | None, *, protected: bool) -> None:
    """Refuse an expiration to a branch that must stay.

    :param protected: whether the branch is, or is about to be, protected.
    :raises ApiError: 422 with the reason.
    """
    if expires_at is None:
        return
    reasons = (
        (protected, "it is protected"),
        (branch.id == project.default_branch_id, "it is the project's default branch"),
        (bool(project.children(branch.id)), "it has child branches"),
    )
    for holds, reason in reasons:
        if holds:
            raise ApiError(422, f"branch {branch.name} cannot have an expiration: {reason}")


def check_parent(parent: Branch) -> None:
    """Refuse a child to a branch that expires.

    :raises ApiError: 422.
    """
    if parent.expires_at is not None:
        raise ApiError(422, f"branch {parent.name} has an expiration: it cannot have child branches")


def check_default(branch: Branch) -> None:
    """Refuse to make a branch that expires the default.

    :raises ApiError: 422.
    """
    if branch.expires_at is not None:
        raise ApiError(422, f"branch {branch.name} has an expiration: it cannot be the default branch")


def set_expiration(branch: Branch, expires_at: datetime | None, now: datetime) -> None:
    """Give the branch that expiration and remember the interval it was given with; None clears both."""
    branch.expires_at = expires_at
    branch.ttl_interval_seconds = None if expires_at is None else round((expires_at - now).total_seconds())


def renew(branch: Branch, now: datetime) -> None:
    """Apply the remembered interval again, as a reset from the parent does; nothing happens to a branch without one."""
    if branch.ttl_interval_seconds is not None:
        branch.expires_at = (now + timedelta(seconds=branch.ttl_interval_seconds)).replace(microsecond=0)


def delete_expired(world: World) -> None:
    """Begin to delete every branch whose time is over. One that is locked by other work is left for the next round."""
    now = world.clock.now()
    for project in list(world.projects.values()):
        for branch in list(project.branches.values()):
            if branch.expires_at is None or branch.expires_at > now or any(operation.pending for operation in project.operations.values()):
                continue
            soft_delete.delete_branch(world, project, branch, method="ttl")
