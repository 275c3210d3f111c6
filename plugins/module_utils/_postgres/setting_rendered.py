# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``pg_setting`` without a server: the SQL that a declaration comes to."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError
from .._core.reconcile import Change, Plan
from .login import SUPPORTED_MAJORS
from .setting_backend import backend_of
from .setting_catalogue import snapshot_catalogue
from .setting_check import resolve
from .setting_model import SettingState, SettingWanted, Step
from .setting_plan import plan_settings
from .setting_secret import without_password
from .setting_statement import alter_statement
from .statement_text import statement_text


class RenderedSettings:
    """Declared settings as SQL, judged by the shipped snapshot of pg_settings. Nothing is connected to, nothing is ever changed."""

    def __init__(self, wanted: tuple[SettingWanted, ...], params: t.Mapping[str, t.Any]) -> None:
        """:param params: the task's options.

        :raises InputError: without the server's major version, and for what is no SQL there.
        """
        login = params["login"] or {}
        major = params["server_major"] or login.get("server_major")
        if major not in SUPPORTED_MAJORS:
            raise InputError(
                "the server's major version is missing" if major is None else f"PostgreSQL {major} is not supported",
                where="option server_major",
                why="which settings there are, and which values they take, depends on it",
                remedy=f"Give one of {', '.join(map(str, SUPPORTED_MAJORS))}",
            )
        self._wanted = wanted
        provider = login.get("provider") or "self_hosted"
        if not backend_of(provider).by_sql and any(item.scope.is_system for item in wanted):
            raise InputError(
                "settings of the whole server cannot be rendered as SQL",
                where="option settings",
                why=f"on {provider} they go to the provider's API, there is no ALTER SYSTEM",
                remedy="Name a database or a role for them",
            )
        self._state = SettingState(
            snapshot_catalogue(major),
            provider,
            "",
            login_superuser=True,
            seen=False,
            databases=frozenset(item.scope.database for item in wanted if item.scope.database),
            roles=frozenset(item.scope.role for item in wanted if item.scope.role),
        )

    def read(self) -> SettingState:
        """Return a server of that version with nothing configured."""
        return self._state

    def plan(self, state: SettingState) -> Plan:
        """Check the declaration; there is never anything to do."""
        plan_settings(state, self._wanted)
        return Plan()

    def apply(self, change: Change) -> None:
        """Never asked for: the plan is empty.

        :raises InputError: always.
        """
        raise InputError("nothing is changed with state: rendered", where=f"change {change.describe()}")

    def facts(self, state: SettingState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return the statements, system settings first and a reload after them."""
        steps = resolve(state, self._wanted)
        system = [step for step in steps if step.wanted.scope.is_system]
        lines = [_sql(step) for step in system]
        if system:
            lines.append("SELECT pg_catalog.pg_reload_conf();")
        return {"rendered": lines + [_sql(step) for step in steps if not step.wanted.scope.is_system]}


def _sql(step: Step) -> str:
    name, value = step.parameter.name, step.value
    if value is not None:
        # Hidden before it is quoted: quoting changes a password, and a mask of its own text would no longer find it.
        value = dataclasses.replace(value, arguments=tuple(without_password(name, text) for text in value.arguments))
    return statement_text(alter_statement(step.wanted.scope, name, value))
