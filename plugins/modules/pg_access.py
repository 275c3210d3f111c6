#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_access
short_description: Roles of a PostgreSQL database, with passwords, limits, memberships and privileges
version_added: 0.1.0
description:
  - Makes any number of roles, in SQL, in one task, over one connection and in one transaction.
  - A declared role has B(exactly) the declared attributes, memberships and privileges on the database, the schema, its tables (views and
    foreign tables included), sequences and routines, and on those that the owner will make later (default privileges). What it has beyond
    that is taken away. Roles that are not declared are left alone, but for copied ones (see O(environment)).
  - No role made here is a superuser, may create databases or roles, replicate, or bypass row-level security.
  - Privileges on single columns count. Those that the role does not have on the whole table are revoked, as is the right to pass any on;
    those that it has on the whole table anyway are left.
  - Default privileges that the owner has given for all schemas, and not for this one, are taken from the declared roles and, on tables and
    sequences, from PUBLIC. They would reach every object to come.
  - PUBLIC, that is everybody, loses C(CONNECT) on the database, C(CREATE) on the schema, and every privilege on its tables and sequences
    and on those that the owner will make later.
  - PUBLIC keeps what PostgreSQL gives it by default, so every role that may connect has that too, that is C(TEMPORARY) on the database,
    C(USAGE) on the schema V(public), and B(EXECUTE on routines). Revoke that on a routine, or as a default privilege of the owner, where
    it is not for everybody.
  - A password is compared by logging in with it, because servers such as Neon show no password hash. "Too many connections for role" after
    authentication means that it fits.
  - Runs where the database can be reached; in this collection's plays that is the control node (local connection).
extends_documentation_fragment:
  - dbinfra.postgres._attributes
  - dbinfra.postgres._postgres
options:
  environment:
    description:
      - Name of the environment, without blanks. Every role is marked with it and with the server, in its comment.
      - A role marked for another environment on B(another) server came along with a copy. If it is declared, its password is replaced;
        if not, its login is taken away.
      - A role marked for another environment on B(this) server means that the wrong server was named; that is refused.
    type: str
    required: true
  database:
    description: The database. Defaults to C(login_db) of O(login).
    type: str
  schema:
    description: The schema whose objects the roles may use. It is created if it is missing.
    type: str
    default: public
  owner:
    description:
      - The role that owns the schema's objects and makes new ones, for example in migrations. Defaults to the login user.
      - Privileges on objects of other owners are not managed; a warning names them.
    type: str
  password_format:
    description:
      - How a password is sent. V(scram-sha-256) sends a verifier computed on this side. V(plain) sends the password itself, for servers that
        refuse verifiers.
      - Defaults to V(plain) on Neon and to V(scram-sha-256) elsewhere.
      - With V(plain) the password is in the text of no statement, so pg_stat_statements and a log of DDL do not keep it. Where
        C(pg_stat_statements.track) is C(all), the login user's own statements with passwords are removed afterwards; a warning says if that failed.
    type: str
    choices: [scram-sha-256, plain]
  passwords:
    description:
      - Passwords by role name. Every declared role with a login needs one.
      - A role that exists and whose password is missing here is an error, never a reset.
    type: dict
    default: {}
  roles:
    description: The roles.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The role's name.
        type: str
        required: true
      privileges:
        description:
          - V(application) may connect, use the schema, SELECT, INSERT, UPDATE and DELETE on tables, use and set sequences and execute routines.
          - V(readonly) may connect, use the schema and SELECT on tables and sequences. Routines it may execute where PUBLIC may.
          - V(monitoring) may connect, and is a member of C(pg_monitor) where the login user may grant that.
          - V(none) may not even connect.
        type: str
        required: true
        choices: [application, monitoring, none, readonly]
      login:
        description: Whether the role may log in.
        type: bool
        default: true
      inherit:
        description: Whether the role has the privileges of the roles it is a member of without SET ROLE.
        type: bool
        default: true
      connection_limit:
        description: Connections that the role may hold at once. V(-1) means any number.
        type: int
        default: -1
      member_of:
        description: Roles that it is a member of. Other memberships are revoked.
        type: list
        elements: str
        default: []
seealso:
  - module: dbinfra.postgres.pg_access_info
  - module: dbinfra.postgres.pg_setting
author:
  - dbinfra contributors (@dbinfra)
"""

EXAMPLES = r"""
- name: The application, a read-only role and monitoring
  dbinfra.postgres.pg_access:
    login: "{{ neon_connection }}"
    login_password: "{{ owner_password }}"
    environment: production
    passwords: "{{ passwords }}"
    roles:
      - name: shop_app
        privileges: application
        connection_limit: 20
      - name: shop_readonly
        privileges: readonly
        connection_limit: 3
      - name: shop_monitoring
        privileges: monitoring
        connection_limit: 3
"""

RETURN = r"""
access:
  description: The declared roles as they are; in check mode as they would be.
  returned: success
  type: dict
  contains:
    database:
      description: The database.
      type: str
    schema:
      description: The schema.
      type: str
    owner:
      description: The owner of the schema's objects.
      type: str
    roles:
      description: The roles, in the declared order. No password is among the values.
      type: list
      elements: dict
      contains:
        name:
          description: The role's name.
          type: str
        exists:
          description: Whether it exists. V(false) in check mode for a role yet to be made.
          type: bool
        login:
          description: Whether it may log in.
          type: bool
        inherit:
          description: Whether it has the privileges of its groups without SET ROLE.
          type: bool
        superuser:
          description: Always V(false).
          type: bool
        createdb:
          description: Always V(false).
          type: bool
        createrole:
          description: Always V(false).
          type: bool
        replication:
          description: Always V(false).
          type: bool
        bypassrls:
          description: Always V(false).
          type: bool
        connection_limit:
          description: Connections that it may hold at once.
          type: int
        member_of:
          description: The roles it is directly a member of.
          type: list
          elements: str
        environment:
          description: The environment it is marked with.
          type: str
      sample:
        - {name: shop_app, exists: true, login: true, inherit: true, superuser: false, createdb: false, createrole: false, replication: false,
           bypassrls: false, connection_limit: 20, member_of: [], environment: production}
actions:
  description: What was done, or in check mode would be done, step by step.
  returned: changed
  type: list
  elements: str
  sample: ["create role shop_app", "grant CONNECT on database shop to shop_app"]
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_resource
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.access import ACCESS_SPEC, build_access


def main() -> None:
    """Run the module."""
    run_resource(ACCESS_SPEC, build_access)


if __name__ == "__main__":
    main()
