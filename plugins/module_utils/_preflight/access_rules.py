# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for roles, limits, passwords and delivery. Pure."""

from __future__ import annotations

import typing as t

from .._local.dotenv import NAME
from .._neon.names import LONGEST_IDENTIFIER, name_fault, reserved_role
from .findings import Finding, finding, shown

Values = t.Mapping[str, t.Any]
Rule = t.Callable[[Values], t.Iterable[Finding]]

#: Roles that hand a member more than an application may have.
POWERFUL_ROLES = frozenset(
    {
        "neon_superuser",
        "cloud_admin",
        "postgres",
        "pg_execute_server_program",
        "pg_read_server_files",
        "pg_write_server_files",
        "pg_write_all_data",
        "pg_create_subscription",
        "pg_checkpoint",
    }
)


def _identifier_problem(name: t.Any) -> str | None:
    fault = name_fault(name) if isinstance(name, str) else "it is no text"
    if fault:
        return fault
    size = len(name.encode())
    return f"the name has {size} bytes, and PostgreSQL cuts names after {LONGEST_IDENTIFIER}" if size > LONGEST_IDENTIFIER else None


def declared_roles(values: Values) -> list[dict[str, t.Any]]:
    """Return the declared access roles that have a name, whatever else is wrong with them."""
    roles = values.get("db_access_roles")
    return [role for role in roles if isinstance(role, dict) and isinstance(role.get("name"), str)] if isinstance(roles, list) else []


def identifiers(values: Values) -> t.Iterator[Finding]:
    """Names of databases, schemas and owners must fit."""
    for variable in ("neon_owner_role", "neon_database_name", "db_access_schema"):
        if variable not in values or values[variable] is None:
            continue
        problem = _identifier_problem(values[variable]) or (reserved_role(values[variable]) if variable == "neon_owner_role" else None)
        if problem:
            yield finding(values, variable, problem, "Choose another name")


def roles(values: Values) -> t.Iterator[Finding]:
    """Names of the access roles: given once, fitting, not the owner's, not reserved."""
    seen: set[str] = set()
    owner = values.get("neon_owner_role")
    for role in declared_roles(values):
        name = role["name"]
        place = "db_access_roles"
        problem = _identifier_problem(name) or reserved_role(name)
        if problem:
            yield Finding(place, shown(name), problem, "Choose another name")
        elif name in seen:
            yield Finding(place, shown(name), "two roles have this name", "Remove one of them")
        elif name == owner:
            yield Finding(
                place,
                shown(name),
                "this is the owner (neon_owner_role), which the provider makes with more rights than an application may have",
                "Choose another name for one of the two",
            )
        seen.add(name)


def memberships(values: Values) -> t.Iterator[Finding]:
    """No declared role may be a member of a powerful one, of itself, or of one that the proof forbids."""
    forbidden = POWERFUL_ROLES | set(values.get("db_proof_forbidden_roles") or ())
    for role in declared_roles(values):
        for group in role.get("member_of") or ():
            value = shown({"name": role["name"], "member_of": group})
            if group in forbidden or group == values.get("neon_owner_role"):
                yield Finding(
                    "db_access_roles", value, f"members of {group} have rights that this declaration does not give", "Remove the membership"
                )
            elif group == role["name"]:
                yield Finding("db_access_roles", value, "a role cannot be a member of itself", "Remove the membership")


def limit_of(role: t.Mapping[str, t.Any]) -> int | None:
    """Return the connections that a declared role may hold, None if it has no limit."""
    limit = role.get("connection_limit")
    return limit if isinstance(limit, int) and limit >= 0 else None


def limits(values: Values) -> t.Iterator[Finding]:
    """A limit must be one that PostgreSQL knows and under which the role can connect; without one, a role can take every connection."""
    pool = values.get("db_pool_max")
    for role in declared_roles(values):
        limit = role.get("connection_limit", -1)
        value = shown({"name": role["name"], "connection_limit": limit})
        if limit == 0 or (isinstance(limit, int) and limit < -1):
            yield Finding(
                "db_access_roles",
                value,
                "with this limit nobody can connect" if limit == 0 else "a limit is -1 (none) or at least 1",
                "Declare at least 1",
            )
        elif limit_of(role) is None and role.get("privileges") == "application":
            yield Finding(
                "db_access_roles",
                value,
                "without a limit the pool's maximum (db_pool_max) is not enforced",
                f"Declare connection_limit: {pool or 'the pool has'}",
            )
        elif limit_of(role) is None:
            yield Finding(
                "db_access_roles",
                value,
                "without a limit this role can take every free connection, and the connection arithmetic cannot count it",
                "Declare a connection_limit, 3 is usual",
                warning=True,
            )


