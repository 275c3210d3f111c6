# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``pg_setting`` on a server: the resource behind the module."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._core.errors import InputError, ServerError
from .._core.plain import to_plain
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .login import LOGIN_SPEC, Login, is_predicted, parse_login, parse_stand_in
from .setting_catalogue import live_catalogue, snapshot_catalogue
from .setting_check import resolve
from .setting_model import Scope, SettingState, SettingWanted
from .setting_plan import RELOAD, plan_settings, setting_facts
from .statement import Identifier, Literal, Several, Statement
from .transport import Session

APPLICATION_NAME = "dbinfra.postgres pg_setting"

#: How long a reload may take before the server counts as not having done it, in seconds. It settles within milliseconds; a busy machine needs more.
RELOAD_TIMEOUT = 20.0

SETTING_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **LOGIN_SPEC,
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

_SERVER = """
SELECT current_user AS login_user, r.rolsuper AS login_superuser, pg_is_in_recovery() AS standby,
       coalesce(current_setting('allow_alter_system', true), 'on') = 'on' AS alter_system_allowed,
       has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
         AND has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE') AS file_readable
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
"""

_CATALOGUE = """
SELECT name, setting, vartype, unit, context, min_val, max_val, to_json(enumvals) AS enumvals, boot_val, source, pending_restart FROM pg_catalog.pg_settings
"""

_FILE = """
SELECT lower(name) AS name, setting, sourcefile ~ '(^|/)postgresql\\.auto\\.conf$' AS auto
FROM pg_catalog.pg_file_settings WHERE name IS NOT NULL ORDER BY seqno
"""

_STORED = """
SELECT d.datname AS database, r.rolname AS role, coalesce(r.rolcanlogin, false) AS login, coalesce(r.rolsuper, false) AS superuser,
       to_json(s.setconfig) AS config
FROM pg_catalog.pg_db_role_setting s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
WHERE (s.setdatabase = 0 OR d.datname = ANY(%(databases)s) OR r.rolname = ANY(%(roles)s))
  AND (s.setrole = 0 OR r.rolcanlogin OR r.rolname = ANY(%(roles)s))
"""

_PRESENT = """
SELECT 'database' AS kind, datname AS name FROM pg_catalog.pg_database WHERE datname = ANY(%(databases)s)
UNION ALL SELECT 'role', rolname FROM pg_catalog.pg_roles WHERE rolname = ANY(%(roles)s)
"""

_GRANTED = """
SELECT lower(name) AS name, has_parameter_privilege(name, 'SET') AS settable, has_parameter_privilege(name, 'ALTER SYSTEM') AS alterable
FROM unnest(%(names)s::text[]) AS p(name)
"""

_BROKEN = "SELECT name, error FROM pg_catalog.pg_file_settings WHERE error IS NOT NULL ORDER BY seqno LIMIT 3"


