# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of ``pg_access`` for privileges: on database, schema, objects and future objects. Pure: no SQL driver, no Ansible."""

from __future__ import annotations

import typing as t

from .._core.errors import InputError
from .._core.reconcile import Change
from .access_model import GLOBAL_KINDS, KINDS, PUBLIC, PUBLIC_KINDS, AccessState, AccessWanted, Grant, ObjectState, managed_objects
from .statement import Identifier, Keywords, Part, Several, Statement

#: Objects per GRANT: keeps statements readable in the server's log.
CHUNK = 100

_PLURAL = {"table": "TABLES", "sequence": "SEQUENCES", "routine": "ROUTINES", "schema": "SCHEMAS"}

_NOTHING: frozenset[str] = frozenset()


def plan_privileges(state: AccessState, wanted: AccessWanted) -> list[Change]:
    """Plan the statements after which the declared roles have exactly the declared privileges, and PUBLIC none that would add to them.

    :raises InputError: if the login user may not change them.
    """
    changes = _plan_database(state, wanted)
    # Before the schema: what is left there would be on a schema that is made next.
    changes += _plan_global_defaults(state, wanted)
    changes += _plan_schema(state, wanted)
    changes += _plan_objects(state, wanted)
    return changes


def _plan_database(state: AccessState, wanted: AccessWanted) -> list[Change]:
    name = wanted.database
    changes = _revoke_from_public("DATABASE", name, "CONNECT", state.database_grants)
    for role in wanted.roles:
        changes += _compare("DATABASE", f"database {name}", (Identifier(name),), state.database_grants, role.name, role.privilege_set.database)
    if changes and not state.may_manage_database:
        raise _not_ours(state, f"database {name}", state.database_owner)
    return changes


def _plan_schema(state: AccessState, wanted: AccessWanted) -> list[Change]:
    name = wanted.schema
    changes: list[Change] = []
    if not state.schema_exists:
        if not state.may_create_schema:
            raise InputError(
                f"schema {name} does not exist and {state.login_user} may not create it",
                where="option schema",
                why=f"that takes the CREATE privilege on database {wanted.database}",
                remedy="Create it, or correct the name",
            )
        parts: dict[str, Part] = {"schema": Identifier(name), "owner": Identifier(wanted.owner)}
        changes.append(Change("create", f"schema {name}", Statement("CREATE SCHEMA {schema} AUTHORIZATION {owner}", parts, f"create schema {name}")))
    changes += _revoke_from_public("SCHEMA", name, "CREATE", state.schema_grants)
    for role in wanted.roles:
        changes += _compare("SCHEMA", f"schema {name}", (Identifier(name),), state.schema_grants, role.name, role.privilege_set.schema)
    if changes and state.schema_exists and not state.may_manage_schema:
        raise _not_ours(state, f"schema {name}", state.schema_owner)
    return changes


def _plan_objects(state: AccessState, wanted: AccessWanted) -> list[Change]:
    # PUBLIC's privileges are everybody's. On tables and sequences there are none unless somebody grants them; on routines EXECUTE is
    # PostgreSQL's default, which stays.
    changes: list[Change] = []
    for kind in PUBLIC_KINDS:
        changes += _compare_objects(kind, managed_objects(state, wanted, kind), PUBLIC, _NOTHING)
        changes += _compare_defaults(wanted, kind, state.default_grants.get(kind, frozenset()), PUBLIC, _NOTHING)
    for role in wanted.roles:
        for kind in KINDS:
            privileges = role.privilege_set.on(kind)
            changes += _compare_objects(kind, managed_objects(state, wanted, kind), role.name, privileges)
            changes += _compare_defaults(wanted, kind, state.default_grants.get(kind, frozenset()), role.name, privileges)
    if changes and not state.may_act_as_owner:
        raise _not_ours(state, f"the objects of {wanted.owner} in schema {wanted.schema}", wanted.owner)
    return changes


def _plan_global_defaults(state: AccessState, wanted: AccessWanted) -> list[Change]:
    """Default privileges without a schema would reach every future object of the owner, beyond what is declared for this schema."""
    changes: list[Change] = []
    for kind in GLOBAL_KINDS:
        grants = state.global_default_grants.get(kind, frozenset())
        public = [PUBLIC] if kind in PUBLIC_KINDS else []
        for grantee in (*public, *(role.name for role in wanted.roles)):
            changes += _compare_defaults(wanted, kind, grants, grantee, _NOTHING, everywhere=True)
    if changes and not state.may_act_as_owner:
        raise _not_ours(state, f"the future objects of {wanted.owner}", wanted.owner)
    return changes


def _not_ours(state: AccessState, what: str, owner: str) -> InputError:
    """Without the right to do it, GRANT and REVOKE only warn and do nothing; so this is said before."""
    return InputError(
        f"{state.login_user} may not change the privileges on {what}",
        where="option login",
        why=f"it belongs to {owner}, and {state.login_user} is no member of that role",
        remedy=f"Log in as {owner}",
    )


