# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``pg_setting`` on a server: the resource behind the module."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._core.errors import DbinfraError, InputError, ServerError
from .._core.plain import to_plain
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .login import LOGIN_SPEC, Login, is_predicted, parse_login, parse_stand_in
from .setting_backend import ServerSettings, backend_of
from .setting_catalogue import Catalogue, snapshot_catalogue
from .setting_check import resolve
from .setting_exact import Surplus, exact_scopes, resets, surplus
from .setting_force import NEW_SESSIONS
from .setting_kept import read_room
from .setting_memory import Memory, Recollection, check_name, recollect
from .setting_model import Scope, SettingState, SettingWanted, Step, is_default
from .setting_override import overridden_by
from .setting_place import narrowing_warnings, placed
from .setting_plan import RELOAD, RESTART, HandedOver, plan_settings, setting_facts, surplus_facts
from .setting_read import read_memory, read_settings, with_server_settings
from .setting_rendered import RenderedSettings
from .setting_restart import Restart, parse_restart
from .setting_secret import declared_passwords
from .setting_service import reload_server, restart_server, started_at
from .setting_start import certificate_to_present
from .setting_tls_proof import certificate_not_taken
from .setting_trial import try_values
from .statement import Statement
from .transport import Session

APPLICATION_NAME = "dbinfra.postgres pg_setting"

_LOOK_INTO_LOG = "Look into its log for what it could not load, correct that and reload its configuration"

