# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may set what, and what it takes to let somebody do so. Pure.

The server's rules are those of AlterSystemSetConfigFile and validate_option_array_item (guc.c), AlterDatabaseSet (dbcommands.c) and
AlterRoleSet (user.c).
"""

from __future__ import annotations

from .._core.errors import InputError
from .setting_catalogue import Parameter
from .setting_model import SettingState, SettingWanted
from .statement import Identifier, Keywords, Statement
from .statement_text import statement_text

#: The first major on which a superuser can let others set single parameters.
_GRANTS_ON_PARAMETERS = 15


def check_rights(state: SettingState, item: SettingWanted, parameter: Parameter) -> None:
    """Refuse a change that the login user may not make.

    :raises InputError: with the privilege that is missing, who can give it, and by which statement.
    """
    if state.login_superuser:
        return
    if item.scope.is_system:
        if not state.backend.by_sql:
            # What the provider's API lets its key do is no privilege of the server's.
            return
        if parameter.name.lower() not in state.alterable:
            raise _no_privilege(state, parameter, "ALTER SYSTEM", " for the whole server")
        return
    # A name that the server does not know might be a superuser's parameter, so it takes the same right.
    if (parameter.context == "superuser" or parameter.custom) and parameter.name.lower() not in state.settable:
        raise _no_privilege(state, parameter, "SET", "")
    if item.scope.role is not None:
        _check_role(state, item.scope.role)
    elif item.scope.database in state.foreign_databases:
        raise _not_owner(state, item.scope.database or "")


def check_reload(state: SettingState) -> None:
    """Refuse changes of the whole server that nobody could put in force.

    :raises InputError: if the login user may not reload the configuration.
    """
    if state.login_superuser or state.may_reload:
        return
    grant = Statement("GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO {role}", {"role": Identifier(state.login_user)}, "")
    raise InputError(
        f"{state.login_user} may not reload the server's configuration",
        where="option login",
        why="what ALTER SYSTEM writes takes effect at a reload, which takes a superuser, or EXECUTE on pg_reload_conf()",
        remedy=f"Have a superuser run {statement_text(grant)} or log in as one",
    )


def _no_privilege(state: SettingState, parameter: Parameter, privilege: str, scope: str) -> InputError:
    if state.catalogue.major < _GRANTS_ON_PARAMETERS:
        why = f"that takes a superuser; PostgreSQL {state.catalogue.major} has no grants on parameters, from {_GRANTS_ON_PARAMETERS} on it has"
        remedy = "Log in as a superuser, or leave it out"
    else:
        parts = {"privilege": Keywords(privilege), "name": Identifier(*parameter.name.split(".")), "role": Identifier(state.login_user)}
        grant = statement_text(Statement("GRANT {privilege} ON PARAMETER {name} TO {role}", parts, ""))
        why = f"that takes a superuser, or the privilege {privilege} on the parameter"
        remedy = f"Have a superuser, or who has the privilege with grant option, run {grant} or leave the setting out"
    return InputError(f"{state.login_user} may not set {parameter.name}{scope}", why=why, remedy=remedy)


def _not_owner(state: SettingState, database: str) -> InputError:
    owner = state.foreign_databases[database]
    grant = statement_text(Statement("GRANT {owner} TO {role}", {"owner": Identifier(owner), "role": Identifier(state.login_user)}, ""))
    return InputError(
        f"{state.login_user} may not set anything for database {database}",
        why=f"that takes its owner {owner}, a role that inherits from {owner}, or a superuser",
        remedy=f"Log in as {owner}, or have a superuser, or who has {owner} with admin option, run {grant}",
    )


def _check_role(state: SettingState, role: str) -> None:
    lacks = state.foreign_roles.get(role)
    if lacks is None:
        return
    what = f"{state.login_user} may not set anything for role {role}"
    if "SUPERUSER" in lacks:
        raise InputError(what, why=f"{role} is a superuser, and only a superuser may alter one", remedy="Log in as a superuser")
    parts = {"role": Identifier(role), "user": Identifier(state.login_user)}
    grants = {"CREATEROLE": "ALTER ROLE {user} CREATEROLE", "ADMIN": "GRANT {role} TO {user} WITH ADMIN OPTION"}
    statements = " ".join(statement_text(Statement(template, parts, "")) for need, template in grants.items() if need in lacks)
    needed = "the attribute CREATEROLE"
    if state.catalogue.major >= 16:
        needed += f" together with {role} granted with admin option"
    raise InputError(
        what,
        why=f"that takes {role} itself, {needed}, or a superuser",
        remedy=f"Log in as one of these, or have a superuser, or who may pass both on, run {statements}",
    )
