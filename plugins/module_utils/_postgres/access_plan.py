# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of ``pg_access``: roles, and what stands in the way. Pure: no SQL driver, no Ansible."""

from __future__ import annotations

from .._core.errors import InputError
from .._core.reconcile import Change, Plan
from .access_model import (
    FORBIDDEN_ATTRIBUTES,
    AccessState,
    AccessWanted,
    RoleState,
    RoleWanted,
    copied_logins,
    is_copied,
    wanted_memberships,
)
from .access_view import view_after, view_before
from .privilege_plan import plan_privileges
from .role_mark import write_mark
from .statement import Identifier, Keywords, Literal, Part, Password, Statement


def plan_access(state: AccessState, wanted: AccessWanted) -> Plan:
    """Plan the statements after which the declared roles have exactly the declared attributes, memberships and privileges.

    :raises InputError: if the declaration cannot be brought about: no password, the wrong server, no right to change a role.
    """
    check_marks(state, wanted)
    _check_names(state, wanted)
    changes: list[Change] = []
    for role in wanted.roles:
        changes += _plan_role(state, wanted, role)
    changes += _plan_copied_roles(state, wanted)
    changes += plan_privileges(state, wanted)
    return Plan(tuple(changes), view_before(state, wanted), view_after(state, wanted), state.warnings + _warnings(state, wanted))


def check_marks(state: AccessState, wanted: AccessWanted) -> None:
    """Refuse a server that belongs to another environment.

    :raises InputError: naming the environment.
    """
    for role in state.roles.values():
        mark = role.mark
        if mark and mark.server == wanted.mark.server and mark.environment != wanted.mark.environment:
            raise InputError(
                f"this server belongs to the environment {mark.environment}, not to {wanted.mark.environment}",
                where=f"role {role.name} on {mark.server}",
                why=f"the role was made there for {mark.environment}",
                remedy="Check which branch or host the inventory names",
            )


# Roles


def _plan_role(state: AccessState, wanted: AccessWanted, role: RoleWanted) -> list[Change]:
    present = state.roles.get(role.name)
    _check_password(wanted, role, present)
    if present is None:
        changes = [_create_role(wanted, role)]
    else:
        changes = _alter_role(wanted, role, present)
    comment = write_mark(present.comment if present else None, wanted.mark)
    if present is None or present.comment != comment:
        statement = Statement("COMMENT ON ROLE {role} IS {text}", {"role": Identifier(role.name), "text": Literal(comment)}, f"mark role {role.name}")
        changes.append(Change("mark", f"role {role.name} as one of {wanted.mark.environment}", statement))
    changes += _plan_memberships(state, role, present)
    if present is not None:
        _check_may_alter(state, present, changes, wanted_memberships(state, role))
    return changes


def _check_password(wanted: AccessWanted, role: RoleWanted, present: RoleState | None) -> None:
    if not role.login:
        return
    if not role.password:
        raise InputError(
            f"role {role.name} exists, but its password is missing" if present else f"role {role.name} has no password",
            where=f"option passwords, key {role.name}",
            why="a password that is lost is never reset silently: whoever uses it would be locked out"
            if present
            else "a role that logs in needs one",
            remedy="Restore the secret, or set a new one on purpose" if present else "Pass one, or declare login: false",
        )
    if present and is_copied(present, wanted) and present.password == "fits" and present.mark:
        raise InputError(
            f"role {role.name} would have the same password as in the environment {present.mark.environment}",
            where=f"option passwords, key {role.name}",
            why="the role came along with a copy, and the declared password is the copied one",
            remedy=f"Use another password for {wanted.mark.environment}",
        )


def _attribute_word(attribute: str, value: bool) -> str:
    return attribute.upper() if value else f"NO{attribute.upper()}"