#: How the settings of a whole server are reached that are not written by SQL, by provider.
Services = t.Mapping[str, t.Callable[[Context], ServerSettings]]

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
        "remember": {"type": "str"},
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
        remember: str | None = None,
        service: t.Callable[[Context], ServerSettings] | None = None,
        predicted: bool = False,
    ) -> None:
        """:param session: where the server is only a prediction, the one to what stands in for it, None if nothing does.

        :param exact: the scopes in which nothing may be configured that is not declared.
        :param restart: None if no restart is allowed.
        :param remember: the name under which is remembered what was set, None if nothing is to be.
        :param service: opens the provider's API for settings of the whole server, None where they are SQL.
        :param predicted: whether the server is only a prediction.
        """
        self._context = context
        self._login = login
        self._declared = self._wanted = wanted
        self._session = session
        self._restart = restart
        self._check_mode = context.check_mode
        self._exact = exact
        self._remember = remember
        self._memory: Memory | None = None
        self._recollection = Recollection()
        self._open_service = service
        self._service: ServerSettings | None = None
        self._predicted = predicted
        self._certificate: str | None = None
        self._started: str | None = None
        self._restarted = False
        self._reloaded = False
        self._before: list[str | None] | None = None
        self._surplus: tuple[Surplus, ...] | None = None
        self._catalogue: Catalogue | None = None

    def read(self) -> SettingState:
        """Read the catalogue and everything that is configured in the declared scopes."""
        if self._session is None:
            state = self._empty_server()
            self._place(state.catalogue)
            self._memory = Memory(self._remember, self._login.database) if self._remember else None
            self._needs_service(state)
            return dataclasses.replace(state, warnings=narrowing_warnings(self._declared, self._wanted))
        self._session.commit()
        self._memory = read_memory(self._session, self._remember) if self._remember else None
        names = [item.name for item in self._declared]
        # A setting of the whole server may come to the database that is connected to.
        scopes = (*exact_scopes(self._declared, self._exact), *(self._memory.scopes if self._memory else ()), Scope(self._login.database))
        state = read_settings(self._session, self._login.provider, tuple(dict.fromkeys(scopes)), names, assume_roles=self._check_mode)
        self._place(state.catalogue)
        if self._needs_service(state) and self._service:
            # Of a server that is only predicted the API has nothing yet, whatever it has of what stands in for it.
            state = with_server_settings(state, {} if self._predicted else self._service.read())
            self._started = self._started or started_at(self._session)
        self._catalogue = state.catalogue
        steps = resolve(state, self._wanted + self._further(*self._unlisted(state)))
        kept = read_room(self._session, state, steps, every=self._restart is not None)
        kept = dataclasses.replace(kept, remarks=kept.remarks + self._look_at_certificate(self._session, state, steps))
        warnings = narrowing_warnings(self._declared, self._wanted)
        refused, remarks = try_values(self._session, state, steps)
        return dataclasses.replace(state, refused=refused, kept=kept, warnings=warnings + remarks)

    def plan(self, state: SettingState) -> Plan:
        """Hand over to the pure plan."""
        found, recollection = self._unlisted(state)
        if self._before is None:
            self._surplus, self._recollection = found, recollection
            self._before = [setting_facts(state, step, predicted=False)["configured"] for step in resolve(state, self._wanted)]
        return plan_settings(state, self._wanted + self._further(found, recollection), self._restart, self._memory, reloaded=self._reloaded)

    def apply(self, change: Change) -> None:
        """Carry out one step: the whole server's on their own, the others in a transaction that the next :meth:`read` commits."""
        if self._session is None:
            raise InputError("there is no server to change", where="option predicted")
        if change.payload is None:
            # One of those that are handed over together.
            return
        if isinstance(change.payload, HandedOver) and self._service:
            self._service.write(change.payload.settings)
            self._connect_again(self._session)
        elif change.payload == RELOAD:
            reload_server(self._session, self._login)
            self._reloaded = True
            if self._catalogue and any(self._catalogue.find_kept(item.name).context in NEW_SESSIONS for item in self._wanted):
                self._session = self._new_session(self._session)
            self._prove_certificate(self._session)
        elif change.payload == RESTART:
            self._restart_server(self._session)
        else:
            statement: Statement = change.payload
            if not statement.template.startswith("ALTER SYSTEM"):
                self._session.begin()
            self._session.execute(statement)

    def facts(self, state: SettingState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return the settings in the declared order."""
        steps = resolve(state, self._wanted)
        facts = [setting_facts(state, step, predicted=predicted) for step in steps]
        before = self._before or []
        # What is reset goes before nothing any more.
        others = overridden_by(state, steps, self._further(self._surplus or (), self._recollection))
        restarted: bool | None = self._restarted or any(change.payload == RESTART for change in plan.changes)
        if restarted and predicted:
            facts = [{**fact, "pending_restart": False} for fact in facts]
        elif predicted and any(isinstance(change.payload, HandedOver) for change in plan.changes):
            # Whether the provider restarts the server for them is its own decision.
            restarted = None
            facts = [
                {**fact, "pending_restart": None if step.differs and fact["pending_restart"] else fact["pending_restart"]}
                for step, fact in zip(steps, facts, strict=True)
            ]
        found: dict[str, t.Any] = {"restarted": restarted}
        found["settings"] = [
            {**fact, "configured_before": text, "overridden_by": names} for fact, text, names in zip(facts, before, others, strict=True)
        ]
        if self._exact or self._remember:
            unlisted = self._surplus or ()
            reset = [(item.name, item.scope) for item in (*unlisted, *self._recollection.resets) if not (isinstance(item, Surplus) and item.guarded)]
            found["reset"] = [surplus_facts(*item) for item in dict.fromkeys(reset)]
            left = [(item.name, item.scope) for item in (*unlisted, *self._recollection.changed_since) if item.guarded]
            found["left_alone"] = [surplus_facts(*item) for item in dict.fromkeys(left) if item not in reset]
        return found

    def _unlisted(self, state: SettingState) -> tuple[tuple[Surplus, ...], Recollection]:
        """Return what is configured in the exact scopes and what is remembered, as far as it is not declared."""
        recollection = recollect(state, self._wanted, self._memory) if self._memory else Recollection()
        return surplus(state, self._wanted, self._exact), recollection

    @staticmethod
    def _further(found: tuple[Surplus, ...], recollection: Recollection) -> tuple[SettingWanted, ...]:
        """Return what is to be reset beside what is declared, each once."""
        return tuple(dict.fromkeys(resets(found) + recollection.resets))

    def _place(self, catalogue: Catalogue) -> None:
        self._wanted = placed(backend_of(self._login.provider), catalogue, self._declared, self._login.database)

    def _needs_service(self, state: SettingState) -> bool:
        """Return whether something of the whole server is asked for; its API is then opened, and its access checked, before anything is changed."""
        remembered = self._memory.scopes if self._memory else ()
        if state.backend.by_sql or not any(scope.is_system for scope in (*exact_scopes(self._wanted, self._exact), *remembered)):
            return False
        if self._service is None and self._open_service:
            # What no API would take is refused before anybody is asked for its key.
            resolve(state, self._wanted)
            self._service = self._opened(self._open_service)
        return True

    def _opened(self, open_service: t.Callable[[Context], ServerSettings]) -> ServerSettings:
        try:
            return open_service(self._context)
        except DbinfraError as error:
            names = ", ".join(item.name for item in self._wanted if item.scope.is_system)
            raise type(error)(
                f"for the whole server ({names or 'to see what is configured there'}): {error.what}",
                where=f"option {self._login.provider}",
                why=f"that goes through {backend_of(self._login.provider).words}, there is no ALTER SYSTEM",
                remedy=f"{(error.remedy or 'Correct it').rstrip('.')}, or name a database or a role for what a session may set",
                details=error.details,
            ) from None

    def _look_at_certificate(self, session: Session, state: SettingState, steps: t.Sequence[Step]) -> tuple[str, ...]:
        """Return a warning where the server does not present the declared certificate; where it is yet to be configured, remember it for its proof."""
        path, changing = (None if self._predicted else certificate_to_present(state, steps)) or (None, False)
        self._certificate = path if changing else None
        words = certificate_not_taken(session, path, self._login.connect_timeout) if path and not changing else None
        if not words:
            return ()
        return (
            f"the server does not use the certificate in {path}: {words}. It has not reloaded its configuration since, or could not. {_LOOK_INTO_LOG}",
        )

    def _prove_certificate(self, session: Session) -> None:
        words = certificate_not_taken(session, self._certificate, self._login.connect_timeout) if self._certificate else None
        if words:
            raise ServerError(
                f"the server did not take the certificate in {self._certificate}, and would not start with what is configured now",
                where=f"PostgreSQL at {self._login.where}",
                why=f"{words}, so it could not load one of the files of TLS; the owner and the mode of the key are what nobody else can see",
                remedy=f"{_LOOK_INTO_LOG}, or take the settings back with state: absent",
            )

    def _connect_again(self, session: Session) -> None:
        """Begin a new session: the provider may have restarted the server, which ends the old one."""
        self._session = self._new_session(session)
        self._restarted = self._restarted or started_at(self._session) != self._started

    def _new_session(self, session: Session) -> Session:
        session.close()
        return Session.connect(self._login, APPLICATION_NAME)

    def _restart_server(self, session: Session) -> None:
        session.commit()
        if self._service is None:
            if self._restart and self._catalogue:
                self._session = restart_server(self._context, session, self._login, self._catalogue, self._restart.command, APPLICATION_NAME)
        elif not self._restarted:
            self._service.restart()
            self._connect_again(session)

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
        scopes = exact_scopes(self._declared, self._exact)
        # On an own host the login user is taken for a superuser. Elsewhere nobody can know of extensions' parameters, so they pass.
        own = self._login.provider == "self_hosted"
        granted = frozenset(item.name.lower() for item in self._declared if own or "." in item.name)
        return SettingState(
            catalogue,
            self._login.provider,
            self._login.user,
            databases=frozenset({self._login.database, *(scope.database for scope in scopes if scope.database)}),
            roles=frozenset(scope.role for scope in scopes if scope.role),
            settable=granted,
            alterable=granted,
            seen=False,
        )


def build_setting(context: Context, services: Services) -> SettingResource | RenderedSettings:
    """Read the options of ``pg_setting`` and connect.

    :param services: what opens a provider's API for settings of the whole server, by provider.
    :raises DbinfraError: if the options are wrong or the connection fails.
    """
    params = context.params
    state = params["state"]
    wanted = tuple(_parse_setting(raw, absent=state == "absent") for raw in to_plain(params["settings"]))
    for item in wanted:
        # What a task was called with is printed as well.
        for password in declared_passwords(item.name, item.value):
            context.hide(password)
    scopes = tuple(_parse_scope(raw, "option scopes") for raw in to_plain(params["scopes"]))
    if scopes and state != "exact":
        raise InputError(
            f"scopes are only read with state: exact, state is {state}", where="option scopes", remedy="Remove them, or declare that state"
        )
    remember = params["remember"]
    if remember is not None:
        check_name(remember)
    if state == "rendered":
        if remember is not None:
            raise InputError("nothing is set, so nothing is remembered", where="options state and remember", remedy="Remove one of them")
        return RenderedSettings(wanted, params)
    if params["login"] is None:
        raise InputError("there is no server to connect to", where="option login", remedy="Pass the connection that an earlier task returned")
    predicted = is_predicted(params, context.check_mode)
    login = parse_login(params, predicted=predicted)
    service = None if backend_of(login.provider).by_sql else services[login.provider]
    restart = parse_restart(params, datetime.datetime.now(datetime.UTC), by_provider=service is not None)
    session = Session.for_check(parse_stand_in(params), APPLICATION_NAME) if predicted else Session.connect(login, APPLICATION_NAME)
    exact = exact_scopes(wanted, scopes) if state == "exact" else ()
    return SettingResource(context, login, wanted, session, exact=exact, restart=restart, remember=remember, service=service, predicted=predicted)


def _parse_scope(raw: t.Mapping[str, t.Any], where: str) -> Scope:
    for key in ("database", "role"):
        if raw[key] == "":
            raise InputError(f"the {key} is empty", where=where, remedy=f"Name it, or leave {key} out")
        _refuse_unsendable(raw[key], f"the name of the {key}", where)
    return Scope(raw["database"], raw["role"])


def _refuse_unsendable(text: str | None, what: str, where: str) -> None:
    """Refuse what no name on any server holds, and what could not even be sent: a null character."""
    if text is None or "\0" not in text:
        return
    raise InputError(f"{what} {text!a} holds a character that no PostgreSQL name can hold", where=where, remedy="Correct the name")


def _parse_setting(raw: t.Mapping[str, t.Any], *, absent: bool) -> SettingWanted:
    _refuse_unsendable(raw["name"], "the name of the setting", "option settings")
    where = f"option settings, {raw['name']}"
    scope = _parse_scope(raw, where)
    if absent:
        return SettingWanted(raw["name"], scope, present=False)
    present = raw["state"] == "present"
    if present and raw["value"] is None:
        raise InputError("there is no value", where=where, remedy="Give one, or declare state: absent")
    if not present and raw["value"] is not None:
        raise InputError("an absent setting takes no value", where=where, remedy="Remove the value, or the state")
    return SettingWanted(raw["name"], scope, raw["value"], present and not is_default(raw["value"]))
