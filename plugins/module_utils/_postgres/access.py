# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``pg_access`` and ``pg_access_info`` on a server: the resource behind the modules."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError
from .._core.plain import to_plain
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .access_model import PRIVILEGE_SETS, AccessState, AccessWanted, RoleWanted, empty_server, hand_over, is_copied
from .access_plan import check_marks, plan_access
from .access_read import read_access, read_roles
from .access_view import missing_role_facts, planned_role_facts, role_facts
from .login import LOGIN_SPEC, Login, check_no_null, is_predicted, parse_login, parse_stand_in
from .role_mark import Mark, server_identity
from .statement import Statement
from .statement_history import forget_passwords
from .transport import Session, probe_password

APPLICATION_NAME = "dbinfra.postgres pg_access"

#: PostgreSQL cuts longer names off without an error.
MAX_NAME_BYTES = 63

#: The major that a prediction assumes where the connection does not say one.
_PREDICTED_MAJOR = 17

ACCESS_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **LOGIN_SPEC,
        "environment": {"type": "str", "required": True},
        "database": {"type": "str"},
        "schema": {"type": "str", "default": "public"},
        "owner": {"type": "str"},
        # The format, no secret.
        "password_format": {"type": "str", "choices": ["scram-sha-256", "plain"], "no_log": False},
        "passwords": {"type": "dict", "default": {}, "no_log": True},
        "roles": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "privileges": {"type": "str", "required": True, "choices": sorted(PRIVILEGE_SETS)},
                "login": {"type": "bool", "default": True},
                "inherit": {"type": "bool", "default": True},
                "connection_limit": {"type": "int", "default": -1},
                "member_of": {"type": "list", "elements": "str", "default": []},
            },
        },
    }
}

ACCESS_INFO_SPEC: dict[str, t.Any] = {
    "argument_spec": {**LOGIN_SPEC, "environment": {"type": "str"}, "roles": {"type": "list", "elements": "str", "required": True}}
}


