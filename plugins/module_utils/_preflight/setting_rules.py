# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for settings: what the server would refuse is refused before there is one. Pure."""

from __future__ import annotations

import typing as t

from .._core.errors import DbinfraError, InputError
from .._postgres.setting_backend import backend_of
from .._postgres.setting_catalogue import Catalogue, snapshot_catalogue
from .._postgres.setting_check import declared_problems, needs_privilege
from .._postgres.setting_model import Scope, SettingWanted, is_default
from .._postgres.setting_place import placed
from .._postgres.setting_value import BadValueError
from .._postgres.settings_snapshot import SERVERS
from .access_rules import declared_roles
from .findings import Finding, shown
from .tuning_rules import LEVEL, OF_DATABASE, OF_SERVER, settled

Values = t.Mapping[str, t.Any]
Rule = t.Callable[[Values], t.Iterable[Finding]]

_OF_ROLES = "db_settings_roles"


def roles(values: Values) -> t.Iterator[Finding]:
    """Settings of roles must be for roles that exist then."""
    by_role = values.get(_OF_ROLES)
    if not isinstance(by_role, dict):
        return
    known = {role["name"] for role in declared_roles(values)} | {values.get("neon_owner_role")}
    for name, wanted in by_role.items():
        if "db_access_roles" in values and name not in known:
            yield Finding(_OF_ROLES, shown(name), "db_access_roles declares no such role", "Correct the name, or declare the role")
        if not isinstance(wanted, dict):
            yield Finding(_OF_ROLES, shown({name: wanted}), "the settings of a role are a mapping of names to values", "Write them as name: value")


def parameters(values: Values) -> t.Iterator[Finding]:
    """Names, scopes and values must be ones that a server of the declared version takes."""
    provider, major = values.get("db_provider"), values.get("neon_pg_version")
    if provider != "neon" or major not in SERVERS:
        return
    catalogue = snapshot_catalogue(major)
    wanted = _declared(values)
    try:
        at_last = placed(backend_of(provider), catalogue, wanted, _database(values))
    except InputError as error:
        yield Finding(OF_SERVER, shown(values[OF_SERVER]), f"{error.what}: {error.why}", error.remedy or "Correct it")
        return
    # Findings name what is declared, wherever it comes to.
    declared = {id(target): item for item, target in zip(wanted, at_last, strict=True)}
    problems = declared_problems(catalogue, provider, at_last)
    for target, error in problems:
        yield _finding(declared[id(target)], error)
    # A level is tested to derive only what a server takes; a server that changes its mind must be noticed here, not half way through a run.
    for item, error in declared_problems(catalogue, provider, _of_level(values)):
        yield _finding(item, error, LEVEL)
    refused = {id(target) for target, _error in problems}
    for target in at_last:
        by_sql = backend_of(provider).by_sql or not target.scope.is_system
        if by_sql and id(target) not in refused and needs_privilege(catalogue, target.name):
            yield _privileged(catalogue, declared[id(target)])


def _database(values: Values) -> str:
    return values.get("db_settings_name") or values.get("neon_database_name") or ""


def _of_level(values: Values) -> list[SettingWanted]:
    """Return the settings that the level derives and that nothing is declared instead of."""
    every = settled(values)
    scopes = {"server": Scope(), "database": Scope(_database(values))}
    return [SettingWanted(name, scope, every[part][name]) for part, scope in scopes.items() for name in every["derived"][part]]


def _declared(values: Values) -> list[SettingWanted]:
    """Return the declared settings of the server, of the database and of its roles, without what is no mapping and what only leaves a derived one out."""
    database = _database(values)
    by_role = values.get(_OF_ROLES)
    every = settled(values)
    found: list[SettingWanted] = []
    for part, scope in (("server", Scope()), ("database", Scope(database))):
        found += [
            SettingWanted(str(name), scope, value, not is_default(value)) for name, value in every[part].items() if name not in every["derived"][part]
        ]
    if isinstance(by_role, dict):
        for role, wanted in by_role.items():
            if isinstance(wanted, dict):
                found += [SettingWanted(str(name), Scope(database, str(role)), value, not is_default(value)) for name, value in wanted.items()]
    return found


def _place(item: SettingWanted) -> tuple[str, str]:
    """Return the inventory's variable and what stands there."""
    setting = {item.name: item.value}
    if item.scope.role is not None:
        return _OF_ROLES, shown({item.scope.role: setting})
    return OF_SERVER if item.scope.is_system else OF_DATABASE, shown(setting)


def _finding(item: SettingWanted, error: DbinfraError, source: str | None = None) -> Finding:
    """:param source: the variable that the setting comes from, unless it is declared itself."""
    variable, value = _place(item)
    variable = source or variable
    if item.value is None and isinstance(error, BadValueError):
        return Finding(variable, value, f"{item.name} has no value", "Give one, or remove the setting")
    # The value stands in the finding already, where it is hidden if its name sounds like a secret.
    reason = f"not a value for {item.name}" if isinstance(error, BadValueError) else error.what
    return Finding(variable, value, f"{reason}: {error.why}" if error.why else reason, error.remedy or "Correct it")


def _privileged(catalogue: Catalogue, item: SettingWanted) -> Finding:
    variable, value = _place(item)
    return Finding(
        variable,
        value,
        f"only a superuser may set {item.name}, or who was granted SET ON PARAMETER (from PostgreSQL 15 on), "
        f"according to {catalogue.origin}; the owner is no superuser",
        "Leave it out unless the provider grants it, else the run ends when it gets there",
        warning=True,
    )


RULES: tuple[Rule, ...] = (roles, parameters)
