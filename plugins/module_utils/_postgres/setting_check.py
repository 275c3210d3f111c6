# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server would refuse of the declared settings, found before it is asked. Pure: no SQL driver, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import DbinfraError, InputError, NotFoundError
from .setting_backend import SESSION_CONTEXTS, WHY_NOT_IN_SESSION
from .setting_catalogue import Catalogue, Parameter
from .setting_force import is_behind
from .setting_model import Scope, SettingState, SettingWanted, Step
from .setting_rights import check_reload, check_rights
from .setting_secret import without_password
from .setting_shown import shows
from .setting_value import BadValueError, Value, declared_value, shown_text, stored_canonical

#: What one transaction is, and no setting: a session takes it for the transaction that it is in, and forgets it with that.
_OF_A_TRANSACTION = frozenset({"transaction_deferrable", "transaction_isolation", "transaction_read_only"})


def resolve(state: SettingState, wanted: t.Sequence[SettingWanted]) -> list[Step]:
    """Return every declared setting with its parameter, value and present text, checked.

    :raises DbinfraError: with everything that the server would refuse, not the first of it only.
    """
    _check_server(state, wanted)
    steps, problems = _resolve(state, wanted)
    if problems:
        raise all_at_once([_at(item, error) for item, error in problems])
    if state.backend.by_sql and any(step.needs_reload or (step.differs and step.wanted.scope.is_system) for step in steps):
        check_reload(state)
    return steps


def all_at_once(errors: t.Sequence[DbinfraError]) -> DbinfraError:
    """Return one error for all that is wrong, each with its place."""
    if len(errors) == 1:
        return errors[0]
    return InputError(
        f"{len(errors)} of the settings cannot be made",
        where="option settings",
        why=" ".join(f"({number}) {error.message()}" for number, error in enumerate(errors, 1)),
    )


def declared_problems(catalogue: Catalogue, provider: str, wanted: t.Sequence[SettingWanted]) -> list[tuple[SettingWanted, DbinfraError]]:
    """Return what is wrong with declared settings whatever server of that version they are for: names, scopes and values.

    Who may set what, and which databases and roles there are, is taken to be in order; see :func:`needs_privilege`.
    """
    databases = frozenset(item.scope.database for item in wanted if item.scope.database)
    roles = frozenset(item.scope.role for item in wanted if item.scope.role)
    _steps, problems = _resolve(SettingState(catalogue, provider, "", login_superuser=True, databases=databases, roles=roles), wanted)
    return problems


def needs_privilege(catalogue: Catalogue, name: str) -> bool:
    """Return whether a known parameter can be set by a superuser only, or by whom the privilege was granted."""
    return catalogue.find(name).context == "superuser"


def _resolve(state: SettingState, wanted: t.Sequence[SettingWanted]) -> tuple[list[Step], list[tuple[SettingWanted, DbinfraError]]]:
    steps: list[Step] = []
    problems: list[tuple[SettingWanted, DbinfraError]] = []
    seen: set[tuple[Scope, str]] = set()
    for item in wanted:
        key = (item.scope, item.name.lower())
        try:
            if key in seen:
                name = state.catalogue.find(item.name).name
                raise InputError(f"{name} is declared twice for the same {item.scope.words}", remedy="Keep one of them")
            steps.append(_step(state, item))
        except DbinfraError as error:
            problems.append((item, error))
        seen.add(key)
    return steps, problems


def _at(item: SettingWanted, error: DbinfraError) -> DbinfraError:
    scope = "" if item.scope.is_system else f" for {item.scope.words}"
    return type(error)(error.what, where=f"option settings, {item.name}{scope}", why=error.why, remedy=error.remedy, details=error.details)


