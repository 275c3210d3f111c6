# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``pg_setting`` on a server: the resource behind the module."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._core.errors import InputError
from .._core.plain import to_plain
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .login import LOGIN_SPEC, Login, is_predicted, parse_login, parse_stand_in
from .setting_catalogue import Catalogue, snapshot_catalogue
from .setting_check import resolve
from .setting_exact import Surplus, exact_scopes, resets, surplus
from .setting_kept import read_room
from .setting_model import Scope, SettingState, SettingWanted, Step
from .setting_plan import RELOAD, RESTART, plan_settings, setting_facts, surplus_facts
from .setting_read import read_settings
from .setting_rendered import RenderedSettings
from .setting_restart import Restart, parse_restart
from .setting_secret import passwords_in
from .setting_service import reload_server, restart_server
from .statement import Identifier, Literal, Several, Statement
from .transport import Session

APPLICATION_NAME = "dbinfra.postgres pg_setting"

SETTING_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **LOGIN_SPEC,
        "login": {"type": "dict"},
        "state": {"type": "str", "choices": ["present", "absent", "exact", "rendered"], "default": "present"},
        "scopes": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {"database": {"type": "str"}, "role": {"type": "str"}},
        },
        "server_major": {"type": "int"},
        "restart": {"type": "str", "choices": ["never", "allowed"], "default": "never"},
        "restart_command": {"type": "list", "elements": "str"},
        "maintenance_window": {
            "type": "dict",
            "options": {
                "weekdays": {"type": "list", "elements": "int", "required": True},
                "start_time": {"type": "str", "required": True},
                "end_time": {"type": "str", "required": True},
            },
        },
        "settings": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "value": {"type": "raw"},
                "database": {"type": "str"},
                "role": {"type": "str"},
                "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            },
        },
    }
}