def pool_limits(values: Values) -> t.Iterator[Finding]:
    """The application's roles are where the pool's maximum is enforced: PostgreSQL limits each by itself, so they count together."""
    pool = values.get("db_pool_max")
    limited = application_limits(values)
    total = sum(limit for _name, limit in limited)
    if pool is None or pool < 1 or total <= pool:
        return
    yield Finding(
        "db_access_roles",
        shown([{"name": name, "connection_limit": limit} for name, limit in limited]),
        f"the application's roles may hold {total} connections together ({' + '.join(f'{name} {limit}' for name, limit in limited)}), "
        f"which is above the pool's maximum (db_pool_max = {pool})",
        f"Lower their limits to a sum of at most {pool}, or raise db_pool_max to {total}",
    )


def application_limits(values: Values) -> list[tuple[str, int]]:
    """Return name and limit of each application role that has a limit."""
    applications = (role for role in declared_roles(values) if role.get("privileges") == "application")
    return [(role["name"], limit) for role in applications if (limit := limit_of(role))]


def passwords(values: Values) -> t.Iterator[Finding]:
    """A declared password must belong to a declared role, and be one."""
    given = values.get("db_access_passwords")
    if not isinstance(given, dict):
        return
    known = {role["name"] for role in declared_roles(values)}
    for name, password in given.items():
        if name not in known:
            yield Finding(
                "db_access_passwords",
                shown(name),
                "no declared role has this name",
                "Correct the name, else the role that it was meant for gets a generated password",
            )
        elif not isinstance(password, str) or not password:
            yield Finding(
                "db_access_passwords",
                shown(name),
                "the password is empty or no text",
                "Look at the secret store that it comes from, or remove the entry and one is generated",
            )
        elif "\0" in password:
            yield Finding(
                "db_access_passwords",
                shown(name),
                "the password holds a null character, which no text in PostgreSQL may",
                "Look at the secret store that it comes from: what it gives may be binary, or in UTF-16",
            )


def delivery(values: Values) -> t.Iterator[Finding]:
    """What is delivered must be declared, and what the proof will look for must be what is delivered."""
    name = values.get("db_delivery_role")
    if name is not None and "db_access_roles" in values:
        role = next((role for role in declared_roles(values) if role["name"] == name), None)
        if role is None:
            yield finding(values, "db_delivery_role", "db_access_roles declares no such role", "Declare the role, or correct the name")
        else:
            yield from _delivered_limit(values, role)
    variables = {
        variable: values[variable] for variable in ("db_delivery_pooled_variable", "db_delivery_direct_variable") if values.get(variable) is not None
    }
    for variable, text in variables.items():
        if not NAME.match(text):
            yield finding(
                values, variable, "this is not the name of an environment variable", "Use letters, digits and underscores, not beginning with a digit"
            )
    if len(variables) == 2 and len(set(variables.values())) == 1:
        yield finding(values, "db_delivery_direct_variable", "both connection strings have the same variable", "Declare two different names")
    file = values.get("db_delivery_file")
    if file is not None and file == values.get("db_access_secret_file"):
        yield finding(values, "db_delivery_file", "this is db_access_secret_file, which has another format", "Declare two different files")


def _delivered_limit(values: Values, role: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    if role.get("privileges") not in (None, "application"):
        yield finding(
            values,
            "db_delivery_role",
            f"the application would connect as a role with the privileges of {role['privileges']}",
            "Deliver an application role",
            warning=True,
        )
    wanted = values.get("db_proof_connection_limit")
    limit = role.get("connection_limit", -1)
    if wanted is not None and limit != wanted:
        yield Finding(
            "db_access_roles",
            shown({"name": role["name"], "connection_limit": limit}),
            f"the proof will expect a limit of {wanted} (db_proof_connection_limit)",
            f"Declare connection_limit: {wanted}",
        )


RULES: tuple[Rule, ...] = (identifiers, roles, memberships, limits, pool_limits, passwords, delivery)
