# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of ``pg_setting``. Pure: no SQL driver, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError, NotFoundError
from .._core.reconcile import Change, Plan
from .setting_catalogue import Catalogue, Parameter
from .setting_value import Value, declared_value, shown_text, stored_canonical
from .statement import Identifier, Literal, Part, Several, Statement

#: Parameters that no ALTER SYSTEM may set although their context allows it.
_NEVER_BY_ALTER_SYSTEM = frozenset({"data_directory", "config_file", "allow_alter_system"})

#: Contexts of parameters that a session could change for itself; only these may be kept for a database or a role.
_SESSION_CONTEXTS = ("user", "superuser")

_WHY_NOT_IN_SESSION = {
    "internal": "it is fixed when the server is built or its cluster is made",
    "postmaster": "it takes effect only when the server starts",
    "sighup": "it belongs to the whole server",
    "backend": "it cannot change after a connection has begun",
    "superuser-backend": "it cannot change after a connection has begun",
}


@dataclasses.dataclass(frozen=True, order=True)
class Scope:
    """Where a setting is kept: the whole server if both are None."""

    database: str | None = None
    role: str | None = None

    @property
    def is_system(self) -> bool:
        """Whether it is the whole server."""
        return self.database is None and self.role is None

    @property
    def words(self) -> str:
        """The scope for people, and in results."""
        if self.is_system:
            return "system"
        if self.role is None:
            return f"database {self.database}"
        return f"role {self.role}" + (f" in database {self.database}" if self.database else "")


@dataclasses.dataclass(frozen=True)
class SettingWanted:
    """One declared setting.

    :param value: a YAML scalar or a list; not looked at when ``present`` is false.
    """

    name: str
    scope: Scope
    value: t.Any = None
    present: bool = True


@dataclasses.dataclass(frozen=True)
class SettingState:
    """What a server has.

    :param stored: per scope and lower-case name the text of pg_db_role_setting.
    :param file_text: per lower-case name the text of the last line of the configuration files.
    :param in_auto_file: lower-case names with a line in postgresql.auto.conf.
    :param file_readable: whether pg_file_settings may be read; without it the running value stands for the configured one.
    :param databases: those of the declared ones that exist; likewise ``roles``.
    :param settable: lower-case names of superuser parameters that the login user may set.
    :param refused: what the server says about a value that it was asked to try, per scope and lower-case name.
    :param assume_roles: in check mode a role may be one that an earlier task would make.
    """

    catalogue: Catalogue
    provider: str
    login_user: str
    login_superuser: bool = False
    stored: t.Mapping[Scope, t.Mapping[str, str]] = dataclasses.field(default_factory=dict)
    file_text: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    in_auto_file: frozenset[str] = frozenset()
    file_readable: bool = True
    databases: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    settable: frozenset[str] = frozenset()
    alterable: frozenset[str] = frozenset()
    refused: t.Mapping[tuple[Scope, str], str] = dataclasses.field(default_factory=dict)
    standby: bool = False
    alter_system_allowed: bool = True
    assume_roles: bool = False
    warnings: tuple[str, ...] = ()

    def configured(self, wanted: SettingWanted) -> str | None:
        """Return the configured text in a scope, None for none."""
        name = wanted.name.lower()
        if not wanted.scope.is_system:
            return self.stored.get(wanted.scope, {}).get(name)
        if self.file_readable:
            return self.file_text.get(name)
        parameter = self.catalogue.find(wanted.name)
        return parameter.running if parameter.source != "default" else None


#: The payload of the last step after ALTER SYSTEM.
RELOAD = "reload"


@dataclasses.dataclass(frozen=True)
class Step:
    """A declared setting together with what it means on the server."""

    wanted: SettingWanted
    parameter: Parameter
    value: Value | None
    before: str | None
    differs: bool

    @property
    def after(self) -> str | None:
        """The text that will be configured; what is equal keeps its text."""
        if not self.differs:
            return self.before
        return self.value.text if self.value is not None else None