def _step(state: SettingState, item: SettingWanted) -> Step:
    # What the server keeps can be taken away, whatever its name.
    parameter = state.catalogue.find_kept(item.name) if not item.present and state.keeps(item) else state.catalogue.find(item.name)
    if parameter.custom:
        parameter = dataclasses.replace(parameter, name=state.spelled.get((item.scope, item.name.lower()), parameter.name))
    _check_scope(state, item, parameter)
    value = declared_value(parameter, item.value) if item.present else None
    if value is not None and not value.arguments:
        # The only way to an empty list that the server can start with.
        value = None
    if value is not None and item.scope.is_system and any("\n" in text for text in value.arguments):
        raise BadValueError(
            f"{without_password(parameter.name, value.text)!r} is not a value for {parameter.name} of the whole server",
            why="ALTER SYSTEM takes no line end in a value (AlterSystemSetConfigFile in guc.c)",
            remedy="Remove it; YAML's > and | leave one at the end, >- and |- do not",
        )
    before = state.configured(item)
    differs = _differs(state, item, parameter, value, before)
    if differs:
        check_rights(state, item, parameter)
        reason = state.refused.get((item.scope, parameter.name.lower()))
        if reason and value is not None:
            raise BadValueError(
                f"{without_password(parameter.name, value.text)!r} is not a value for {parameter.name}", why=f"the server says: {reason}"
            )
    below = state.below_text.get(parameter.name.lower()) if item.scope.is_system else None
    return Step(item, parameter, value, shown_text(parameter, before), differs, shown_text(parameter, below), is_behind(state, item, parameter))


def _differs(state: SettingState, item: SettingWanted, parameter: Parameter, value: Value | None, before: str | None) -> bool:
    if value is not None:
        if item.scope.is_system and not state.file_readable and before is not None:
            # The running value stands for the text that the files have.
            return not shows(state.catalogue, parameter, value.canonical)
        return stored_canonical(parameter, before) != value.canonical
    if item.scope.is_system:
        # RESET only removes the line that ALTER SYSTEM wrote; a line of postgresql.conf belongs to whoever wrote that file.
        return item.name.lower() in state.in_auto_file if state.file_readable else before is not None
    return before is not None


def _check_server(state: SettingState, wanted: t.Sequence[SettingWanted]) -> None:
    """Refuse what no setting of a scope can be made on, once and not for each of them."""
    if state.standby and any(not item.scope.is_system for item in wanted):
        raise InputError(
            "the server is a standby", where="option login", why="settings of databases and roles come from the primary", remedy="Connect to it"
        )
    if not state.alter_system_allowed and state.backend.by_sql and any(item.scope.is_system for item in wanted):
        raise InputError(
            "ALTER SYSTEM is switched off on this server",
            where="option settings",
            why="allow_alter_system is off: somebody else owns the configuration files",
        )


def _check_scope(state: SettingState, item: SettingWanted, parameter: Parameter) -> None:
    if parameter.name in _OF_A_TRANSACTION:
        raise InputError(
            f"{parameter.name} cannot be set", why="it belongs to the transaction that is running", remedy=f"Declare default_{parameter.name}"
        )
    if item.scope.is_system:
        refusal = state.backend.refusal(parameter, state.catalogue.major)
        if refusal is not None:
            raise refusal
        return
    name, scope = parameter.name, item.scope
    if parameter.context not in SESSION_CONTEXTS:
        refusal = None if state.backend.by_sql else state.backend.refusal(parameter, state.catalogue.major)
        if parameter.context == "internal":
            remedy = "Leave it out"
        elif refusal is not None:
            remedy = refusal.remedy or "Leave it out"
        else:
            remedy = "Declare it for the whole server, without database and role, or leave it out where the server's settings are the provider's"
        raise InputError(
            f"{name} cannot be set for a {'role' if scope.role else 'database'}", why=WHY_NOT_IN_SESSION.get(parameter.context), remedy=remedy
        )
    if scope.database and scope.database not in state.databases:
        raise NotFoundError(f"database {scope.database} does not exist", remedy="Create it first, or correct the name")
    if scope.role and scope.role not in state.roles and not state.assume_roles:
        raise NotFoundError(f"role {scope.role} does not exist", remedy="Create it first, or correct the name")
