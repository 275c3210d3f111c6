# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the state of access from a server: a fixed number of queries, however many roles and objects there are."""

from __future__ import annotations

import typing as t

from .access_model import GLOBAL_KINDS, KINDS, PUBLIC, AccessState, Grant, Membership, ObjectState, RoleState
from .role_mark import MARK_PREFIX
from .statement import Identifier, Routine
from .transport import Session

_SERVER = """
SELECT current_user AS login_user, me.rolsuper AS login_superuser,
       pg_get_userbyid(d.datdba) AS database_owner, pg_has_role(current_user, d.datdba, 'USAGE') AS may_manage_database,
       has_database_privilege(current_user, d.oid, 'CREATE') AS may_create_schema,
       n.oid AS schema_oid, pg_get_userbyid(n.nspowner) AS schema_owner, coalesce(pg_has_role(current_user, n.nspowner, 'USAGE'), false) AS may_manage_schema,
       o.oid AS owner_oid, coalesce(pg_has_role(current_user, o.oid, 'USAGE'), false) AS may_act_as_owner
FROM pg_catalog.pg_roles me
JOIN pg_catalog.pg_database d ON d.datname = current_database()
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = %(schema)s
LEFT JOIN pg_catalog.pg_roles o ON o.rolname = coalesce(%(owner)s, current_user)
WHERE me.rolname = current_user
"""

# On 16 and newer CREATEROLE reaches only roles on which the user has the ADMIN OPTION; before, all but those with SUPERUSER, REPLICATION
# or BYPASSRLS.
_ROLES = """
SELECT r.rolname AS name, r.rolcanlogin AS login, r.rolinherit AS inherit, r.rolsuper AS superuser, r.rolcreatedb AS createdb, r.rolcreaterole AS createrole,
       r.rolreplication AS replication, r.rolbypassrls AS bypassrls, r.rolconnlimit AS connection_limit,
       r.rolvaliduntil IS NOT NULL AND isfinite(r.rolvaliduntil) AS expires, c.description AS comment,
       me.rolsuper OR (NOT r.rolsuper AND me.rolcreaterole AND
         CASE WHEN %(major)s < 16 THEN NOT r.rolreplication AND NOT r.rolbypassrls
              ELSE pg_has_role(current_user, r.oid, 'MEMBER WITH ADMIN OPTION') END) AS may_alter,
       coalesce((SELECT json_agg(json_build_array(g.rolname, m.admin_option, pg_get_userbyid(m.grantor)) ORDER BY g.rolname, m.grantor)
                 FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid), '[]') AS memberships,
       CASE WHEN r.rolsuper THEN '[]' ELSE
         coalesce((SELECT json_agg(g.rolname) FROM pg_catalog.pg_roles g
                   WHERE g.oid <> r.oid AND pg_has_role(r.oid, g.oid, 'MEMBER')), '[]') END AS all_member_of
FROM pg_catalog.pg_roles r
JOIN pg_catalog.pg_roles me ON me.rolname = current_user
LEFT JOIN pg_catalog.pg_shdescription c ON c.objoid = r.oid AND c.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass
WHERE r.rolname = ANY(%(names)s) OR position(%(mark)s IN c.description) > 0
ORDER BY r.rolname
"""

_GRANTABLE = """
SELECT g.rolname AS name,
       me.rolsuper OR pg_has_role(current_user, g.oid, 'MEMBER WITH ADMIN OPTION') OR (%(major)s < 16 AND me.rolcreaterole AND NOT g.rolsuper) AS may_grant
FROM pg_catalog.pg_roles g
JOIN pg_catalog.pg_roles me ON me.rolname = current_user
WHERE g.rolname = ANY(%(groups)s)
   OR g.oid IN (SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.member WHERE r.rolname = ANY(%(names)s))
"""

# An ACL that is null stands for the built-in default; acldefault() gives that. Entries of roles that the declaration does not name stay on the server.
_GRANTS = """
SELECT 'database' AS kind, CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee) END AS grantee, a.privilege_type AS privilege, a.is_grantable AS option
FROM pg_catalog.pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
WHERE d.datname = current_database() AND (a.grantee = 0 OR pg_get_userbyid(a.grantee) = ANY(%(names)s))
UNION ALL
SELECT 'schema', CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable
FROM pg_catalog.pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
WHERE n.oid = %(schema_oid)s AND (a.grantee = 0 OR pg_get_userbyid(a.grantee) = ANY(%(names)s))
UNION ALL
SELECT CASE f.defaclnamespace WHEN 0 THEN 'global_' ELSE 'future_' END
       || CASE f.defaclobjtype WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'routine' ELSE 'schema' END,
       CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable
FROM pg_catalog.pg_default_acl f, aclexplode(f.defaclacl) a
WHERE f.defaclrole = %(owner_oid)s AND (f.defaclnamespace = 0 OR f.defaclnamespace = %(schema_oid)s) AND f.defaclobjtype IN ('r', 'S', 'f', 'n')
  AND (a.grantee = 0 OR pg_get_userbyid(a.grantee) = ANY(%(names)s))
"""

