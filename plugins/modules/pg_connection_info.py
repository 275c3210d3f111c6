#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_connection_info
short_description: Connect through connection strings and prove what they give
version_added: 0.1.0
description:
  - Connects by libpq through every given connection string, with the credentials in it, and reports what it sees. Nothing is changed.
  - Holds what it sees against what is expected. If anything differs, the task fails with one message that names every finding.
  - In check mode findings do not fail the task, because what mends them may be a change that an earlier task only predicted. They stand in
    RV(summary), and RV(proven) is V(false). A string that is C(<predicted>) is not connected to.
  - The TLS facts are those of the connection that the client has; behind a pooler or proxy the server's own view is of another connection.
  - Reads the strings as Prisma, node-postgres and libpq do. Parameters that only concern Prisma's pool are left out, and
    C(sslmode=require&sslaccept=strict&sslcert=CA) is what libpq calls C(sslmode=verify-full&sslrootcert=CA).
  - A connection string appears in no message and no result.
  - Runs where the strings are to be used, or on a host that reaches the server in the same way; in this collection's plays that is the
    control node (local connection).
extends_documentation_fragment:
  - dbinfra.postgres._attributes.info
options:
  connections:
    description: The connections to try, in this order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What messages call it.
        type: str
        required: true
      uri:
        description: The connection string, C(postgresql://user:password@host/database?parameters).
        type: str
        required: true
      expect:
        description: What the connection must be like. What is left out is not judged.
        type: dict
        suboptions:
          refused:
            description: The server must answer and must refuse the connection. A server that is not reached has refused nothing.
            type: bool
            default: false
          ssl_mode:
            description: The C(sslmode) that the string must ask for.
            type: str
            choices: [disable, allow, prefer, require, verify-ca, verify-full]
          min_tls:
            description: The oldest TLS version that the connection may have.
            type: str
            choices: [TLSv1.2, TLSv1.3]
          server_major:
            description: PostgreSQL's major version.
            type: int
          role:
            description: The role that it runs as.
            type: str
          database:
            description: The database that it leads to.
            type: str
          connection_limit:
            description: Connections that the role may hold at once, V(-1) for any number.
            type: int
          not_member_of:
            description: Roles that the role must not be a member of, directly or through others. A superuser counts as a member of all.
            type: list
            elements: str
            default: []
          attributes:
            description:
              - The attributes of an administrator that the role may have. An empty list allows none; without it none is judged.
            type: list
            elements: str
            choices: [superuser, createdb, createrole, replication, bypassrls]
  settings:
    description: Names of settings whose value in these sessions is reported.
    type: list
    elements: str
    default: []
  connect_timeout:
    description: Seconds to wait for each connection.
    type: int
    default: 10
  predicted:
    description:
      - Whether the server is only a prediction of an earlier task in check mode. Nothing connects then, and RV(proven) is V(false).
      - An error outside check mode.
    type: bool
    default: false
requirements:
  - psycopg2 2.9 or newer on the host that runs the module (package python3-psycopg2 on Debian, psycopg2-binary from a package index)
author:
  - dbinfra contributors (@dbinfra)
"""

EXAMPLES = r"""
- name: The application's own connection
  dbinfra.postgres.pg_connection_info:
    connections:
      - name: pooled
        uri: "{{ pooled_uri }}"
        expect:
          ssl_mode: verify-full
          min_tls: TLSv1.3
          role: shop_app
          connection_limit: 20
          not_member_of: [neon_superuser]
          attributes: []
  register: proof

- name: Production's password does not open staging
  dbinfra.postgres.pg_connection_info:
    connections:
      - name: staging with production's password
        uri: "{{ mixed_uri }}"
        expect:
          refused: true
"""

RETURN = r"""
connections:
  description: What each connection showed. Empty for a prediction.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The given name.
      type: str
    connected:
      description: Whether it came about. If not, all facts below are null.
      type: bool
    refused:
      description: Whether the server answered and did not let it in.
      type: bool
    reason:
      description: Why it did not come about, in the words of the server or of libpq.
      type: str
    findings:
      description: What is not as expected, in words.
      type: list
      elements: str
    server_version:
      description: PostgreSQL's version.
      type: str
    server_major:
      description: PostgreSQL's major version.
      type: int
    database:
      description: The database.
      type: str
    pooled:
      description:
        - Whether a pooler stands in between. On Neon that is a host whose first label ends in C(-pooler); elsewhere the server process has
          another number than the one that was announced.
      type: bool
    ssl_mode:
      description: The C(sslmode) that the string asks for, in libpq's words.
      type: str
    tls:
      description: C(in_use), C(protocol) and C(cipher) of the client's connection.
      type: dict
    max_connections:
      description: All connections of the server.
      type: int
    superuser_reserved_connections:
      description: Connections that the server keeps back for superusers.
      type: int
    reserved_connections:
      description: Connections that the server keeps back for members of pg_use_reserved_connections (PostgreSQL 16 and newer).
      type: int
    role:
      description: Name, attributes, C(connection_limit) and (recursive) C(member_of) of the role.
      type: dict
    settings:
      description: The asked settings with their values in this session; null for one that does not exist.
      type: dict
proven:
  description: Whether every connection is as expected.
  returned: always
  type: bool
summary:
  description: One sentence for each connection, for people.
  returned: always
  type: list
  elements: str
  sample:
    - "pooled: PostgreSQL 17.10 through a pooler as shop_app, TLSv1.3 (TLS_AES_256_GCM_SHA384), certificate and host name verified; may hold 15
      of 419 connections (7 reserved for superusers); no superuser, member of nothing, not of neon_superuser"
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_info
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.connection_info import CONNECTION_INFO_SPEC, look_through_connections


def main() -> None:
    """Run the module."""
    run_info(CONNECTION_INFO_SPEC, look_through_connections)


if __name__ == "__main__":
    main()
