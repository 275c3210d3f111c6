# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a branch. Pure: no HTTP, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import ImmutableError, InputError
from .._core.reconcile import Change, Plan
from .records import Branch
from .rules import declared, require_confirmation

SCHEMA_ONLY: t.Final = "schema-only"
PARENT_DATA: t.Final = "parent-data"


@dataclasses.dataclass(frozen=True)
class BranchWish:
    """A declared branch. None means: not declared.

    :param parent: name or id of the branch that it starts from, as declared.
    """

    name: str
    parent: str | None = None
    init_source: str | None = None
    protected: bool | None = None
    default: bool | None = None
    present: bool = True
    confirm_destroy: str | None = None


def plan_branch(branch: Branch | None, source: str | None, wish: BranchWish) -> Plan:
    """Return what brings a branch to its declaration.

    :param branch: the branch, None if there is none.
    :param source: the id of the declared parent, None if it was not looked up (there is none declared, or nothing depends on it).
    :raises ImmutableError: for a difference that cannot be changed.
    :raises InputError: for an impossible declaration.
    :raises ConfirmationError: for an unconfirmed deletion.
    """
    if not wish.present:
        return _plan_absent(branch, wish)
    if branch is None:
        return _plan_create(source, wish)
    _refuse_immutable(branch, source, wish)
    return _plan_update(branch, wish)


def _plan_absent(branch: Branch | None, wish: BranchWish) -> Plan:
    if branch is None:
        return Plan()
    where = f"branch {branch.name} ({branch.id})"
    if branch.default:
        raise InputError(
            "the default branch cannot be deleted", where=where, remedy="Declare default: true for another branch first, or keep this one"
        )
    if branch.protected:
        raise InputError(
            "a protected branch is not deleted", where=where, remedy="Declare it with protected: false first, and delete it in a later task"
        )
    require_confirmation(wish.confirm_destroy, branch.name, f"delete branch {branch.name} with its data")
    before = {"name": branch.name, "default": branch.default, "protected": branch.protected}
    return Plan(changes=(Change("delete", f"branch {branch.name}", {"id": branch.id}),), before=before)


def _plan_create(source: str | None, wish: BranchWish) -> Plan:
    if wish.parent is None:
        raise InputError(
            f"branch {wish.name} does not exist, and nothing says which branch it starts from",
            where="option parent",
            why="Neon would take the default branch, with its data",
            remedy="Name the parent, or correct the branch's name",
        )
    request = declared(name=wish.name, parent_id=source, init_source=wish.init_source, protected=wish.protected)
    changes = [Change("create", f"branch {wish.name}", request)]
    if wish.default:
        changes.append(Change("set as default", f"branch {wish.name}"))
    after = declared(name=wish.name, parent=wish.parent, init_source=wish.init_source, protected=wish.protected, default=wish.default)
    return Plan(changes=tuple(changes), after=after)


def _refuse_immutable(branch: Branch, source: str | None, wish: BranchWish) -> None:
    data_copied = branch.parent_id is not None
    have = PARENT_DATA if data_copied else branch.init_source
    if wish.init_source == SCHEMA_ONLY and data_copied:
        raise _immutable(branch, "option init_source", "it started with its parent's data, declared is schema-only", "It holds rows of its parent")
    if wish.init_source is not None and have is not None and wish.init_source != have and not branch.default:
        raise _immutable(branch, "option init_source", f"it started as {have}, declared is {wish.init_source}", None)
    if source is not None and data_copied and source != branch.parent_id:
        raise _immutable(branch, "option parent", f"its parent is {branch.parent_id}, declared is {wish.parent} ({source})", None)


def _immutable(branch: Branch, where: str, what: str, why: str | None) -> ImmutableError:
    return ImmutableError(
        f"branch {branch.name} ({branch.id}) cannot become what is declared: {what}",
        where=where,
        why=why or "This is fixed when a branch is made",
        remedy=(
            f"Correct the declaration, or, if the branch's data may be lost, delete it (state: absent, confirm_destroy: {branch.name}) and run again"
        ),
    )


def _plan_update(branch: Branch, wish: BranchWish) -> Plan:
    if wish.default is False and branch.default:
        raise InputError(
            f"branch {branch.name} is the project's default branch",
            where="option default",
            why="A project always has one; the title can only be given to another branch",
            remedy="Declare default: true for the other branch",
        )
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    changes: list[Change] = []
    subject, payload = f"branch {branch.name}", {"id": branch.id}
    if wish.default and not branch.default:
        before["default"], after["default"] = False, True
        changes.append(Change("set as default", subject, payload))
    if wish.protected is not None and wish.protected != branch.protected:
        before["protected"], after["protected"] = branch.protected, wish.protected
        changes.append(Change("protect" if wish.protected else "unprotect", subject, payload))
    if not changes:
        return Plan()
    return Plan(changes=tuple(changes), before={"name": branch.name, **before}, after={"name": branch.name, **after})
