# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to restore a snapshot. Pure: no HTTP, no Ansible.

A snapshot is always restored into a new branch first. Only then, and only if it is declared and confirmed, does that branch take the place
of another: its name, its computes and with them its host names. The replaced branch stays under a name of its own.
"""

from __future__ import annotations

import dataclasses

from .._core.errors import InputError, NotFoundError
from .._core.reconcile import Change, Plan
from .names import check_name
from .rules import declared, require_confirmation
from .snapshot_record import Snapshot, SnapshotBranch


@dataclasses.dataclass(frozen=True)
class RestoreWish:
    """A declared restore. None means: not declared.

    :param name: the snapshot's name.
    :param target_name: name of the branch that it is restored into.
    :param branch: name or id of the branch that the restored one is to replace, as declared.
    :param finalize: replace ``branch``.
    :param preserve_under_name: what the replaced branch is called afterwards.
    """

    name: str
    target_name: str
    branch: str | None = None
    finalize: bool = False
    preserve_under_name: str | None = None
    confirm_destroy: str | None = None


@dataclasses.dataclass(frozen=True)
class RestoreState:
    """What a restore depends on. None means: there is none.

    :param snapshot: the snapshot. None also if it is only predicted.
    :param predicted: nothing of it can be looked at.
    :param target: the branch that is called as the restored one is to be called.
    :param replaced: the branch that is to be replaced; after that, the one that replaced it.
    :param preserved: the branch that is called as the replaced one is to be called.
    """

    snapshot: Snapshot | None = None
    predicted: bool = False
    target: SnapshotBranch | None = None
    replaced: SnapshotBranch | None = None
    preserved: SnapshotBranch | None = None


def check_restore(wish: RestoreWish) -> None:
    """Refuse what cannot be, whatever there is.

    :raises InputError: with the reason.
    """
    if not wish.target_name:
        raise InputError("it is empty", where="option target_name", remedy="Name the branch that the snapshot is to be restored into")
    check_name(wish.target_name, "target_name")
    if not wish.finalize:
        if wish.preserve_under_name is not None:
            raise InputError(
                "it is set without finalize: true",
                where="option preserve_under_name",
                why="Only a branch that is replaced gets another name",
                remedy="Leave it out, or set finalize: true",
            )
        return
    for option, value in (("branch", wish.branch), ("preserve_under_name", wish.preserve_under_name)):
        if not value:
            raise InputError(
                "it is not set",
                where=f"option {option}",
                why="finalize: true replaces a branch, and keeps the old one under another name",
                remedy=f"Set {option}, or leave out finalize",
            )
    check_name(wish.preserve_under_name or "", "preserve_under_name")
    names = {"target_name": wish.target_name, "branch": wish.branch, "preserve_under_name": wish.preserve_under_name}
    if len(set(names.values())) < len(names):
        raise InputError(
            "they are not three different names: " + ", ".join(f"{option} is {value}" for option, value in names.items()),
            where="options target_name, branch and preserve_under_name",
            remedy="target_name is what the restored branch is called until it takes over the name of branch",
        )


def is_replaced(state: RestoreState) -> bool:
    """Tell whether the branch is the restored snapshot already."""
    branch, snapshot = state.replaced, state.snapshot
    # A restored branch that has not replaced any yet is no outcome of this, even if it has that name.
    return branch is not None and snapshot is not None and branch.restored_from == snapshot.id and branch.restore_status != "restored"


def plan_restore(state: RestoreState, wish: RestoreWish) -> Plan:
    """Return what restores a snapshot as declared; nothing if that was done before.

    :raises NotFoundError: if there is no such snapshot.
    :raises InputError: if a name is taken, or a branch stands for something else than it seems.
    :raises ConfirmationError: if a branch would be replaced without a confirmation.
    """
    check_restore(wish)
    if state.snapshot is None and not state.predicted:
        raise NotFoundError(
            f"there is no snapshot named {wish.name!r} to restore",
            where="option name",
            remedy="Correct the name (it is compared exactly); a snapshot that expired is gone",
        )
    if wish.finalize and is_replaced(state):
        return Plan()
    changes = []
    if state.target is None:
        body = {"name": wish.target_name, "finalize_restore": False, **declared(target_branch_id=state.replaced.id if state.replaced else None)}
        request = {"snapshot_id": state.snapshot.id if state.snapshot else None, "body": body}
        changes.append(Change("restore", f"snapshot {wish.name} into branch {wish.target_name}", request))
    else:
        _refuse_another(state.target, state, wish)
    if wish.finalize:
        _check_replacement(state, wish)
        request = {"branch_id": state.target.id if state.target else None, "body": {"name": wish.preserve_under_name}}
        changes.append(Change("replace", f"branch {wish.branch} by branch {wish.target_name}", request))
    if not changes:
        return Plan()
    if not wish.finalize:
        return Plan(changes=tuple(changes), after={"branch": wish.target_name, "restored_from": wish.name})
    name = state.replaced.name if state.replaced else wish.branch
    return Plan(
        changes=tuple(changes),
        before={"branch": name, **declared(id=state.replaced.id if state.replaced else None)},
        after={"branch": name, "restored_from": wish.name, "preserved": wish.preserve_under_name},
    )


def _refuse_another(target: SnapshotBranch, state: RestoreState, wish: RestoreWish) -> None:
    snapshot = state.snapshot
    if snapshot is not None and target.restored_from != snapshot.id:
        raise InputError(
            f"branch {target.name} ({target.id}) exists and is not this snapshot restored",
            where="option target_name",
            why=f"It was restored from {target.restored_from}" if target.restored_from else "A snapshot is never restored over an existing branch",
            remedy="Use another target_name, or delete that branch first",
        )
    if not wish.finalize or snapshot is None or state.replaced is None:
        return
    meant = target.restored_as or snapshot.source_branch_id
    if meant != state.replaced.id:
        raise InputError(
            f"branch {target.name} ({target.id}) was restored to replace branch {meant}, declared is {wish.branch} ({state.replaced.id})",
            where="option branch",
            why="Neon settles what is replaced when a snapshot is restored",
            remedy="Correct the branch, or restore into a branch with another target_name",
        )


def _check_replacement(state: RestoreState, wish: RestoreWish) -> None:
    if state.preserved is not None:
        raise InputError(
            f"there is a branch {wish.preserve_under_name} ({state.preserved.id}) already",
            where="option preserve_under_name",
            why="The replaced branch could not be given that name",
            remedy="Choose another name, or delete that branch first",
        )
    name = state.replaced.name if state.replaced else wish.branch or ""
    require_confirmation(
        wish.confirm_destroy, name, f"replace branch {name} by snapshot {wish.name} (the branch is kept as {wish.preserve_under_name})"
    )