# Objects of extensions belong to whoever installed the extension; nobody else can grant on them. Privileges on columns stand in pg_attribute;
# sequences can have them too.
_OBJECTS = """
SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind, c.relname AS name, NULL AS arguments, pg_get_userbyid(c.relowner) AS owner,
       coalesce((SELECT json_agg(json_build_array(CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable))
                 FROM aclexplode(c.relacl) a WHERE a.grantee = 0 OR pg_get_userbyid(a.grantee) = ANY(%(names)s)), '[]') AS grants,
       coalesce((SELECT json_agg(json_build_array(
                          b.attname, CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable))
                 FROM pg_catalog.pg_attribute b, aclexplode(b.attacl) a
                 WHERE b.attrelid = c.oid AND NOT b.attisdropped AND (a.grantee = 0 OR pg_get_userbyid(a.grantee) = ANY(%(names)s))), '[]') AS column_grants
FROM pg_catalog.pg_class c
WHERE c.relnamespace = %(schema_oid)s AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND x.objid = c.oid AND x.deptype = 'e')
UNION ALL
SELECT 'routine', p.proname, pg_get_function_identity_arguments(p.oid), pg_get_userbyid(p.proowner),
       coalesce((SELECT json_agg(json_build_array(pg_get_userbyid(a.grantee), a.privilege_type, a.is_grantable))
                 FROM aclexplode(p.proacl) a WHERE a.grantee <> 0 AND pg_get_userbyid(a.grantee) = ANY(%(names)s)), '[]'), '[]'
FROM pg_catalog.pg_proc p
WHERE p.pronamespace = %(schema_oid)s
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = p.oid AND x.deptype = 'e')
ORDER BY 1, 2, 3
"""


def read_roles(session: Session, names: t.Sequence[str]) -> dict[str, RoleState]:
    """Return the named roles, as far as they exist, and all roles that carry a mark of this collection."""
    rows = session.rows(_ROLES, {"names": list(names), "mark": MARK_PREFIX, "major": session.major}, "read the roles")
    attributes = ("login", "inherit", "superuser", "createdb", "createrole", "replication", "bypassrls")
    return {
        row["name"]: RoleState(
            name=row["name"],
            attributes={name: row[name] for name in attributes},
            connection_limit=row["connection_limit"],
            expires=row["expires"],
            memberships=tuple(Membership(role, admin, grantor) for role, admin, grantor in row["memberships"]),
            all_member_of=frozenset(row["all_member_of"]),
            may_alter=row["may_alter"],
            comment=row["comment"],
        )
        for row in rows
    }


def read_access(session: Session, *, schema: str, owner: str | None, names: t.Sequence[str], groups: t.Sequence[str]) -> AccessState:
    """Return the whole state in five queries.

    :param owner: the role that owns the objects, None for the login user.
    :param names: the declared roles.
    :param groups: the roles that they shall be members of.
    """
    server = session.rows(_SERVER, {"schema": schema, "owner": owner}, "read the database's owner")[0]
    roles = read_roles(session, names)
    grantable = session.rows(_GRANTABLE, {"groups": list(groups), "names": list(names), "major": session.major}, "read which roles may be granted")
    found = {"names": list(names), "schema_oid": server["schema_oid"], "owner_oid": server["owner_oid"]}
    grants: dict[str, set[Grant]] = {}
    for row in session.rows(_GRANTS, found, "read the privileges"):
        grants.setdefault(row["kind"], set()).add((row["grantee"] or PUBLIC, row["privilege"], row["option"]))
    objects = tuple(_object(schema, row) for row in session.rows(_OBJECTS, found, "read the privileges on the schema's objects"))
    return AccessState(
        major=session.major,
        login_user=server["login_user"],
        login_superuser=server["login_superuser"],
        database_owner=server["database_owner"],
        may_manage_database=server["may_manage_database"],
        may_create_schema=server["may_create_schema"],
        database_grants=frozenset(grants.get("database", ())),
        schema_exists=server["schema_oid"] is not None,
        may_manage_schema=server["may_manage_schema"],
        schema_owner=server["schema_owner"] or "",
        schema_grants=frozenset(grants.get("schema", ())),
        owner_exists=server["owner_oid"] is not None,
        may_act_as_owner=server["may_act_as_owner"],
        objects=objects,
        default_grants={kind: frozenset(grants.get(f"future_{kind}", ())) for kind in KINDS},
        global_default_grants={kind: frozenset(grants.get(f"global_{kind}", ())) for kind in GLOBAL_KINDS},
        roles=roles,
        grantable={row["name"]: row["may_grant"] for row in grantable},
    )


def _object(schema: str, row: t.Mapping[str, t.Any]) -> ObjectState:
    routine = row["kind"] == "routine"
    part = Routine(schema, row["name"], row["arguments"]) if routine else Identifier(schema, row["name"])
    grants = frozenset((grantee or PUBLIC, privilege, option) for grantee, privilege, option in row["grants"])
    columns = frozenset((column, grantee or PUBLIC, privilege, option) for column, grantee, privilege, option in row["column_grants"])
    return ObjectState(row["kind"], part, row["owner"], grants, columns)
