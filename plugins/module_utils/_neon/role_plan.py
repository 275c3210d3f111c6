# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a role. Pure: no HTTP, no Ansible."""

from __future__ import annotations

import dataclasses

from .._core.errors import InputError
from .._core.reconcile import Change, Plan
from .names import check_free, check_identifier
from .records import Role
from .rules import require_confirmation


@dataclasses.dataclass(frozen=True)
class RoleWish:
    """A declared role.

    :param distinct_from: the branch whose password for this role must be another one, as declared.
    """

    name: str
    distinct_from: str | None = None
    present: bool = True
    confirm_destroy: str | None = None


@dataclasses.dataclass(frozen=True)
class RoleState:
    """A role, and whether its password is the one of the other branch (None: not compared)."""

    role: Role | None
    shared: bool | None = None


def plan_role(state: RoleState, wish: RoleWish) -> Plan:
    """Return what brings a role to its declaration. Passwords are neither read nor shown here.

    :raises InputError: for a name that cannot exist, or a role of the provider that is to be deleted.
    :raises ConfirmationError: for an unconfirmed deletion.
    """
    check_identifier(wish.name, "name", "role")
    role, subject = state.role, f"role {wish.name}"
    if not wish.present:
        if role is None:
            return Plan()
        if role.protected:
            raise InputError(f"{subject} is one of Neon's own", where="option name", remedy="Leave it alone")
        require_confirmation(wish.confirm_destroy, wish.name, f"delete {subject}")
        return Plan(changes=(Change("delete", subject),), before={"name": wish.name})
    if role is None:
        check_free(wish.name, "name", "role")
        return Plan(changes=(Change("create", subject, {"name": wish.name}),), after={"name": wish.name})
    if state.shared:
        return Plan(
            changes=(Change("reset the password of", subject),),
            before={"name": wish.name, "password": f"(hidden, the same as on branch {wish.distinct_from})"},
            after={"name": wish.name, "password": "(hidden, a new one)"},
        )
    return Plan()