def plan_settings(state: SettingState, wanted: t.Sequence[SettingWanted]) -> Plan:
    """Plan the statements after which every declared setting is as declared.

    :raises InputError: for a value, a scope or a right that the server would refuse.
    :raises NotFoundError: for a database or role that does not exist.
    """
    steps = resolve(state, wanted)
    pending = [step for step in steps if step.differs]
    system = [step for step in pending if step.wanted.scope.is_system]
    # ALTER SYSTEM cannot run in a transaction, so it goes first, with one reload for all; the rest shares a transaction.
    changes = [_change(step) for step in system]
    if system:
        changes.append(Change("reload", "the server's configuration", RELOAD))
    changes += [_change(step) for step in pending if not step.wanted.scope.is_system]
    before: dict[str, dict[str, t.Any]] = {}
    after: dict[str, dict[str, t.Any]] = {}
    for step in steps:
        before.setdefault(step.wanted.scope.words, {})[step.parameter.name] = step.before
        after.setdefault(step.wanted.scope.words, {})[step.parameter.name] = step.after
    return Plan(tuple(changes), before, after, state.warnings + _warnings(state, steps))


def resolve(state: SettingState, wanted: t.Sequence[SettingWanted]) -> list[Step]:
    """Return every declared setting with its parameter, value and present text, checked."""
    steps: list[Step] = []
    seen: set[tuple[Scope, str]] = set()
    for item in wanted:
        parameter = state.catalogue.find(item.name)
        key = (item.scope, parameter.name.lower())
        if key in seen:
            raise InputError(
                f"{parameter.name} is declared twice for the same {item.scope.words}", where="option settings", remedy="Keep one of them"
            )
        seen.add(key)
        _check_scope(state, item, parameter)
        value = declared_value(parameter, item.value) if item.present else None
        if value is not None and not value.arguments:
            # The only way to an empty list that the server can start with.
            value = None
        before = state.configured(item)
        differs = _differs(state, item, parameter, value, before)
        if differs:
            _check_rights(state, item, parameter)
            reason = state.refused.get(key)
            if reason and value is not None:
                raise InputError(f"{value.text!r} is not a value for {parameter.name}", where="option settings", why=f"the server says: {reason}")
        steps.append(Step(item, parameter, value, shown_text(parameter, before), differs))
    return steps


def _differs(state: SettingState, item: SettingWanted, parameter: Parameter, value: Value | None, before: str | None) -> bool:
    if value is not None:
        return stored_canonical(parameter, before) != value.canonical
    if item.scope.is_system:
        # RESET only removes the line that ALTER SYSTEM wrote; a line of postgresql.conf belongs to whoever wrote that file.
        return item.name.lower() in state.in_auto_file if state.file_readable else before is not None
    return before is not None


def _check_scope(state: SettingState, item: SettingWanted, parameter: Parameter) -> None:
    name, scope = parameter.name, item.scope
    where = f"option settings, {name}"
    if scope.is_system:
        if state.provider == "neon":
            raise InputError(
                f"{name} cannot be set for the whole server on Neon",
                where=where,
                why="Neon has no ALTER SYSTEM",
                remedy=(
                    "Name a database or a role for it"
                    if parameter.context in _SESSION_CONTEXTS
                    else "It follows from the compute's size, or is changed by Neon's support on paid plans"
                ),
            )
        if parameter.context == "internal" or name.lower() in _NEVER_BY_ALTER_SYSTEM:
            raise InputError(
                f"{name} cannot be set by ALTER SYSTEM", where=where, why=_WHY_NOT_IN_SESSION.get(parameter.context), remedy="Leave it out"
            )
        if parameter.custom and state.catalogue.major < 17:
            raise InputError(
                f"the server does not know {name}",
                where=where,
                why=f"ALTER SYSTEM of PostgreSQL {state.catalogue.major} takes only names of loaded extensions",
                remedy="Load the extension first, or name a database or a role",
            )
        if not state.alter_system_allowed:
            raise InputError(
                "ALTER SYSTEM is switched off on this server",
                where=where,
                why="allow_alter_system is off: somebody else owns the configuration files",
            )
        return
    if parameter.context not in _SESSION_CONTEXTS:
        raise InputError(
            f"{name} cannot be set for a {'role' if scope.role else 'database'}",
            where=where,
            why=_WHY_NOT_IN_SESSION.get(parameter.context),
            remedy=(
                "Declare it for the whole server, without database and role, or leave it out where the server's settings are the provider's"
                if parameter.context != "internal"
                else "Leave it out"
            ),
        )
    if state.standby:
        raise InputError(
            "the server is a standby", where="option login", why="settings of databases and roles come from the primary", remedy="Connect to it"
        )
    if scope.database and scope.database not in state.databases:
        raise NotFoundError(f"database {scope.database} does not exist", where=where, remedy="Create it first, or correct the name")
    if scope.role and scope.role not in state.roles and not state.assume_roles:
        raise NotFoundError(f"role {scope.role} does not exist", where=where, remedy="Create it first, or correct the name")


