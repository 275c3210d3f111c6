# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What access is, as data: the declaration and the state of a server. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .role_mark import Mark, read_mark
from .statement import Identifier, Routine

#: The grantee of privileges that everybody has. No role can have an empty name.
PUBLIC = ""

#: Attributes that no role of this module ever has.
FORBIDDEN_ATTRIBUTES = ("superuser", "createdb", "createrole", "replication", "bypassrls")

#: The predefined role behind ``privileges: monitoring``.
MONITORING_ROLE = "pg_monitor"


@dataclasses.dataclass(frozen=True)
class PrivilegeSet:
    """What a kind of role may do in one database and one schema of it; exactly this, on present and on future objects."""

    database: frozenset[str] = frozenset()
    schema: frozenset[str] = frozenset()
    table: frozenset[str] = frozenset()
    sequence: frozenset[str] = frozenset()
    routine: frozenset[str] = frozenset()
    member_of: frozenset[str] = frozenset()

    def on(self, kind: str) -> frozenset[str]:
        """Return the privileges on one kind of object: ``database``, ``schema``, ``table``, ``sequence`` or ``routine``."""
        return getattr(self, kind)


PRIVILEGE_SETS: dict[str, PrivilegeSet] = {
    "application": PrivilegeSet(
        database=frozenset({"CONNECT"}),
        schema=frozenset({"USAGE"}),
        table=frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"}),
        sequence=frozenset({"USAGE", "SELECT", "UPDATE"}),
        routine=frozenset({"EXECUTE"}),
    ),
    "readonly": PrivilegeSet(
        database=frozenset({"CONNECT"}), schema=frozenset({"USAGE"}), table=frozenset({"SELECT"}), sequence=frozenset({"SELECT"})
    ),
    "monitoring": PrivilegeSet(database=frozenset({"CONNECT"}), member_of=frozenset({MONITORING_ROLE})),
    "none": PrivilegeSet(),
}


@dataclasses.dataclass(frozen=True)
class RoleWanted:
    """A declared role.

    :param connection_limit: connections at once, -1 for any number.
    :param password: None where the role does not log in; never shown.
    """

    name: str
    privileges: str
    login: bool = True
    inherit: bool = True
    connection_limit: int = -1
    member_of: frozenset[str] = frozenset()
    password: str | None = dataclasses.field(default=None, repr=False)

    @property
    def privilege_set(self) -> PrivilegeSet:
        """The privileges behind the word."""
        return PRIVILEGE_SETS[self.privileges]


@dataclasses.dataclass(frozen=True)
class AccessWanted:
    """A whole declaration.

    :param owner: the role that owns the schema's objects and will make more of them.
    :param mark: what the roles are marked with.
    :param clear_passwords: send passwords as they are, because the server refuses verifiers.
    """

    database: str
    schema: str
    owner: str
    mark: Mark
    roles: tuple[RoleWanted, ...]
    clear_passwords: bool = False


@dataclasses.dataclass(frozen=True)
class Membership:
    """One row of ``pg_auth_members``: the role is a member of ``role``, by the grant of ``grantor``."""

    role: str
    admin: bool
    grantor: str


@dataclasses.dataclass(frozen=True)
class RoleState:
    """A role as the server has it.

    :param attributes: ``login``, ``inherit`` and the forbidden ones.
    :param expires: whether VALID UNTIL is set to a finite time.
    :param all_member_of: every role that this one is a member of, directly or through others.
    :param may_alter: whether the login user may alter it.
    :param password: ``fits``, ``differs``, ``unasked`` (the server lets it in without), or ``unknown`` (not looked up).
    """

    name: str
    attributes: t.Mapping[str, bool]
    connection_limit: int
    expires: bool = False
    memberships: tuple[Membership, ...] = ()
    all_member_of: frozenset[str] = frozenset()
    may_alter: bool = True
    comment: str | None = None
    password: str = "unknown"

    @property
    def member_of(self) -> frozenset[str]:
        """Direct memberships."""
        return frozenset(membership.role for membership in self.memberships)

    @property
    def mark(self) -> Mark | None:
        """The mark in the role's comment."""
        return read_mark(self.comment)


#: (grantee, privilege, with grant option)
Grant = tuple[str, str, bool]

#: (column, grantee, privilege, with grant option)
ColumnGrant = tuple[str, str, str, bool]

#: Kinds of objects in a schema.
KINDS = ("table", "sequence", "routine")

#: Kinds on which PUBLIC shall have nothing. Not routines: PostgreSQL itself gives PUBLIC the right to EXECUTE them.
PUBLIC_KINDS = ("table", "sequence")

#: Kinds whose default privileges can be for all schemas.
GLOBAL_KINDS = (*KINDS, "schema")