def _revoke_from_public(kind: str, name: str, privilege: str, grants: t.Iterable[Grant]) -> list[Change]:
    if not _has(grants, PUBLIC, privilege):
        return []
    subject = f"{privilege} on {kind.lower()} {name} from PUBLIC"
    return [
        Change("revoke", subject, Statement(f"REVOKE {privilege} ON {kind} {{name}} FROM PUBLIC", {"name": Identifier(name)}, f"revoke {subject}"))
    ]


def _has(grants: t.Iterable[Grant], grantee: str, privilege: str) -> bool:
    return any(grant[0] == grantee and grant[1] == privilege for grant in grants)


def _difference(grants: t.Iterable[Grant], role: str, privileges: frozenset[str], partial: t.Iterable[Grant] = ()) -> dict[str, tuple[str, ...]]:
    """Return what to grant, to revoke, and of what to revoke the grant option.

    :param partial: grants on parts of the object (columns): they never stand for one on the whole, but go with it.
    """
    whole = {(privilege, option) for grantee, privilege, option in grants if grantee == role}
    mine = whole | {(privilege, option) for grantee, privilege, option in partial if grantee == role}
    return {
        "grant": tuple(sorted(privileges - {privilege for privilege, option in whole})),
        "revoke": tuple(sorted({privilege for privilege, option in mine} - privileges)),
        "option": tuple(sorted({privilege for privilege, option in mine if option} & privileges)),
    }


_TEMPLATES = {
    "grant": "GRANT {privileges} ON {kind} {objects} TO {role}",
    "revoke": "REVOKE {privileges} ON {kind} {objects} FROM {role}",
    "option": "REVOKE GRANT OPTION FOR {privileges} ON {kind} {objects} FROM {role}",
}


def _grantee(role: str) -> Part:
    return Keywords("PUBLIC") if role == PUBLIC else Identifier(role)


def _step(verb: str, privileges: tuple[str, ...], kind: str, what: str, objects: t.Sequence[Part], role: str) -> Change:
    words = ", ".join(privileges)
    subject = f"{'grant option for ' if verb == 'option' else ''}{words} on {what} {'to' if verb == 'grant' else 'from'} {role or 'PUBLIC'}"
    action = "grant" if verb == "grant" else "revoke"
    parts: dict[str, Part] = {"privileges": Keywords(words), "kind": Keywords(kind), "objects": Several(tuple(objects)), "role": _grantee(role)}
    return Change(action, subject, Statement(_TEMPLATES[verb], parts, f"{action} {subject}"))


def _compare(kind: str, what: str, objects: t.Sequence[Part], grants: t.Iterable[Grant], role: str, privileges: frozenset[str]) -> list[Change]:
    todo = _difference(grants, role, privileges)
    return [_step(verb, names, kind, what, objects, role) for verb, names in todo.items() if names]


def _compare_objects(kind: str, objects: t.Sequence[ObjectState], role: str, privileges: frozenset[str]) -> list[Change]:
    """Group objects with the same difference, so that a thousand new tables cost a handful of statements.

    A privilege on columns is revoked on the whole table: PostgreSQL then takes it from every column as well (REVOKE, "Notes").
    """
    groups: dict[tuple[str, tuple[str, ...]], list[ObjectState]] = {}
    for item in objects:
        for verb, names in _difference(item.grants, role, privileges, [grant[1:] for grant in item.column_grants]).items():
            if names:
                groups.setdefault((verb, names), []).append(item)
    changes: list[Change] = []
    for (verb, names), members in groups.items():
        for start in range(0, len(members), CHUNK):
            chunk = members[start : start + CHUNK]
            what = f"{kind} {chunk[0].name}" if len(chunk) == 1 else f"{len(chunk)} {_PLURAL[kind].lower()}"
            changes.append(_step(verb, names, kind.upper(), what, [item.part for item in chunk], role))
    return changes


def _compare_defaults(
    wanted: AccessWanted, kind: str, grants: t.Iterable[Grant], role: str, privileges: frozenset[str], *, everywhere: bool = False
) -> list[Change]:
    """:param everywhere: the default privileges without a schema, which reach every schema."""
    changes: list[Change] = []
    for verb, names in _difference(grants, role, privileges).items():
        if not names:
            continue
        words = ", ".join(names)
        scope = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} " if everywhere else "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} "
        parts: dict[str, Part] = {
            "owner": Identifier(wanted.owner),
            "privileges": Keywords(words),
            "kind": Keywords(_PLURAL[kind]),
            "role": _grantee(role),
        }
        if not everywhere:
            parts["schema"] = Identifier(wanted.schema)
        option = "grant option for " if verb == "option" else ""
        future = f"future {_PLURAL[kind].lower()} of {wanted.owner}{' in every schema' if everywhere and kind != 'schema' else ''}"
        subject = f"{option}{words} on {future} {'to' if verb == 'grant' else 'from'} {role or 'PUBLIC'}"
        action = "grant" if verb == "grant" else "revoke"
        template = scope + _TEMPLATES[verb].replace("{kind} {objects}", "{kind}")
        changes.append(Change(action, subject, Statement(template, parts, f"{action} {subject}")))
    return changes
