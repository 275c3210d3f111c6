# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server knows and keeps of its settings: one look at the catalogue, the files and everything that is kept for the scopes in question."""

from __future__ import annotations

import dataclasses
import typing as t

from .setting_catalogue import Catalogue, Parameter, live_catalogue
from .setting_memory import Memory
from .setting_model import Scope, SettingState
from .setting_value import stored_canonical
from .transport import Session

_SERVER = """
SELECT current_user AS login_user, r.rolsuper AS login_superuser, pg_is_in_recovery() AS standby,
       coalesce(current_setting('allow_alter_system', true), 'on') = 'on' AS alter_system_allowed,
       r.rolcreaterole AS createrole, has_function_privilege('pg_catalog.pg_reload_conf()', 'EXECUTE') AS may_reload,
       has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
         AND has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE') AS file_readable,
       r.rolsuper OR pg_has_role('pg_read_all_settings', 'USAGE') AS sees_all
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
"""

# archive_command is shown as (disabled) while archive_mode is off (show_archive_command in xlog.c), those of TCP as our own socket has them
# (show_tcp_keepalives_idle in pqcomm.c or variable.c), and what our own session has set for itself is nobody's business; reset_val tells them.
_CATALOGUE = """
SELECT name, CASE WHEN source = 'session'
         OR name IN ('archive_command', 'tcp_keepalives_count', 'tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_user_timeout')
       THEN reset_val ELSE setting END AS setting, vartype, unit, context, min_val, max_val, to_json(enumvals) AS enumvals, boot_val, source, pending_restart
FROM pg_catalog.pg_settings
"""

_FILE = """
SELECT name, setting, sourcefile ~ '(^|/)postgresql\\.auto\\.conf$' AS auto, error,
       sourcefile || ' line ' || sourceline AS place
FROM pg_catalog.pg_file_settings ORDER BY seqno
"""

_STORED = """
SELECT d.datname AS database, r.rolname AS role, coalesce(r.rolcanlogin, false) AS login, coalesce(r.rolsuper, false) AS superuser,
       to_json(s.setconfig) AS config
FROM pg_catalog.pg_db_role_setting s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
WHERE (%(server)s OR s.setdatabase = 0 OR d.datname = ANY(%(databases)s) OR r.rolname = ANY(%(roles)s))
  AND (s.setrole = 0 OR r.rolcanlogin OR r.rolname = ANY(%(roles)s))
"""

_KEPT = """
SELECT d.datname AS database, r.rolname AS role, to_json(s.setconfig) AS config
FROM pg_catalog.pg_db_role_setting s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
"""

_PRESENT = """
SELECT 'database' AS kind, datname AS name, pg_get_userbyid(datdba) AS owner, pg_has_role(datdba, 'USAGE') AS ours, false AS superuser
FROM pg_catalog.pg_database WHERE datname = ANY(%(databases)s)
UNION ALL SELECT 'role', rolname, NULL, pg_has_role(oid, 'USAGE WITH ADMIN OPTION'), rolsuper FROM pg_catalog.pg_roles WHERE rolname = ANY(%(roles)s)
"""

_COMMENT = """
SELECT shobj_description(d.oid, 'pg_database') AS comment, r.rolsuper OR pg_has_role(d.datdba, 'USAGE') AS writable
FROM pg_catalog.pg_database d, pg_catalog.pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user
"""

_GRANTED = """
SELECT name, has_parameter_privilege(name, 'SET') AS settable, has_parameter_privilege(name, 'ALTER SYSTEM') AS alterable
FROM unnest(%(names)s::text[]) AS p(name)
"""


#: What pg_file_settings says of a name without a dot that no parameter has (ProcessConfigFileInternal in guc.c).
_UNKNOWN_NAME = "unrecognized configuration parameter"


