# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a database. Pure: no HTTP, no Ansible."""

from __future__ import annotations

import dataclasses

from .._core.errors import InputError
from .._core.reconcile import Change, Plan
from .names import check_free, check_identifier
from .records import Database
from .rules import declared, require_confirmation


@dataclasses.dataclass(frozen=True)
class DatabaseWish:
    """A declared database. ``owner_name`` None means: not declared."""

    name: str
    owner_name: str | None = None
    present: bool = True
    confirm_destroy: str | None = None


def plan_database(database: Database | None, wish: DatabaseWish) -> Plan:
    """Return what brings a database to its declaration.

    :raises InputError: for a name that cannot be, or a database that is to be made without an owner.
    :raises ConfirmationError: for an unconfirmed deletion.
    """
    check_identifier(wish.name, "name", "database")
    subject = f"database {wish.name}"
    if not wish.present:
        if database is None:
            return Plan()
        require_confirmation(wish.confirm_destroy, wish.name, f"delete {subject} with its data")
        return Plan(changes=(Change("delete", subject),), before={"name": database.name, "owner_name": database.owner_name})
    if database is None:
        if not wish.owner_name:
            raise InputError(f"{subject} does not exist, and nothing says who is to own it", where="option owner_name", remedy="Name the owner")
        check_free(wish.name, "name", "database")
        shown = declared(name=wish.name, owner_name=wish.owner_name)
        return Plan(changes=(Change("create", subject, dict(shown)),), after=shown)
    if wish.owner_name and wish.owner_name != database.owner_name:
        return Plan(
            changes=(Change("change the owner of", subject, {"owner_name": wish.owner_name}),),
            before={"name": wish.name, "owner_name": database.owner_name},
            after={"name": wish.name, "owner_name": wish.owner_name},
        )
    return Plan()