def _create_role(wanted: AccessWanted, role: RoleWanted) -> Change:
    words = [_attribute_word(name, False) for name in FORBIDDEN_ATTRIBUTES]
    words += [_attribute_word("inherit", role.inherit), _attribute_word("login", role.login)]
    parts: dict[str, Part] = {"role": Identifier(role.name), "words": Keywords(" ".join(words)), "limit": Literal(role.connection_limit)}
    template = "CREATE ROLE {role} {words} CONNECTION LIMIT {limit}"
    clear = None
    if role.login and role.password:
        if wanted.clear_passwords:
            clear = Password(role.name, role.password)
        else:
            template += " PASSWORD {password}"
            parts["password"] = Password(role.name, role.password)
    return Change("create", f"role {role.name}", Statement(template, parts, f"create role {role.name}", clear))


def _alter_role(wanted: AccessWanted, role: RoleWanted, present: RoleState) -> list[Change]:
    """Only what differs may be named: a role without SUPERUSER must not even say NOSUPERUSER of another role."""
    wanted_attributes = {"login": role.login, "inherit": role.inherit, **dict.fromkeys(FORBIDDEN_ATTRIBUTES, False)}
    words = [_attribute_word(name, value) for name, value in wanted_attributes.items() if present.attributes[name] != value]
    options: list[str] = []
    subject: list[str] = [word.lower() for word in words]
    parts: dict[str, Part] = {"role": Identifier(role.name)}
    clear = None
    if words:
        options.append("{words}")
        parts["words"] = Keywords(" ".join(words))
    if present.connection_limit != role.connection_limit:
        options.append("CONNECTION LIMIT {limit}")
        parts["limit"] = Literal(role.connection_limit)
        subject.append(f"connection limit {role.connection_limit}")
    if present.expires:
        options.append("VALID UNTIL {until}")
        parts["until"] = Literal("infinity")
        subject.append("no expiry")
    if role.login and role.password and _password_to_set(wanted, present):
        subject.append("password")
        if wanted.clear_passwords:
            clear = Password(role.name, role.password)
        else:
            options.append("PASSWORD {password}")
            parts["password"] = Password(role.name, role.password)
    if not options and clear is None:
        return []
    template = "ALTER ROLE {role} " + " ".join(options) if options else ""
    statement = Statement(template, parts, f"alter role {role.name}", clear)
    return [Change("alter", f"role {role.name}: {', '.join(subject)}", statement)]


def _password_to_set(wanted: AccessWanted, present: RoleState) -> bool:
    # "unknown" is a role that could not log in so far: nobody can say which password it has.
    return present.password in ("differs", "unknown") or is_copied(present, wanted)


def _plan_memberships(state: AccessState, role: RoleWanted, present: RoleState | None) -> list[Change]:
    changes: list[Change] = []
    target = Identifier(role.name)
    wanted = wanted_memberships(state, role)
    for name in sorted(wanted - (present.member_of if present else frozenset())):
        purpose = f"grant role {name} to {role.name}"
        changes.append(
            Change("grant", f"role {name} to {role.name}", Statement("GRANT {group} TO {role}", {"group": Identifier(name), "role": target}, purpose))
        )
    for membership in present.memberships if present else ():
        undeclared = membership.role not in wanted
        if not undeclared and not membership.admin:
            continue
        template = "REVOKE {group} FROM {role}" if undeclared else "REVOKE ADMIN OPTION FOR {group} FROM {role}"
        parts: dict[str, Part] = {"group": Identifier(membership.role), "role": target}
        if state.major >= 16:
            # From 16 on a membership belongs to its grantor, and a plain REVOKE only finds our own.
            template += " GRANTED BY {grantor}"
            parts["grantor"] = Identifier(membership.grantor)
        subject = f"{'role' if undeclared else 'admin option on role'} {membership.role} from {role.name}"
        changes.append(Change("revoke", subject, Statement(template, parts, f"revoke {subject}")))
    return changes


