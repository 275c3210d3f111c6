# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which scope a setting of the whole server comes to where the provider keeps that one for itself. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import DbinfraError, InputError
from .setting_backend import Backend
from .setting_catalogue import Catalogue
from .setting_model import Scope, SettingWanted


def placed(backend: Backend, catalogue: Catalogue, wanted: t.Sequence[SettingWanted], database: str) -> tuple[SettingWanted, ...]:
    """Return the declared settings in their scopes: what the whole server does not take, and a session may set, is the database's.

    An unknown name stays where it is; what is wrong with it is said elsewhere.

    :param database: the one that is connected to.
    :raises InputError: if the declaration has a value for that database as well.
    """
    declared = {(item.scope, item.name.lower()) for item in wanted}
    found = []
    for item in wanted:
        target = dataclasses.replace(item, scope=Scope(database))
        if not item.scope.is_system or not _narrowed(backend, catalogue, item.name):
            found.append(item)
        elif (target.scope, item.name.lower()) in declared:
            raise InputError(
                f"{item.name} is declared for the whole server and for database {database}",
                where="option settings",
                why=f"the provider sets it for the whole server itself, so both would be kept for {target.scope.words}",
                remedy="Remove the one without a database",
            )
        else:
            found.append(target)
    return tuple(found)


def narrowing_warnings(wanted: t.Sequence[SettingWanted], found: t.Sequence[SettingWanted]) -> tuple[str, ...]:
    """Return one sentence if settings came to another scope than they were declared for."""
    moved = [target for item, target in zip(wanted, found, strict=True) if item.scope != target.scope]
    if not moved:
        return ()
    names = ", ".join(sorted(item.name for item in moved))
    return (
        f"{names}: the provider sets this for the whole server itself, so the declared value is kept for {moved[0].scope.words}. "
        "Name the database, and any other that shall have it",
    )


def _narrowed(backend: Backend, catalogue: Catalogue, name: str) -> bool:
    try:
        return backend.narrowed(catalogue.find(name))
    except DbinfraError:
        return False