@dataclasses.dataclass(frozen=True)
class ObjectState:
    """A table (also a view or foreign table), sequence or routine of the schema that belongs to no extension.

    :param column_grants: those on single columns, which ``grants`` does not have.
    """

    kind: str
    part: Identifier | Routine
    owner: str
    grants: frozenset[Grant] = frozenset()
    column_grants: frozenset[ColumnGrant] = frozenset()

    @property
    def name(self) -> str:
        """The object's name for people, without its schema."""
        if isinstance(self.part, Routine):
            return f"{self.part.name}({self.part.arguments})"
        return self.part.parts[-1]


@dataclasses.dataclass(frozen=True)
class AccessState:
    """What the server has.

    :param login_user: who we are.
    :param may_manage_database: whether we may act as the database's owner; likewise for the schema and for the declared owner.
    :param default_grants: by kind of object, the default privileges of the declared owner in the schema.
    :param global_default_grants: likewise those for all schemas.
    :param grantable: for every role that is or shall be granted: whether we may grant and revoke it. A missing name does not exist.
    """

    major: int
    login_user: str
    login_superuser: bool = False
    database_owner: str = ""
    may_manage_database: bool = True
    may_create_schema: bool = True
    database_grants: frozenset[Grant] = frozenset()
    schema_exists: bool = True
    may_manage_schema: bool = True
    schema_owner: str = ""
    schema_grants: frozenset[Grant] = frozenset()
    owner_exists: bool = True
    may_act_as_owner: bool = True
    objects: tuple[ObjectState, ...] = ()
    default_grants: t.Mapping[str, frozenset[Grant]] = dataclasses.field(default_factory=dict)
    global_default_grants: t.Mapping[str, frozenset[Grant]] = dataclasses.field(default_factory=dict)
    roles: t.Mapping[str, RoleState] = dataclasses.field(default_factory=dict)
    grantable: t.Mapping[str, bool] = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def empty_server(major: int, wanted: AccessWanted) -> AccessState:
    """Return the state of a new database on a new server, on which a prediction plans.

    A database starts with CONNECT and TEMPORARY for PUBLIC and a schema ``public``, on which PUBLIC may create things up to PostgreSQL 14.
    """
    schema_exists = wanted.schema == "public"
    schema_grants = {(PUBLIC, "USAGE", False)} | ({(PUBLIC, "CREATE", False)} if major < 15 else set())
    names = {name for role in wanted.roles for name in role.member_of | role.privilege_set.member_of}
    return AccessState(
        major=major,
        login_user=wanted.owner,
        database_owner=wanted.owner,
        database_grants=frozenset({(PUBLIC, "CONNECT", False), (PUBLIC, "TEMPORARY", False)}),
        schema_exists=schema_exists,
        schema_grants=frozenset(schema_grants) if schema_exists else frozenset(),
        grantable=dict.fromkeys(names, True),
    )


def hand_over(state: AccessState, wanted: AccessWanted, user: str) -> AccessState:
    """Return the state of a copy, read on the original, whose database an earlier task would hand over to the login user of the run.

    :param user: that login user. Nothing differs if the original's database is its own.
    """
    if state.login_user == user:
        return state
    ours = wanted.owner == user
    return dataclasses.replace(state, login_user=user, owner_exists=state.owner_exists or ours, may_act_as_owner=state.may_act_as_owner or ours)


def managed_objects(state: AccessState, wanted: AccessWanted, kind: str) -> list[ObjectState]:
    """Return the objects that the declared owner can grant privileges on: its own."""
    return [item for item in state.objects if item.kind == kind and item.owner == wanted.owner]


def is_copied(role: RoleState | None, wanted: AccessWanted) -> bool:
    """Return whether a role came along with a copy of another environment."""
    return bool(role and role.mark and role.mark.environment != wanted.mark.environment and role.mark.server != wanted.mark.server)


def copied_logins(state: AccessState, wanted: AccessWanted) -> list[RoleState]:
    """Return the undeclared roles with a login that came along with a copy, by name."""
    declared = {role.name for role in wanted.roles}
    return [role for name, role in sorted(state.roles.items()) if name not in declared and is_copied(role, wanted) and role.attributes["login"]]


def wanted_memberships(state: AccessState, role: RoleWanted) -> frozenset[str]:
    """Return the roles that a declared role shall be a member of.

    Predefined roles behind a word such as ``monitoring`` count where the login user may grant them or somebody has; declared ones always.
    """
    present = state.roles.get(role.name)
    held = present.member_of if present else frozenset()
    return role.member_of | frozenset(name for name in role.privilege_set.member_of if state.grantable.get(name) or name in held)