class SettingResource:
    """The declared settings of one server, on the reconcile flow."""

    def __init__(self, login: Login, wanted: tuple[SettingWanted, ...], session: Session | None, *, check_mode: bool) -> None:
        """:param session: where the server is only a prediction, the one to what stands in for it, None if nothing does."""
        self._login = login
        self._wanted = wanted
        self._session = session
        self._check_mode = check_mode
        self._before: list[str | None] | None = None

    def read(self) -> SettingState:
        """Read the catalogue and everything that is configured in the declared scopes."""
        if self._session is None:
            return self._empty_server()
        self._session.commit()
        return self._read(self._session)

    def plan(self, state: SettingState) -> Plan:
        """Hand over to the pure plan."""
        plan = plan_settings(state, self._wanted)
        if self._before is None:
            self._before = [step.before for step in resolve(state, self._wanted)]
        return plan

    def apply(self, change: Change) -> None:
        """Carry out one statement: ALTER SYSTEM on its own, the others in a transaction that the next :meth:`read` commits."""
        if self._session is None:
            raise InputError("there is no server to change", where="option predicted")
        if change.payload == RELOAD:
            self._reload(self._session)
            return
        statement: Statement = change.payload
        if not statement.template.startswith("ALTER SYSTEM"):
            self._session.begin()
        self._session.execute(statement)

    def facts(self, state: SettingState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return the settings in the declared order."""
        steps = resolve(state, self._wanted)
        before = self._before if self._before is not None else [step.before for step in steps]
        facts = [setting_facts(step, predicted=predicted) for step in steps]
        return {"settings": [{**fact, "configured_before": text} for fact, text in zip(facts, before, strict=True)]}

    def _databases(self) -> list[str]:
        return sorted({item.scope.database for item in self._wanted if item.scope.database})

    def _roles(self) -> list[str]:
        return sorted({item.scope.role for item in self._wanted if item.scope.role})

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
        # On an own host the login user is taken for a superuser. Elsewhere nobody can know of extensions' parameters, so they pass.
        own = self._login.provider == "self_hosted"
        granted = frozenset(item.name.lower() for item in self._wanted if own or "." in item.name)
        return SettingState(
            catalogue,
            self._login.provider,
            self._login.user,
            databases=frozenset(self._databases()),
            roles=frozenset(self._roles()),
            settable=granted,
            alterable=granted,
        )

    def _read(self, session: Session) -> SettingState:
        server = session.rows(_SERVER, None, "read who we are")[0]
        catalogue = live_catalogue(session.major, session.rows(_CATALOGUE, None, "read pg_settings"))
        scopes = {"databases": self._databases(), "roles": self._roles()}
        stored: dict[Scope, dict[str, str]] = {}
        logins: set[str] = set()
        for row in session.rows(_STORED, scopes, "read pg_db_role_setting"):
            pairs = (entry.partition("=") for entry in row["config"])
            stored[Scope(row["database"], row["role"])] = {name.lower(): text for name, _equals, text in pairs}
            # To whom is no superuser, superusers are the provider's: what they keep for themselves is no business of the declaration.
            if row["login"] and (server["login_superuser"] or not row["superuser"]):
                logins.add(row["role"])
        present: dict[str, set[str]] = {"database": set(), "role": set()}
        for row in session.rows(_PRESENT, scopes, "look for databases and roles"):
            present[row["kind"]].add(row["name"])
        system = any(item.scope.is_system for item in self._wanted)
        file_rows = session.rows(_FILE, None, "read pg_file_settings") if system and server["file_readable"] else []
        names = [item.name for item in self._wanted]
        granted = session.rows(_GRANTED, {"names": names}, "read who may set what") if session.major >= 15 and not server["login_superuser"] else []
        state = SettingState(
            catalogue,
            self._login.provider,
            server["login_user"],
            login_superuser=server["login_superuser"],
            stored=stored,
            logins=frozenset(logins),
            file_text={row["name"]: row["setting"] for row in file_rows},
            in_auto_file=frozenset(row["name"] for row in file_rows if row["auto"]),
            file_readable=server["file_readable"],
            databases=frozenset(present["database"]),
            roles=frozenset(present["role"]),
            settable=frozenset(row["name"] for row in granted if row["settable"]),
            alterable=frozenset(row["name"] for row in granted if row["alterable"]),
            standby=server["standby"],
            alter_system_allowed=server["alter_system_allowed"],
            assume_roles=self._check_mode,
        )
        return dataclasses.replace(state, refused=self._try_values(session, state))

    def _try_values(self, session: Session, state: SettingState) -> dict[tuple[Scope, str], str]:
        """Let the server itself judge the values that are to be set, where a session may: it knows more than types and ranges."""
        refused: dict[tuple[Scope, str], str] = {}
        for step in resolve(state, self._wanted):
            parameter = step.parameter
            may = state.login_superuser or parameter.context == "user" or parameter.name.lower() in state.settable
            if not step.differs or step.value is None or parameter.context not in ("user", "superuser") or not may:
                continue
            parts = {"name": Identifier(*parameter.name.split(".")), "value": Several(tuple(Literal(text) for text in step.value.arguments))}
            reason = session.try_out(Statement("SET LOCAL {name} TO {value}", parts, f"try {parameter.name}"))
            if reason:
                refused[(step.wanted.scope, parameter.name.lower())] = reason
        return refused

    def _reload(self, session: Session) -> None:
        """Reload and wait: ``pg_reload_conf`` only sends a signal, and this very session may see the old values for a while."""
        loaded = "SELECT pg_conf_load_time()::text AS loaded"
        before = session.rows(loaded, None, "read the time of the last reload")[0]["loaded"]
        session.rows("SELECT pg_reload_conf()", None, "reload the configuration")
        deadline = time.monotonic() + RELOAD_TIMEOUT
        while session.rows(loaded, None, "wait for the reload")[0]["loaded"] == before:
            if time.monotonic() > deadline:
                broken = session.rows(_BROKEN, None, "look for errors in the configuration files")
                words = "; ".join(f"{row['name'] or 'file'}: {row['error']}" for row in broken)
                raise ServerError(
                    f"the server did not reload its configuration within {RELOAD_TIMEOUT:.0f} s",
                    where=f"PostgreSQL at {self._login.where}",
                    why=words or "it gave no reason",
                    remedy="Correct the configuration files and look into the server's log",
                )
            time.sleep(0.01)


def build_setting(context: Context) -> SettingResource:
    """Read the options of ``pg_setting`` and connect.

    :raises DbinfraError: if the options are wrong or the connection fails.
    """
    params = context.params
    predicted = is_predicted(params, context.check_mode)
    login = parse_login(params, predicted=predicted)
    wanted = tuple(_parse_setting(raw) for raw in to_plain(params["settings"]))
    session = Session.for_check(parse_stand_in(params), APPLICATION_NAME) if predicted else Session.connect(login, APPLICATION_NAME)
    return SettingResource(login, wanted, session, check_mode=context.check_mode)


def _parse_setting(raw: t.Mapping[str, t.Any]) -> SettingWanted:
    where = f"option settings, {raw['name']}"
    for key in ("database", "role"):
        if raw[key] == "":
            raise InputError(f"the {key} is empty", where=where, remedy=f"Name it, or leave {key} out")
    present = raw["state"] == "present"
    if present and raw["value"] is None:
        raise InputError("there is no value", where=where, remedy="Give one, or declare state: absent")
    if not present and raw["value"] is not None:
        raise InputError("an absent setting takes no value", where=where, remedy="Remove the value, or the state")
    return SettingWanted(raw["name"], Scope(raw["database"], raw["role"]), raw["value"], present)
