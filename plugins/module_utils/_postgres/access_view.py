# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How access looks in a diff and in a task's result: words and names, never a password. Pure."""

from __future__ import annotations

import typing as t

from .access_model import (
    FORBIDDEN_ATTRIBUTES,
    GLOBAL_KINDS,
    KINDS,
    PUBLIC,
    PUBLIC_KINDS,
    AccessState,
    AccessWanted,
    Grant,
    ObjectState,
    RoleState,
    RoleWanted,
    copied_logins,
    is_copied,
    managed_objects,
    wanted_memberships,
)


def view_before(state: AccessState, wanted: AccessWanted) -> dict[str, t.Any]:
    """Return what the server has, as far as the declaration speaks of it, one line of a diff each."""
    public = {
        "database": _held(state.database_grants, PUBLIC),
        "schema": _held(state.schema_grants, PUBLIC),
        **_held_in_schema(state, wanted, PUBLIC_KINDS, PUBLIC, {}),
        "future_in_every_schema": _held_everywhere(state, PUBLIC_KINDS, PUBLIC),
    }
    view: dict[str, t.Any] = {f"schema {wanted.schema}": {"exists": state.schema_exists}, "PUBLIC": {"privileges": public}}
    for role in wanted.roles:
        present = state.roles.get(role.name)
        view[f"role {role.name}"] = _role_before(state, wanted, role, present) if present else {"exists": False}
    for copied in copied_logins(state, wanted):
        view[f"role {copied.name}"] = {"login": True}
    return _lines(view)


def view_after(state: AccessState, wanted: AccessWanted) -> dict[str, t.Any]:
    """Return what the server will have."""
    public = {
        "database": [name for name in _held(state.database_grants, PUBLIC) if name != "CONNECT"],
        "schema": [name for name in _held(state.schema_grants, PUBLIC) if name != "CREATE"],
        **_in_schema(PUBLIC_KINDS, {}),
        "future_in_every_schema": {},
    }
    view: dict[str, t.Any] = {f"schema {wanted.schema}": {"exists": True}, "PUBLIC": {"privileges": public}}
    for role in wanted.roles:
        view[f"role {role.name}"] = _role_after(state, wanted, role)
    for copied in copied_logins(state, wanted):
        view[f"role {copied.name}"] = {"login": False}
    return _lines(view)


def role_facts(role: RoleState) -> dict[str, t.Any]:
    """Return a present role for a task's result."""
    return {
        "name": role.name,
        "exists": True,
        **{name: bool(role.attributes[name]) for name in ("login", "inherit", *FORBIDDEN_ATTRIBUTES)},
        "connection_limit": role.connection_limit,
        "member_of": sorted(role.member_of),
        "environment": role.mark.environment if role.mark else None,
    }


def planned_role_facts(state: AccessState, wanted: AccessWanted, role: RoleWanted) -> dict[str, t.Any]:
    """Return a role for a task's result as it will be; ``exists`` says whether it is there already."""
    return {
        "name": role.name,
        "exists": role.name in state.roles,
        "login": role.login,
        "inherit": role.inherit,
        **dict.fromkeys(FORBIDDEN_ATTRIBUTES, False),
        "connection_limit": role.connection_limit,
        "member_of": sorted(wanted_memberships(state, role)),
        "environment": wanted.mark.environment,
    }


def missing_role_facts(name: str) -> dict[str, t.Any]:
    """Return a role that does not exist for a task's result: the same keys, nulls."""
    return {
        "name": name,
        "exists": False,
        **dict.fromkeys(("login", "inherit", *FORBIDDEN_ATTRIBUTES)),
        "connection_limit": None,
        "member_of": [],
        "environment": None,
    }


def _lines(view: t.Mapping[str, t.Any], place: tuple[str, ...] = ()) -> dict[str, t.Any]:
    """Return the view flat: what a line of the diff speaks of stands on that line, for only three lines around a change are shown."""
    lines: dict[str, t.Any] = {}
    for key, value in view.items():
        path = (*place, key)
        if isinstance(value, dict):
            lines |= _lines(value, path)
        else:
            lines[", ".join(path)] = (", ".join(value) or "(none)") if isinstance(value, list) else value
    return lines


def _held(grants: t.Iterable[Grant], grantee: str) -> list[str]:
    return sorted({f"{privilege}{' WITH GRANT OPTION' if option else ''}" for name, privilege, option in grants if name == grantee})