def _check_rights(state: SettingState, item: SettingWanted, parameter: Parameter) -> None:
    if state.login_superuser:
        return
    name = parameter.name.lower()
    if item.scope.is_system and name not in state.alterable:
        raise InputError(
            f"{state.login_user} may not set {parameter.name} for the whole server",
            where=f"option settings, {parameter.name}",
            why="that takes a superuser, or from PostgreSQL 15 on GRANT ALTER SYSTEM ON PARAMETER",
            remedy="Log in as such a role, or name a database or a role for the setting",
        )
    # A name that the server does not know might be a superuser's parameter, so it takes the same right.
    if not item.scope.is_system and (parameter.context == "superuser" or parameter.custom) and name not in state.settable:
        raise InputError(
            f"{state.login_user} may not set {parameter.name}",
            where=f"option settings, {parameter.name}",
            why="that takes a superuser, or from PostgreSQL 15 on GRANT SET ON PARAMETER",
            remedy="Leave it out, or have the privilege granted",
        )


def alter_statement(scope: Scope, name: str, value: Value | None) -> Statement:
    """Return the ALTER statement for one setting; a value of None resets it."""
    parts: dict[str, Part] = {"name": Identifier(*name.split("."))}
    if scope.is_system:
        head = "ALTER SYSTEM"
    elif scope.role is None:
        head = "ALTER DATABASE {database}"
        parts["database"] = Identifier(scope.database or "")
    else:
        head = "ALTER ROLE {role}" + (" IN DATABASE {database}" if scope.database else "")
        parts["role"] = Identifier(scope.role)
        if scope.database:
            parts["database"] = Identifier(scope.database)
    if value is None:
        return Statement(head + " RESET {name}", parts, f"reset {name} for {scope.words}")
    parts["value"] = Several(tuple(Literal(argument) for argument in value.arguments))
    return Statement(head + " SET {name} TO {value}", parts, f"set {name} for {scope.words}")


def _change(step: Step) -> Change:
    scope = step.wanted.scope
    statement = alter_statement(scope, step.parameter.name, step.value)
    if step.value is None:
        return Change("reset", f"{step.parameter.name} for {scope.words}", statement)
    return Change("set", f"{step.parameter.name} = {step.value.text} for {scope.words}", statement)


def _warnings(state: SettingState, steps: t.Sequence[Step]) -> tuple[str, ...]:
    texts: list[str] = []
    assumed = sorted({step.wanted.scope.role for step in steps if step.wanted.scope.role and step.wanted.scope.role not in state.roles})
    if assumed:
        texts.append(f"the roles {', '.join(assumed)} do not exist yet; this prediction takes it that an earlier task would make them")
    system = [step for step in steps if step.wanted.scope.is_system]
    if system and not state.file_readable:
        texts.append("the login user may not read pg_file_settings: running values stand for configured ones")
    if system and state.standby:
        texts.append("the server is a standby: system settings are written for this node only")
    for step in system:
        if step.parameter.source == "command line":
            texts.append(f"{step.parameter.name} is given on the server's command line: what is configured has no effect")
    return tuple(texts)


def setting_facts(step: Step, *, predicted: bool) -> dict[str, t.Any]:
    """Return one setting for a task's result.

    :param predicted: the step is still to be done: ``configured`` is the text to be, ``running`` the value now.
    """
    parameter = step.parameter
    system = step.wanted.scope.is_system
    waiting = parameter.pending_restart and parameter.source != "command line"
    if predicted and system and step.differs and parameter.context == "postmaster":
        target = step.value.canonical if step.value is not None else stored_canonical(parameter, parameter.boot_val)
        waiting = target != stored_canonical(parameter, parameter.running)
    return {
        "name": parameter.name,
        "scope": step.wanted.scope.words,
        "configured": step.after if predicted else step.before,
        "running": parameter.running if system else None,
        "unit": parameter.unit,
        "context": None if parameter.custom else parameter.context,
        "source": parameter.source if system and not parameter.custom else None,
        "pending_restart": bool(system and waiting),
    }