def read_settings(session: Session, provider: str, scopes: t.Sequence[Scope], names: t.Sequence[str], *, assume_roles: bool = False) -> SettingState:
    """Read the settings of a server; a statement for each catalogue, however many settings and scopes there are.

    :param scopes: those that are looked at. What is kept for the roles that may log in is always read: it may go before anything else.
    :param names: of parameters of which the rights are asked, beside those that are configured in the scopes.
    :param assume_roles: a role that is not there counts as one that an earlier task would make.
    """
    server = session.rows(_SERVER, None, "read who we are")[0]
    which: dict[str, t.Any] = {
        "databases": sorted({scope.database for scope in scopes if scope.database}),
        "roles": sorted({scope.role for scope in scopes if scope.role}),
        # What any database or role has goes before a setting of the whole server.
        "server": any(scope.is_system for scope in scopes),
    }
    stored: dict[Scope, dict[str, str]] = {}
    spelled: dict[tuple[Scope, str], str] = {}
    logins: set[str] = set()
    for row in session.rows(_STORED, which, "read pg_db_role_setting"):
        scope = Scope(row["database"], row["role"])
        stored[scope] = {name.lower(): text for name, text in _pairs(row["config"])}
        spelled.update({(scope, name.lower()): name for name, _text in _pairs(row["config"]) if name != name.lower()})
        # To whom is no superuser, superusers are the provider's: what they keep for themselves is no business of the declaration.
        if row["login"] and (server["login_superuser"] or not row["superuser"]):
            logins.add(row["role"])
    rows = session.rows(_CATALOGUE, None, "read pg_settings")
    origins = session.sources_before([row["name"] for row in rows if row["source"] == "session"])
    rows = [{**row, "source": origins.get(row["name"], row["source"])} for row in rows]
    catalogue = live_catalogue(session.major, rows, hidden=not server["sees_all"])
    present: dict[str, set[str]] = {"database": set(), "role": set()}
    foreign_databases: dict[str, str] = {}
    foreign_roles: dict[str, frozenset[str]] = {}
    for row in session.rows(_PRESENT, which, "look for databases and roles"):
        present[row["kind"]].add(row["name"])
        if row["kind"] == "database" and not row["ours"]:
            foreign_databases[row["name"]] = row["owner"]
        lacks = _lacks(session.major, server, row) if row["kind"] == "role" else frozenset()
        if lacks:
            foreign_roles[row["name"]] = lacks
    file_rows = session.rows(_FILE, None, "read pg_file_settings") if which["server"] and server["file_readable"] else []
    # The server folds ASCII only, and so does every name that it knows; what is beyond is folded here, in one way for all places.
    lines = [{**row, "name": row["name"].lower()} for row in file_rows if row["name"] is not None]
    asked = sorted({*names, *(name for scope in scopes for name in stored.get(scope, {})), *(row["name"] for row in lines if row["auto"])})
    ask = session.major >= 15 and not server["login_superuser"]
    granted = session.rows(_GRANTED, {"names": asked}, "read who may set what") if ask else []
    return SettingState(
        catalogue,
        provider,
        server["login_user"],
        login_superuser=server["login_superuser"],
        stored=stored,
        spelled=spelled,
        logins=frozenset(logins),
        file_text={row["name"]: row["setting"] for row in lines},
        below_text={row["name"]: row["setting"] for row in lines if not row["auto"]},
        in_auto_file=frozenset(row["name"] for row in lines if row["auto"]),
        file_readable=server["file_readable"],
        file_errors={name: error for name, error in {row["name"]: row["error"] for row in lines}.items() if error},
        unreadable_lines=tuple(_line_words(row) for row in file_rows if _stops_reload(row)),
        databases=frozenset(present["database"]),
        roles=frozenset(present["role"]),
        settable=frozenset(row["name"].lower() for row in granted if row["settable"]),
        alterable=frozenset(row["name"].lower() for row in granted if row["alterable"]),
        may_reload=server["may_reload"],
        foreign_databases=foreign_databases,
        foreign_roles=foreign_roles,
        standby=server["standby"],
        alter_system_allowed=server["alter_system_allowed"],
        assume_roles=assume_roles,
    )


def _stops_reload(row: t.Mapping[str, t.Any]) -> bool:
    """Return whether a line makes the server ignore a reload: one that cannot be read, or that names what the server does not know.

    A row without a name and a place tells of a parameter that was taken away and waits for the restart.
    """
    if row["error"] is None:
        return False
    return row["error"] == _UNKNOWN_NAME or (row["name"] is None and row["place"] is not None)


def _line_words(row: t.Mapping[str, t.Any]) -> str:
    subject = f" ({row['name']})" if row["name"] else ""
    return f"{row['place']}{subject}: {row['error']}"


def _lacks(major: int, server: t.Mapping[str, t.Any], role: t.Mapping[str, t.Any]) -> frozenset[str]:
    """Return what the login user lacks to alter a role: AlterRoleSet in user.c."""
    if server["login_superuser"]:
        return frozenset()
    if role["superuser"]:
        return frozenset({"SUPERUSER"})
    if role["name"] == server["login_user"]:
        return frozenset()
    needed = {"CREATEROLE": server["createrole"], "ADMIN": role["ours"] or major < 16}
    return frozenset(name for name, there in needed.items() if not there)


def read_memory(session: Session, name: str) -> Memory:
    """Return what is remembered under a name in the comment of the database that is connected to."""
    row = session.rows(_COMMENT, None, "read the comment of the database")[0]
    return Memory(name, session.database, row["comment"], row["writable"])


def with_server_settings(state: SettingState, configured: t.Mapping[str, str]) -> SettingState:
    """Return a state in which the provider's API says what is configured for the whole server.

    A value that the API shows and the server does not run waits for a restart: ``pg_settings`` cannot say so of a file that the server has not read yet.

    :param configured: the texts by lower-case name.
    """
    catalogue = Catalogue(state.catalogue.major, [_seen_beside(parameter, configured) for parameter in state.catalogue], state.catalogue.origin)
    names = frozenset(configured)
    return dataclasses.replace(state, catalogue=catalogue, file_text=dict(configured), in_auto_file=names, file_readable=True)


def _seen_beside(parameter: Parameter, configured: t.Mapping[str, str]) -> Parameter:
    text = configured.get(parameter.name.lower())
    # A value of the session's own, or of its database or role, says nothing of the server's.
    if text is None or parameter.source not in ("default", "configuration file"):
        return parameter
    same = stored_canonical(parameter, text) == stored_canonical(parameter, parameter.running)
    return parameter if same else dataclasses.replace(parameter, pending_restart=True)


def read_kept(session: Session) -> dict[Scope, dict[str, str]]:
    """Return everything that is kept for databases and roles, by scope and by the name as it was given. The scope of all roles has neither."""
    return {Scope(row["database"], row["role"]): dict(_pairs(row["config"])) for row in session.rows(_KEPT, None, "read pg_db_role_setting")}


def _pairs(config: t.Sequence[str]) -> t.Iterator[tuple[str, str]]:
    for entry in config:
        name, _equals, text = entry.partition("=")
        yield name, text