def _role_before(state: AccessState, wanted: AccessWanted, role: RoleWanted, present: RoleState) -> dict[str, t.Any]:
    mark = present.mark
    return {
        "exists": True,
        **{name: bool(present.attributes[name]) for name in ("login", "inherit", *FORBIDDEN_ATTRIBUTES)},
        "connection_limit": present.connection_limit,
        "expires": present.expires,
        "member_of": sorted({f"{item.role}{' WITH ADMIN OPTION' if item.admin else ''}" for item in present.memberships}),
        "password": _password_word(wanted, role, present),
        "environment": mark.environment if mark else None,
        "server": None if mark is None else "(this one)" if mark.server == wanted.mark.server else mark.server,
        "privileges": {
            "database": _held(state.database_grants, role.name),
            "schema": _held(state.schema_grants, role.name),
            **_held_in_schema(state, wanted, KINDS, role.name, {kind: role.privilege_set.on(kind) for kind in KINDS}),
            "future_in_every_schema": _held_everywhere(state, GLOBAL_KINDS, role.name),
        },
    }


def _role_after(state: AccessState, wanted: AccessWanted, role: RoleWanted) -> dict[str, t.Any]:
    rights = role.privilege_set
    present = state.roles.get(role.name)
    unasked = present is not None and present.password == "unasked"
    return {
        "exists": True,
        "login": role.login,
        "inherit": role.inherit,
        **dict.fromkeys(FORBIDDEN_ATTRIBUTES, False),
        "connection_limit": role.connection_limit,
        "expires": False,
        "member_of": sorted(wanted_memberships(state, role)),
        "password": "(not managed)" if not role.login else "(not asked for)" if unasked else "(as declared)",
        "environment": wanted.mark.environment,
        "server": "(this one)",
        "privileges": {
            "database": sorted(rights.database),
            "schema": sorted(rights.schema),
            **_in_schema(KINDS, {kind: rights.on(kind) for kind in KINDS}),
            "future_in_every_schema": {},
        },
    }


def _password_word(wanted: AccessWanted, role: RoleWanted, present: RoleState) -> str:
    if not role.login:
        return "(not managed)"
    if is_copied(present, wanted) and present.mark:
        return f"(copied from {present.mark.environment})"
    return {"fits": "(as declared)", "differs": "(differs)", "unasked": "(not asked for)", "unknown": "(not known)"}[present.password]


def _in_schema(kinds: t.Iterable[str], wanted: t.Mapping[str, t.Iterable[str]]) -> dict[str, t.Any]:
    """Return what is wanted on present and on future objects."""
    return {f"{prefix}{kind}s": sorted(wanted.get(kind, ())) for prefix in ("", "future_") for kind in kinds}


def _held_in_schema(
    state: AccessState, wanted: AccessWanted, kinds: t.Iterable[str], grantee: str, privileges: t.Mapping[str, frozenset[str]]
) -> dict[str, t.Any]:
    """Return the same for what is held."""
    kinds = tuple(kinds)
    return {
        **{f"{kind}s": _held_on_objects(managed_objects(state, wanted, kind), grantee, privileges.get(kind, frozenset())) for kind in kinds},
        **{f"future_{kind}s": _held(state.default_grants.get(kind, frozenset()), grantee) for kind in kinds},
    }


def _held_everywhere(state: AccessState, kinds: t.Iterable[str], grantee: str) -> dict[str, list[str]]:
    """Return the default privileges for all schemas, by kind where there are any: there shall be none."""
    held = {f"{kind}s": _held(state.global_default_grants.get(kind, frozenset()), grantee) for kind in kinds}
    return {kind: privileges for kind, privileges in held.items() if privileges}


def _held_on_objects(objects: t.Sequence[ObjectState], grantee: str, privileges: frozenset[str]) -> list[str] | dict[str, list[str]]:
    """One list when it is the same everywhere; otherwise the objects that differ from the declaration, by name."""
    want = sorted(privileges)
    held = {item.name: _held(item.grants, grantee) + _held_on_columns(item, grantee, privileges) for item in objects}
    different = {name: found for name, found in sorted(held.items()) if found != want}
    if not different:
        return want
    if len(different) == len(held) and len({tuple(found) for found in held.values()}) == 1:
        return next(iter(held.values()))
    return different


def _held_on_columns(item: ObjectState, grantee: str, privileges: frozenset[str]) -> list[str]:
    """Return what a grantee may do with single columns beyond what is wanted on the whole table."""
    return sorted(
        f"{privilege} ({column}){' WITH GRANT OPTION' if option else ''}"
        for column, name, privilege, option in item.column_grants
        if name == grantee and (option or privilege not in privileges)
    )