class SettingResource:
    """The declared settings of one server, on the reconcile flow."""

    def __init__(
        self,
        context: Context,
        login: Login,
        wanted: tuple[SettingWanted, ...],
        session: Session | None,
        *,
        exact: tuple[Scope, ...] = (),
        restart: Restart | None = None,
    ) -> None:
        """:param session: where the server is only a prediction, the one to what stands in for it, None if nothing does.

        :param exact: the scopes in which nothing may be configured that is not declared.
        :param restart: None if no restart is allowed.
        """
        self._context = context
        self._login = login
        self._wanted = wanted
        self._session = session
        self._restart = restart
        self._check_mode = context.check_mode
        self._exact = exact
        self._before: list[str | None] | None = None
        self._surplus: tuple[Surplus, ...] | None = None
        self._catalogue: Catalogue | None = None

    def read(self) -> SettingState:
        """Read the catalogue and everything that is configured in the declared scopes."""
        if self._session is None:
            return self._empty_server()
        self._session.commit()
        names = [item.name for item in self._wanted]
        state = read_settings(self._session, self._login.provider, exact_scopes(self._wanted, self._exact), names, assume_roles=self._check_mode)
        self._catalogue = state.catalogue
        steps = resolve(state, self._wanted + resets(surplus(state, self._wanted, self._exact)))
        kept = read_room(self._session, state, steps, every=self._restart is not None)
        return dataclasses.replace(state, refused=self._try_values(self._session, state, steps), kept=kept)

    def plan(self, state: SettingState) -> Plan:
        """Hand over to the pure plan."""
        found = surplus(state, self._wanted, self._exact)
        if self._before is None:
            self._surplus = found
            self._before = [setting_facts(step, predicted=False)["configured"] for step in resolve(state, self._wanted)]
        return plan_settings(state, self._wanted + resets(found), self._restart)

    def apply(self, change: Change) -> None:
        """Carry out one statement: ALTER SYSTEM on its own, the others in a transaction that the next :meth:`read` commits."""
        if self._session is None:
            raise InputError("there is no server to change", where="option predicted")
        if change.payload == RELOAD:
            reload_server(self._session, self._login)
            return
        if change.payload == RESTART and self._restart and self._catalogue:
            self._session.commit()
            self._session = restart_server(self._context, self._session, self._login, self._catalogue, self._restart.command, APPLICATION_NAME)
            return
        statement: Statement = change.payload
        if not statement.template.startswith("ALTER SYSTEM"):
            self._session.begin()
        self._session.execute(statement)

    def facts(self, state: SettingState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return the settings in the declared order."""
        steps = resolve(state, self._wanted)
        facts = [setting_facts(step, predicted=predicted) for step in steps]
        before = self._before or []
        restarted = any(change.payload == RESTART for change in plan.changes)
        if restarted and predicted:
            facts = [{**fact, "pending_restart": False} for fact in facts]
        found: dict[str, t.Any] = {"restarted": restarted}
        found["settings"] = [{**fact, "configured_before": text} for fact, text in zip(facts, before, strict=True)]
        if self._exact:
            found["reset"] = [surplus_facts(item) for item in self._surplus or () if not item.guarded]
            found["left_alone"] = [surplus_facts(item) for item in self._surplus or () if item.guarded]
        return found

    def _empty_server(self) -> SettingState:
        major = self._login.server_major
        if major is None:
            raise InputError(
                "the server's major version is not known",
                where="option login.server_major",
                why="a prediction needs it",
                remedy="Pass the declared version",
            )
        catalogue = snapshot_catalogue(major)
        scopes = exact_scopes(self._wanted, self._exact)
        # On an own host the login user is taken for a superuser. Elsewhere nobody can know of extensions' parameters, so they pass.
        own = self._login.provider == "self_hosted"
        granted = frozenset(item.name.lower() for item in self._wanted if own or "." in item.name)
        return SettingState(
            catalogue,
            self._login.provider,
            self._login.user,
            databases=frozenset(scope.database for scope in scopes if scope.database),
            roles=frozenset(scope.role for scope in scopes if scope.role),
            settable=granted,
            alterable=granted,
            seen=False,
        )

    @staticmethod
    def _try_values(session: Session, state: SettingState, steps: t.Sequence[Step]) -> dict[tuple[Scope, str], str]:
        """Let the server itself judge the values that are to be set, where a session may: it knows more than types and ranges."""
        refused: dict[tuple[Scope, str], str] = {}
        for step in steps:
            parameter = step.parameter
            may = state.login_superuser or parameter.context == "user" or parameter.name.lower() in state.settable
            if not step.differs or step.value is None or parameter.context not in ("user", "superuser") or not may:
                continue
            parts = {"name": Identifier(*parameter.name.split(".")), "value": Several(tuple(Literal(text) for text in step.value.arguments))}
            reason = session.try_out(Statement("SET LOCAL {name} TO {value}", parts, f"try {parameter.name}"))
            if reason:
                refused[(step.wanted.scope, parameter.name.lower())] = reason
        return refused


def build_setting(context: Context) -> SettingResource | RenderedSettings:
    """Read the options of ``pg_setting`` and connect.

    :raises DbinfraError: if the options are wrong or the connection fails.
    """
    params = context.params
    state = params["state"]
    wanted = tuple(_parse_setting(raw, absent=state == "absent") for raw in to_plain(params["settings"]))
    for item in wanted:
        # What a task was called with is printed as well.
        for password in passwords_in(item.name, str(item.value)):
            context.hide(password)
    scopes = tuple(_parse_scope(raw, "option scopes") for raw in to_plain(params["scopes"]))
    if scopes and state != "exact":
        raise InputError(
            f"scopes are only read with state: exact, state is {state}", where="option scopes", remedy="Remove them, or declare that state"
        )
    if state == "rendered":
        return RenderedSettings(wanted, params)
    if params["login"] is None:
        raise InputError("there is no server to connect to", where="option login", remedy="Pass the connection that an earlier task returned")
    restart = parse_restart(params, datetime.datetime.now(datetime.UTC))
    predicted = is_predicted(params, context.check_mode)
    login = parse_login(params, predicted=predicted)
    session = Session.for_check(parse_stand_in(params), APPLICATION_NAME) if predicted else Session.connect(login, APPLICATION_NAME)
    exact = exact_scopes(wanted, scopes) if state == "exact" else ()
    return SettingResource(context, login, wanted, session, exact=exact, restart=restart)


def _parse_scope(raw: t.Mapping[str, t.Any], where: str) -> Scope:
    for key in ("database", "role"):
        if raw[key] == "":
            raise InputError(f"the {key} is empty", where=where, remedy=f"Name it, or leave {key} out")
    return Scope(raw["database"], raw["role"])


def _parse_setting(raw: t.Mapping[str, t.Any], *, absent: bool) -> SettingWanted:
    where = f"option settings, {raw['name']}"
    scope = _parse_scope(raw, where)
    if absent:
        return SettingWanted(raw["name"], scope, present=False)
    present = raw["state"] == "present"
    if present and raw["value"] is None:
        raise InputError("there is no value", where=where, remedy="Give one, or declare state: absent")
    if not present and raw["value"] is not None:
        raise InputError("an absent setting takes no value", where=where, remedy="Remove the value, or the state")
    return SettingWanted(raw["name"], scope, raw["value"], present)