def _check_may_alter(state: AccessState, present: RoleState, changes: list[Change], keep: frozenset[str]) -> None:
    """Say what stands in the way before the server does: on 16 and newer a CREATEROLE user can only alter what it administers.

    :param keep: the memberships that shall stay.
    """
    stuck = sorted({item.role for item in present.memberships if (item.role not in keep or item.admin) and not state.grantable.get(item.role)})
    superuser = present.attributes["superuser"] and not state.login_superuser
    alters = any(change.action in ("alter", "mark") for change in changes)
    if superuser:
        why = f"role {present.name} is a superuser and {state.login_user} is not"
    elif stuck:
        why = f"role {present.name} is a member of {', '.join(stuck)}, and {state.login_user} may not revoke that"
    elif alters and not present.may_alter and state.major < 16:
        why = "before PostgreSQL 16 only a superuser may alter a role with REPLICATION or BYPASSRLS, and CREATEROLE is needed for others"
    elif alters and not present.may_alter:
        why = f"{state.login_user} neither made role {present.name} nor has the ADMIN OPTION on it"
    else:
        return
    left = [change.describe() for change in changes]
    raise InputError(
        f"role {present.name} is not what is declared and cannot be changed by {state.login_user}",
        where=f"option roles, {present.name}",
        why=f"{why}. To do: {'; '.join(left)}",
        remedy="Roles made through a provider's API are administrators: declare another name, or remove the role there first",
        details={"left": left},
    )


def _plan_copied_roles(state: AccessState, wanted: AccessWanted) -> list[Change]:
    """Undeclared roles that came along with a copy must not let the other environment's credentials in."""
    changes: list[Change] = []
    for role in copied_logins(state, wanted):
        origin = role.mark.environment if role.mark else "elsewhere"
        statement = Statement("ALTER ROLE {role} NOLOGIN", {"role": Identifier(role.name)}, f"take the login from role {role.name}")
        step = [Change("alter", f"role {role.name}: nologin (copied from {origin})", statement)]
        _check_may_alter(state, role, step, role.member_of)
        changes += step
    return changes


# What stands in the way


def _check_names(state: AccessState, wanted: AccessWanted) -> None:
    if not state.owner_exists:
        raise InputError(
            f"role {wanted.owner} does not exist", where="option owner", remedy="Name the role that owns the tables, or leave the option out"
        )
    for role in wanted.roles:
        for name in sorted(role.member_of):
            where = f"option roles, {role.name}, member_of"
            if name not in state.grantable:
                raise InputError(f"there is no role {name} to be a member of", where=where, remedy="Create it first, or correct the name")
            if not state.grantable[name] and not _is_member(state, role.name, name):
                raise InputError(
                    f"{state.login_user} may not grant role {name}",
                    where=where,
                    why="that takes the ADMIN OPTION on it",
                    remedy="Leave it out, or have it granted WITH ADMIN OPTION to the login user",
                )


def _is_member(state: AccessState, role: str, group: str) -> bool:
    present = state.roles.get(role)
    return bool(present and group in present.member_of)


def _warnings(state: AccessState, wanted: AccessWanted) -> tuple[str, ...]:
    texts: list[str] = []
    foreign = sorted({item.owner for item in state.objects if item.owner != wanted.owner})
    for owner in foreign:
        count = sum(item.owner == owner for item in state.objects)
        texts.append(f"{count} objects in schema {wanted.schema} belong to {owner}, not to {wanted.owner}: privileges on them are not managed")
    for role in wanted.roles:
        present = state.roles.get(role.name)
        if present and present.password == "unasked":
            texts.append(f"role {role.name} is let in without a password (trust in pg_hba.conf): whether it is the declared one cannot be told")
        if present and role.login and present.attributes["login"] and present.password == "unknown" and not is_copied(present, wanted):
            texts.append(f"whether role {role.name} has the declared password is not tried before its server exists: a run may find that it fits")
        for name in sorted(role.privilege_set.member_of):
            if not state.grantable.get(name) and not _is_member(state, role.name, name):
                texts.append(f"{state.login_user} may not grant {name}: role {role.name} sees less of the server's statistics")
    return tuple(texts)