class AccessResource:
    """The declared roles of one database, on the reconcile flow."""

    def __init__(self, login: Login, wanted: AccessWanted, session: Session | None, *, predicted: bool) -> None:
        """:param session: where the server is only a prediction, the one to what stands in for it, None if nothing does."""
        self._login = login
        self._wanted = wanted
        self._session = session
        self._predicted = predicted
        self._secrets_sent = False

    def read(self) -> AccessState:
        """Read roles, memberships and privileges, and try the declared passwords."""
        if self._session is None:
            return empty_server(self._login.server_major or _PREDICTED_MAJOR, self._wanted)
        self._session.commit()
        warnings = self._forget_secrets(self._session)
        wanted = self._wanted
        state = read_access(
            self._session,
            schema=wanted.schema,
            owner=wanted.owner,
            names=[role.name for role in wanted.roles],
            groups=sorted({name for role in wanted.roles for name in role.member_of | role.privilege_set.member_of}),
        )
        check_marks(state, wanted)
        if self._predicted:
            # No password is tried on the original: which ones the copy will have is not said there.
            return hand_over(state, wanted, self._login.user)
        return dataclasses.replace(state, roles=self._with_passwords(state), warnings=warnings)

    def plan(self, state: AccessState) -> Plan:
        """Hand over to the pure plan."""
        return plan_access(state, self._wanted)

    def apply(self, change: Change) -> None:
        """Carry out one statement; all of them share a transaction, which the next :meth:`read` commits."""
        statement: Statement = change.payload
        if self._session is None:
            raise InputError("there is no server to change", where="option predicted")
        self._session.begin()
        self._session.execute(statement)
        self._secrets_sent = self._secrets_sent or statement.clear_password is not None

    def facts(self, state: AccessState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return roles and limits, as they are or as they will be."""
        if predicted:
            roles = [planned_role_facts(state, self._wanted, role) for role in self._wanted.roles]
        else:
            roles = [role_facts(state.roles[role.name]) for role in self._wanted.roles]
        return {"access": {"database": self._wanted.database, "schema": self._wanted.schema, "owner": self._wanted.owner, "roles": roles}}

    def _forget_secrets(self, session: Session) -> tuple[str, ...]:
        if not self._secrets_sent:
            return ()
        self._secrets_sent = False
        warning = forget_passwords(session)
        return (warning,) if warning else ()

    def _with_passwords(self, state: AccessState) -> dict[str, t.Any]:
        """Try the declared passwords of the roles that can log in."""
        roles = dict(state.roles)
        for role in self._wanted.roles:
            present = roles.get(role.name)
            if present and role.login and role.password and present.attributes["login"]:
                answer = probe_password(self._login, role.name, role.password, APPLICATION_NAME)
                roles[role.name] = dataclasses.replace(present, password=answer)
        return roles


def build_access(context: Context) -> AccessResource:
    """Read the options of ``pg_access`` and connect.

    :raises DbinfraError: if the options are wrong or the connection fails.
    """
    params = context.params
    predicted = is_predicted(params, context.check_mode)
    login = parse_login(params, predicted=predicted, database=params["database"])
    wanted = _parse_wanted(params, login)
    if not predicted:
        return AccessResource(login, wanted, Session.connect(login, APPLICATION_NAME), predicted=False)
    session = Session.for_check(parse_stand_in(params, database=params["database"]), APPLICATION_NAME)
    return AccessResource(login, wanted, session, predicted=True)


def _parse_wanted(params: t.Mapping[str, t.Any], login: Login) -> AccessWanted:
    environment = params["environment"]
    if not environment or any(sign.isspace() or sign == "]" for sign in environment):
        raise InputError(f"{environment!r} is not the name of an environment", where="option environment", remedy="Use letters, digits and hyphens")
    owner = params["owner"] or login.user
    passwords: dict[str, t.Any] = to_plain(params["passwords"])
    roles: list[RoleWanted] = []
    for raw in to_plain(params["roles"]):
        name = raw["name"]
        _check_name(name, f"option roles, {name!r}")
        if any(role.name == name for role in roles):
            raise InputError(f"role {name} is declared twice", where="option roles", remedy="Merge the two entries")
        if name in (login.user, owner):
            raise InputError(
                f"role {name} is the owner", where="option roles", remedy="The owner is made by the provider; declare the other roles only"
            )
        password = passwords.pop(name, None)
        if password is not None and not isinstance(password, str):
            raise InputError("the password is not a text", where=f"option passwords, key {name}", remedy="Put it in quotes")
        # Before it is tried: libpq would cut its parameters off there and complain of something else.
        check_no_null(password, f"the password of role {name}", f"option passwords, key {name}")
        if raw["connection_limit"] < -1:
            raise InputError(
                f"{raw['connection_limit']} connections are not possible",
                where=f"option roles, {name}, connection_limit",
                remedy="Use -1 for no limit",
            )
        roles.append(
            RoleWanted(
                name=name,
                privileges=raw["privileges"],
                login=raw["login"],
                inherit=raw["inherit"],
                connection_limit=raw["connection_limit"],
                member_of=frozenset(raw["member_of"]),
                password=password if raw["login"] else None,
            )
        )
    if passwords:
        raise InputError(
            f"there are passwords for roles that are not declared: {', '.join(sorted(map(str, passwords)))}",
            where="option passwords",
            remedy="Declare the roles, or remove their passwords",
        )
    _check_name(params["schema"], "option schema")
    clear = params["password_format"] == "plain" if params["password_format"] else login.provider == "neon"
    mark = Mark(environment, server_identity(to_plain(params["login"])))
    return AccessWanted(login.database, params["schema"], owner, mark, tuple(roles), clear)


def _check_name(name: str, where: str) -> None:
    if not name or "\0" in name or len(name.encode()) > MAX_NAME_BYTES:
        raise InputError(f"{name!r} is not a name", where=where, why=f"a name has 1 to {MAX_NAME_BYTES} bytes")
    if name.startswith("pg_") or name in ("none", "information_schema"):
        raise InputError(f"{name!r} is reserved by PostgreSQL", where=where, remedy="Choose another name")


def look_access(context: Context) -> dict[str, t.Any]:
    """Return the named roles for ``pg_access_info``.

    ``settled`` names those that exist and did not come along with a copy of another environment: their secret must exist.

    :raises DbinfraError: if the options are wrong, the connection fails, or the server belongs to another environment.
    """
    params = context.params
    names: list[str] = to_plain(params["roles"])
    predicted = is_predicted(params, context.check_mode)
    login = parse_login(params, predicted=predicted)
    name = "dbinfra.postgres pg_access_info"
    session = Session.for_check(parse_stand_in(params), name) if predicted else Session.connect(login, name)
    if session is None:
        return {"roles": {name: missing_role_facts(name) for name in names}, "settled": [], "copied": []}
    present = read_roles(session, names)
    session.close()
    copied: list[str] = []
    if params["environment"]:
        mark = Mark(params["environment"], server_identity(to_plain(params["login"])))
        wanted = AccessWanted(login.database, "public", login.user, mark, ())
        check_marks(AccessState(0, login.user, roles=present), wanted)
        copied = [name for name in names if is_copied(present.get(name), wanted)]
    return {
        "roles": {name: role_facts(present[name]) if name in present else missing_role_facts(name) for name in names},
        "settled": [name for name in names if name in present and name not in copied],
        "copied": copied,
    }
