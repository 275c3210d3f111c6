# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to reset a branch from its parent or to restore it. Pure: no HTTP, no Ansible.

Both put other content in the branch's place, and neither can be seen on the branch afterwards. What can be seen is the copy that was kept
of the replaced content: if a branch of that name exists and can be that copy, it was done.
"""

from __future__ import annotations

import typing as t

from .._core.errors import InputError, NotFoundError, ProviderError
from .._core.reconcile import Change, Plan
from .branch_copy import why_no_copy
from .branch_state import BranchState, restriction
from .branch_wish import BranchWish, RestoreWish, copy_is_source
from .history_point import check_history, text_of
from .records import Branch
from .rules import declared, require_confirmation

RESET: t.Final = "reset"
RESTORE: t.Final = "restore"


def plan_replace(branch: Branch, state: BranchState, wish: BranchWish) -> Plan:
    """Return what resets or restores a branch.

    :param branch: the branch of ``state``.
    :raises InputError: if Neon cannot do it, a branch that is not the kept copy has its name, or the source has it, before anything is sent.
    :raises ConfirmationError: without the exact name. What was done already needs none, but a wrong one is refused.
    """
    deed = RESET if wish.state == "reset" else RESTORE
    where = f"branch {branch.name} ({branch.id})"
    if state.preserved is not None:
        if wish.restore is not None and wish.restore.source is not None and wish.restore.source == state.preserved.id:
            raise copy_is_source(f"{state.preserved.name} ({state.preserved.id})")
        if not state.done:
            _require_copy(branch, state.preserved, state, deed, wish)
        return Plan()
    if state.done and not wish.preserve:
        return Plan()
    if state.done:
        raise ProviderError(
            f"Neon carried out the {deed}, but there is no branch {wish.preserve_under_name} with the content that was replaced",
            where=where,
            remedy="Do not run again before you know where it is: look at the project's branches and operations, and ask Neon's support",
        )
    if deed == RESET and branch.parent_id is None:
        raise InputError(
            "a root branch has no parent to be reset from",
            where=where,
            why="It was made with the project" if branch.init_source != "schema-only" else "A schema-only branch is a root branch",
            remedy="Use state: restored with a source, or make the branch anew",
        )
    reason = restriction(branch, "restore") or (restriction(branch, "reset") if deed == RESET else None)
    if reason or (deed == RESET and branch.protected):
        raise InputError(
            f"it cannot be {'reset' if deed == RESET else 'restored'} at present",
            where=where,
            why=f"Neon says: {reason}" if reason else "It is protected",
            remedy="Declare it with protected: false in an earlier task, and protect it again afterwards"
            if branch.protected
            else "Remove the reason first",
        )
    if state.children and not wish.preserve:
        raise InputError(
            f"these branches were made from it: {', '.join(state.children)}",
            where="option preserve",
            why="They stay with the replaced content, so it has to be kept",
            remedy="Set preserve_under_name instead",
        )
    source = state.source
    if source is None:
        raise NotFoundError("its parent is gone", where=where, remedy="Use state: restored with another source")
    restore = wish.restore or RestoreWish()
    if source.id == branch.id and restore.timestamp is None and restore.lsn is None:
        raise InputError(
            "the source is the branch itself, and nothing says to which moment it is restored", where="option restore", remedy="Give timestamp or lsn"
        )
    # A root branch stays one.
    if branch.parent_id is not None and source.id != branch.id and source.expires_at is not None:
        raise InputError(
            f"branch {source.name} expires at {source.expires_at}, and an expiring branch cannot have children",
            where="option restore.source",
            why="The source of a restore becomes the branch's parent",
            remedy="Clear its expiry first (expires_at: never), or choose another source",
        )
    check_history(restore.timestamp, state.history, "option restore.timestamp", wish.now)
    loss = f"its present content is kept as branch {wish.preserve_under_name}" if wish.preserve else "its present content is lost"
    require_confirmation(wish.confirm_destroy, branch.name, f"{deed} branch {branch.name} ({loss})")
    timestamp = text_of(restore.timestamp)
    request = declared(source_branch_id=source.id, source_timestamp=timestamp, source_lsn=restore.lsn, preserve_under_name=wish.preserve_under_name)
    after = declared(name=branch.name, content_of=source.name, timestamp=timestamp, lsn=restore.lsn, preserved_as=wish.preserve_under_name)
    return Plan(
        changes=(Change(deed, f"branch {branch.name}", {"id": branch.id, "request": request}),),
        before={"name": branch.name},
        after=after,
        warnings=_warnings(branch, state, wish, deed),
    )


def _require_copy(branch: Branch, candidate: Branch, state: BranchState, deed: str, wish: BranchWish) -> None:
    """Refuse a branch that has the name of the kept copy and cannot be it: taken for the copy, it would stand for a deed that was never done.

    :raises InputError: with the reason.
    :raises ConfirmationError: for a confirmation of another name.
    """
    reason = why_no_copy(branch, candidate, state.deeds)
    if reason:
        raise InputError(
            f"branch {candidate.name} ({candidate.id}) has this name and is not the kept copy of branch {branch.name} ({branch.id}): {reason}",
            where="option preserve_under_name",
            why=f"A kept copy of this name would mean that the {deed} was done already; nothing was changed",
            remedy="Choose a name that no branch has yet",
        )
    if wish.confirm_destroy:
        require_confirmation(wish.confirm_destroy, branch.name, f"{deed} branch {branch.name}")


def _warnings(branch: Branch, state: BranchState, wish: BranchWish, deed: str) -> tuple[str, ...]:
    warnings = []
    if state.children:
        warnings.append(
            f"The branches made from {branch.name} ({', '.join(state.children)}) stay with its replaced content: "
            f"they become children of {wish.preserve_under_name}."
        )
    of = "its parent" if deed == RESET else "that moment"
    warnings.append(
        f"With the content of {of}, branch {branch.name} has its roles, passwords and settings too. Apply access, protection, backup schedule "
        "and settings again, and prove the delivered credentials."
    )
    return tuple(warnings)
