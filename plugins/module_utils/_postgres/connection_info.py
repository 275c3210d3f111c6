# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``pg_connection_info``: connects through connection strings and looks."""

from __future__ import annotations

import typing as t

from .._core.errors import InputError, NotConvergedError
from .._core.plain import to_plain
from .._core.predicted import PREDICTED
from .._core.runner import Context
from .connect_errors import ConnectFailure
from .connection_judge import Expected, RoleSeen, Seen, as_result, describe, judge
from .connection_uri import translate_uri
from .transport import ConnectRefusedError, Session, open_connection, parse_uri, tls_facts

APPLICATION_NAME = "dbinfra.postgres pg_connection_info"

_LOOK = """
SELECT current_setting('server_version') AS server_version, current_setting('server_version_num')::int / 10000 AS server_major,
       current_database() AS database, pg_backend_pid() AS backend_pid,
       current_setting('max_connections')::int AS max_connections,
       current_setting('superuser_reserved_connections')::int AS superuser_reserved_connections,
       coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved_connections,
       r.rolname AS name, r.rolsuper AS superuser, r.rolcreatedb AS createdb, r.rolcreaterole AS createrole, r.rolreplication AS replication,
       r.rolbypassrls AS bypassrls, r.rolconnlimit AS connection_limit,
       EXISTS (SELECT FROM pg_catalog.pg_roles n WHERE n.rolname = 'neon_superuser') AS neon,
       coalesce((SELECT json_object_agg(s.name, current_setting(s.name, true)) FROM unnest(%(settings)s::text[]) AS s(name)), '{}') AS settings,
       coalesce((
         WITH RECURSIVE above(oid) AS (
           SELECT m.roleid FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid
           UNION SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN above ON m.member = above.oid)
         SELECT json_agg(g.rolname ORDER BY g.rolname) FROM above JOIN pg_catalog.pg_roles g ON g.oid = above.oid), '[]') AS member_of
FROM pg_catalog.pg_roles r
WHERE r.rolname = session_user
"""

CONNECTION_INFO_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "predicted": {"type": "bool", "default": False},
        "connect_timeout": {"type": "int", "default": 10},
        "settings": {"type": "list", "elements": "str", "default": []},
        "connections": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "uri": {"type": "str", "required": True, "no_log": True},
                "expect": {
                    "type": "dict",
                    "options": {
                        "refused": {"type": "bool", "default": False},
                        "ssl_mode": {"type": "str", "choices": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]},
                        "min_tls": {"type": "str", "choices": ["TLSv1.2", "TLSv1.3"]},
                        "server_major": {"type": "int"},
                        "role": {"type": "str"},
                        "database": {"type": "str"},
                        "connection_limit": {"type": "int"},
                        "not_member_of": {"type": "list", "elements": "str", "default": []},
                        "attributes": {
                            "type": "list",
                            "elements": "str",
                            "choices": ["superuser", "createdb", "createrole", "replication", "bypassrls"],
                        },
                    },
                },
            },
        },
    }
}


def look_through_connections(context: Context) -> dict[str, t.Any]:
    """Connect through every string, and hold what was seen against what was expected.

    :raises InputError: for a string that cannot be read, or a prediction outside check mode.
    :raises NotConvergedError: naming every finding in one message. Not in check mode: there they stand in the summary.
    """
    params = context.params
    if params["predicted"]:
        if not context.check_mode:
            raise InputError(
                "the connections are only predicted, but this is no check mode",
                where="option predicted",
                remedy="Run the tasks that make the server first",
            )
        return {"connections": [], "proven": False, "summary": []}
    if params["connect_timeout"] < 1:
        raise InputError("the time-out must be at least one second", where="option connect_timeout")
    results: list[dict[str, t.Any]] = []
    summary: list[str] = []
    problems: list[str] = []
    settings: list[str] = to_plain(params["settings"])
    for raw in to_plain(params["connections"]):
        if context.check_mode and raw["uri"] == PREDICTED:
            problems.append(f"{raw['name']}: there is no connection string yet")
            continue
        expected = _expected(raw["expect"])
        outcome = _look(context, raw["name"], raw["uri"], settings, params["connect_timeout"])
        findings = judge(outcome, expected)
        results.append(as_result(raw["name"], outcome, expected, findings))
        summary.append(describe(raw["name"], outcome, expected))
        problems += [f"{raw['name']}: {finding}" for finding in findings]
    if problems and context.check_mode:
        # What mends a finding may be a change that an earlier task of this check only predicted.
        return {"connections": results, "proven": False, "summary": summary + [f"not as declared yet: {problem}" for problem in problems]}
    if problems:
        raise NotConvergedError(
            f"the connections are not what was declared. {len(problems)} finding{'s' if len(problems) > 1 else ''}: {'; '.join(problems)}",
            remedy="Change the declaration or what it is about, and run again",
            details={"connections": results, "proven": False, "summary": summary},
        )
    return {"connections": results, "proven": True, "summary": summary}


def _expected(raw: dict[str, t.Any] | None) -> Expected:
    if not raw:
        return Expected()
    attributes = raw["attributes"]
    return Expected(**{**raw, "not_member_of": tuple(raw["not_member_of"]), "attributes": None if attributes is None else tuple(attributes)})


def _look(context: Context, name: str, uri: str, settings: t.Sequence[str], timeout: int) -> Seen | ConnectFailure:
    where = f"option connections, {name}, uri"
    string = translate_uri(uri, where)
    parameters = parse_uri(string.uri, where)
    context.hide(parameters.get("password"))
    parameters.update(connect_timeout=timeout, application_name=APPLICATION_NAME, gssencmode="disable")
    try:
        connection = open_connection(parameters, parameters.get("password"))
    except ConnectRefusedError as refused:
        return refused.failure
    try:
        protocol, cipher = tls_facts(connection)
        row = Session(connection, name).rows(_LOOK, {"settings": list(settings)}, f"look through the connection {name}")[0]
        first_label = str(parameters.get("host", "")).partition(".")[0]
        # A pooler answers with a process number of its own. Neon's proxy does so for direct connections as well; there the name decides.
        pooled = first_label.endswith("-pooler") or (not row["neon"] and connection.info.backend_pid != row["backend_pid"])
    finally:
        connection.close()
    role = RoleSeen(
        row["name"],
        row["superuser"],
        row["createdb"],
        row["createrole"],
        row["replication"],
        row["bypassrls"],
        row["connection_limit"],
        tuple(row["member_of"]),
    )
    return Seen(
        server_version=row["server_version"],
        server_major=row["server_major"],
        database=row["database"],
        pooled=pooled,
        ssl_mode=string.ssl_mode,
        tls_protocol=protocol,
        tls_cipher=cipher,
        max_connections=row["max_connections"],
        superuser_reserved_connections=row["superuser_reserved_connections"],
        reserved_connections=row["reserved_connections"],
        role=role,
        settings=row["settings"],
    )
