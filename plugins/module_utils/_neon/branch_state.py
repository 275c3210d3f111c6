# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was found of a branch, and what has to be looked at besides it. Pure functions."""

from __future__ import annotations

import dataclasses

from .branch_wish import BranchWish
from .history_point import History
from .moments import answered_moment
from .records import Branch, Deed, Endpoint

# A renewal that would move the end by less than this changes nothing, so that a second run right after the first one changes nothing.
RENEWAL_STEP_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class BranchState:
    """A branch and what its plan depends on. What was not looked at is None.

    :param branch: None if there is none.
    :param source: the branch that a new one is made from, or that a reset or restore takes the content of. Its id is None if it is predicted.
    :param origin: id of the branch that has the content of a new one's source already: the source, or what a predicted one is copied from.
    :param source_expires: the predicted source will have an end, and nobody knows when.
    :param endpoints: its computes.
    :param children: names of the branches made from it.
    :param first: it is the root that the project was made with.
    :param preserved: the branch with the name that the replaced content is kept under.
    :param deeds: the project's operations since that branch was made, where they are needed and known that far back.
    :param taken: another branch has the name that this one is to get.
    :param history: how far back the project's history reaches.
    :param done: the change that leaves no trace (a reset without a kept copy) was made by this task.
    """

    branch: Branch | None
    source: Branch | None = None
    origin: str | None = None
    source_expires: bool = False
    endpoints: tuple[Endpoint, ...] | None = None
    children: tuple[str, ...] | None = None
    first: bool | None = None
    preserved: Branch | None = None
    deeds: tuple[Deed, ...] | None = None
    taken: Branch | None = None
    history: History | None = None
    done: bool = False


def restriction(branch: Branch, action: str) -> str | None:
    """Return Neon's reason for not allowing an action on the branch, or None."""
    return next((reason or "Neon gives no reason" for name, reason in branch.restricted if name == action), None)


def expiry_differs(branch: Branch, wish: BranchWish) -> bool:
    """Tell whether the branch's end has to be set.

    A span is set when the branch is made; later only to renew it, and it is never moved to an earlier time.
    """
    expiry = wish.expiry
    if expiry is None or (expiry.ttl is not None and not expiry.renew):
        return False
    have = answered_moment(branch.expires_at)
    if expiry.seconds is None:
        return branch.expires_at is not None
    if have is None:
        return True
    if expiry.ttl is not None:
        return expiry.seconds - have.timestamp() >= RENEWAL_STEP_SECONDS
    return int(have.timestamp()) != int(expiry.seconds)


def wants_children(branch: Branch, wish: BranchWish) -> bool:
    """Tell whether the branch's children have to be known: all branches must be listed for it, so only when something depends on it."""
    if wish.absent:
        return not (branch.default or branch.protected)
    return wish.present and wish.expiry is not None and wish.expiry.until is not None and expiry_differs(branch, wish)
