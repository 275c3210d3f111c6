#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_setting
short_description: Settings of a PostgreSQL server, of databases, of roles, and of roles in a database
version_added: 0.1.0
description:
  - Applies any number of settings in one task, over one connection, with at most one reload.
  - Compares what is B(configured) (in the configuration files, or kept for the database or role) in a canonical form, so that V(1GB),
    V(1024 MB) and V(1048576) are the same, as are V(on), V(yes) and V(true).
  - Refuses before anything is changed what the server would refuse, in check mode too, that is unknown names (the nearest ones are named), values out of
    range, wrong units, enums and scopes, and missing rights. Values of session parameters are tried in a transaction that is rolled back.
  - Settings without O(settings[].database) and O(settings[].role) belong to the whole server and are written by ALTER SYSTEM.
  - Neon does not have that. There they go into the C(pg_settings) of the compute that O(login) leads to, through Neon's API (O(neon)), all of them in one
    request and before anything else is changed. Which parameters the API takes is not documented. What Neon refuses, or accepts without showing it
    afterwards, fails by name. What Neon is known to set itself is kept for the database of O(login) where a session may set it
    (C(maintenance_work_mem)), with a warning, and refused beforehand where not (C(max_connections), C(shared_buffers), C(fsync)).
  - Neon may restart the compute for it, which ends every connection; the module connects again and reads what runs. A value that the API shows and the
    compute does not run is reported in RV(settings[].pending_restart).
  - Warns of roles that may log in and have a setting of their own that goes before a declared one, so that their sessions do not get the declared
    value. What the task itself declares for such a role is meant. Superusers are looked at only if the login user is one.
  - What is configured already, but was never loaded (by somebody's own ALTER SYSTEM, or by a run that was interrupted), is loaded. Configuration files
    that the server would not read are refused before anything is changed, and what a reload does not put in force fails with both values.
  - A setting that needs a restart is reported in RV(settings[].pending_restart), and this module restarts nothing unless O(restart=allowed).
  - Refuses settings with which the server would not start any more, together with what is configured already, although ALTER SYSTEM and a reload
    take them (for example V(minimal) for C(wal_level) while C(max_wal_senders) is not 0, or a library that is not there). What was like that before
    and is not changed is a warning. Not looked at is what stands in C(hba_file), in a library or in a list of revoked certificates, and what only the
    host knows, such as memory, addresses, folders, sockets and groups.
  - Of a superuser that includes a certificate and a private key that do not belong together, are not in PEM form, or need a passphrase that nobody gives.
    They are read through SQL, the key only over TLS or on the server's own host, and it is kept nowhere. Where they cannot be looked at, a warning says so.
    After the reload the run fails unless the server presents the declared certificate; for the owner or the mode of the key, say, which no SQL shows.
    Of another key file for the certificate that the server presents already, these two stay unseen.
  - A missing right is named together with who can give it, and by which statement.
  - The diff reads like C(postgresql.conf), and says which value is in force where that is another one until a restart. A password in
    C(primary_conninfo) is never shown, in RV(rendered) neither.
  - Runs where the server can be reached; in this collection's plays that is the control node (local connection).
extends_documentation_fragment:
  - dbinfra.postgres._attributes
  - dbinfra.postgres._postgres
options:
  login:
    description:
      - How the server is reached, without the password. The RV(dbinfra.postgres.neon_database#module:connection) of the provider's module fits as
        it is.
      - Known keys are C(login_host), C(login_port) (default 5432), C(login_user), C(login_db), C(ssl_mode) (default V(verify-full)),
        C(ca_cert) (file with CA certificates), C(server_major), C(provider) (V(neon), V(supabase) or V(self_hosted)), C(branch_id), C(exists)
        and C(stand_in). Other keys are ignored, but for C(project_id), which settings of the whole server need on Neon.
      - The connection is made to the server itself, never through a pooler in transaction mode.
      - Required unless O(state=rendered).
    type: dict
    required: false
  state:
    description:
      - V(present) makes the listed settings what they say. Others are left alone.
      - V(absent) resets all of them, whatever their values and their own O(settings[].state).
      - V(exact) is V(present), and resets whatever else is configured in the same scopes, and in O(scopes). For the whole server that is what
        ALTER SYSTEM has written, or what Neon's API has; a line of C(postgresql.conf) belongs to whoever writes that file.
      - Never reset that way is what the server is reached by, started with, archived or replicated by, and what a cluster manager agrees on for all nodes.
        Among these are C(port), C(listen_addresses), C(hba_file), C(ssl*), C(*_preload_libraries), C(archive_*), C(recovery_*), C(primary_*),
        C(synchronous_*), C(wal_level) and C(max_connections). RV(left_alone) names what was found of them.
      - V(rendered) connects to nothing and returns the SQL in RV(rendered), judged by what a server of O(server_major) knows.
    type: str
    choices: [present, absent, exact, rendered]
    default: present
  scopes:
    description:
      - With O(state=exact), further scopes in which nothing but the listed settings may be configured, also if nothing is listed for them.
        An empty entry is the whole server.
    type: list
    elements: dict
    default: []
    suboptions:
      database:
        description: The database.
        type: str
      role:
        description: The role, in every database or, with O(scopes[].database), in one.
        type: str
  remember:
    description:
      - A name under which is remembered what this declaration has set, in the comment of the database of O(login). What was set under that name, still
        has the value that was set, and is listed no longer, is reset, in whatever scope. With another value it is somebody else's, and RV(left_alone) names it.
      - Takes the owner of the database. Other words of the comment stay. Values are kept there as digests, and none that holds a password.
      - Two declarations for one database need two names. What is listed when a name is used for the first time counts as set by it.
      - Not for O(state=rendered).
    type: str
  neon:
    description:
      - Access to Neon's API, for settings of the whole server where the provider in O(login) is V(neon). Not looked at otherwise.
    type: dict
    suboptions:
      api_host:
        description:
          - Base address of the Neon API, with its path. Plain C(http) is accepted for loopback addresses only.
          - Can be set by the environment variable E(NEON_API_HOST).
        type: str
        default: https://console.neon.tech/api/v2
      api_key:
        description: The API key. Can be set by the environment variable E(NEON_API_KEY).
        type: str
      timeout:
        description: Seconds that the requests may take, waiting for Neon's operations included.
        type: int
        default: 300
  server_major:
    description:
      - With O(state=rendered), the server's major version, 14 to 18. Not needed if O(login) has C(server_major).
    type: int
  restart:
    description:
      - With V(allowed), the server is restarted if a listed setting waits for that and O(maintenance_window) is open. Outside of it there is
        a warning, and the setting goes on waiting.
      - The configuration files are looked at first, and a server that would not start with them is not restarted. Afterwards the module connects again, and
        fails unless it is another start of the server in which the settings are in force.
      - What is overridden on the server's command line is never a reason for a restart.
    type: str
    choices: [never, allowed]
    default: never
  restart_command:
    description:
      - Program and arguments that restart the server and wait for it, run on the host of this module without a shell. Required with O(restart=allowed).
      - Not on Neon, where its API restarts the compute, unless Neon has done so already for the changed settings.
    type: list
    elements: str
  maintenance_window:
    description: When a restart may be made, in UTC. Required with O(restart=allowed).
    type: dict
    suboptions:
      weekdays:
        description: The days on which the window begins, from 1 (Monday) to 7 (Sunday).
        type: list
        elements: int
        required: true
      start_time:
        description: Its beginning, as V(HH:MM), in quotes.
        type: str
        required: true
      end_time:
        description: Its end, as V(HH:MM). A window that ends before it begins goes on into the next day.
        type: str
        required: true
  settings:
    description: The settings.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the parameter, in any case. A name with a dot that the server does not know is one of an extension that is not loaded,
            and takes any text.
        type: str
        required: true
      value:
        description:
          - The value, as PostgreSQL reads it, with or without a unit. A list parameter (for example C(search_path)) takes a list, or a
            text with commas.
          - An empty list is what RESET gives where PostgreSQL would store one element with an empty name, after which the server does not
            start (C(shared_preload_libraries) and its kin).
          - V(DEFAULT), in any case, is the word of SQL and means the same as O(settings[].state=absent). In a list it is an element like any other.
        type: raw
      database:
        description: The database that it is kept for.
        type: str
      role:
        description:
          - The role that it is kept for, in every database or, with O(settings[].database), in one.
          - In check mode a role that does not exist is taken for one that an earlier task would make, with a warning.
        type: str
      state:
        description:
          - V(absent) resets it. For the whole server that removes what ALTER SYSTEM wrote, or what Neon's API has; a line of C(postgresql.conf) stays.
        type: str
        choices: [present, absent]
        default: present
requirements:
  - requests on the host that runs the module, for settings of the whole server on Neon
  - cryptography on the host that runs the module, to compare a certificate with its private key (without it a warning says that they were not compared)
seealso:
  - module: dbinfra.postgres.neon_endpoint
  - module: dbinfra.postgres.pg_access
author:
  - dbinfra contributors (@dbinfra)
"""

EXAMPLES = r"""
- name: Time-outs of the database, and a read-only role
  dbinfra.postgres.pg_setting:
    login: "{{ neon_connection }}"
    login_password: "{{ owner_password }}"
    settings:
      - {name: statement_timeout, value: 30s, database: shop}
      - {name: search_path, value: [app, public], database: shop}
      - {name: default_transaction_read_only, value: true, database: shop, role: shop_readonly}

- name: The whole server, on an own host
  dbinfra.postgres.pg_setting:
    login: "{{ superuser_connection }}"
    settings:
      - {name: shared_buffers, value: 2GB}
      - {name: log_min_duration_statement, value: 0.5s}

- name: The role has these settings and no others, the database none at all
  dbinfra.postgres.pg_setting:
    login: "{{ superuser_connection }}"
    state: exact
    scopes:
      - {database: shop}
    settings:
      - {name: statement_timeout, value: 5min, role: shop_readonly}

- name: More shared memory, at night
  dbinfra.postgres.pg_setting:
    login: "{{ superuser_connection }}"
    restart: allowed
    restart_command: [systemctl, restart, postgresql@17-main]
    maintenance_window: {weekdays: [7], start_time: "02:00", end_time: "04:00"}
    settings:
      - {name: shared_buffers, value: 4GB}

- name: A whole compute on Neon, and nothing left of what this task has set before
  dbinfra.postgres.pg_setting:
    login: "{{ neon_connection }}"
    login_password: "{{ owner_password }}"
    neon:
      api_key: "{{ neon_api_key }}"
    remember: shop settings
    settings:
      - {name: log_min_duration_statement, value: 1s}
      - {name: statement_timeout, value: 30s, database: shop}

- name: SQL for somebody who may run it
  dbinfra.postgres.pg_setting:
    state: rendered
    server_major: 17
    settings:
      - {name: shared_buffers, value: 2GB}
      - {name: search_path, value: [app, public], database: shop}
  register: for_the_administrator
"""

RETURN = r"""
settings:
  description: The declared settings, in the declared order.
  returned: unless O(state=rendered)
  type: list
  elements: dict
  contains:
    name:
      description: The parameter as the server spells it.
      type: str
    scope:
      description: >-
        V(system), C(database x), C(role y) or C(role y in database x). Where it was declared for the whole server and the provider sets that one itself,
        the database that it is kept for.
      type: str
    configured_before:
      description: The text that was configured in this scope before; null for none.
      type: str
    configured:
      description: The text that is configured now, or in check mode would be.
      type: str
    running:
      description: >-
        The value in force for the whole server, in C(unit); null for other scopes, which new sessions pick up, and where the login user cannot see it
        because its own role or database has another one.
      type: str
    unit:
      description: The parameter's own unit.
      type: str
    context:
      description: When it can take effect, as in C(pg_settings.context); null for a parameter that the server does not know.
      type: str
    source:
      description: >-
        Where the value that the login user's session began with comes from, for a setting of the whole server, as in C(pg_settings.source); null where the
        login user may not see it.
      type: str
    pending_restart:
      description: >-
        Whether the configured value waits for a restart that would put another value in force; null in check mode where that is for Neon to decide.
        What is configured as automatic (V(-1) for C(wal_buffers)) is in force as what the server has computed, although C(pg_settings) may say otherwise.
      type: bool
    overridden_by:
      description: >-
        Who has another value that goes before this one for its sessions, each as RV(settings[].scope), V(all roles) for what ALTER ROLE ALL has set, or
        V(command line). What the task declares itself is taken as done. Of other roles, those that may log in.
      type: list
      elements: str
  sample:
    - {name: statement_timeout, scope: database shop, configured_before: null, configured: 30s, running: null, unit: ms, context: user,
       source: null, pending_restart: false, overridden_by: [role shop_reports]}
restarted:
  description: >-
    Whether the server was restarted, by this module or by Neon for the changed settings, or in check mode would be; null in check mode where that is for
    Neon to decide.
  returned: unless O(state=rendered)
  type: bool
  sample: false
reset:
  description: >-
    What was configured in an exact scope without being declared, or was remembered and is declared no longer, and was reset, or in check mode would be.
  returned: with O(state=exact) or O(remember)
  type: list
  elements: dict
  contains:
    name:
      description: The parameter.
      type: str
    scope:
      description: As RV(settings[].scope).
      type: str
  sample: [{name: work_mem, scope: role shop_readonly}]
left_alone:
  description: >-
    What is configured in an exact scope without being declared, and is never reset, and what was remembered and has been given another value since.
  returned: with O(state=exact) or O(remember)
  type: list
  elements: dict
  contains:
    name:
      description: The parameter.
      type: str
    scope:
      description: As RV(settings[].scope).
      type: str
  sample: [{name: primary_conninfo, scope: system}]
rendered:
  description: The statements, each with its semicolon, the whole server's first with one reload after them.
  returned: with O(state=rendered)
  type: list
  elements: str
  sample: ['ALTER SYSTEM SET "shared_buffers" TO ''2GB'';', SELECT pg_catalog.pg_reload_conf();]
actions:
  description: What was done, or in check mode would be done, step by step.
  returned: changed
  type: list
  elements: str
  sample: ["set statement_timeout = 30s for database shop"]
"""


from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import Context, run_resource
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.access import nested_options
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting import SETTING_SPEC, build_setting
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_backend import ServerSettings

SPEC = {"argument_spec": {**SETTING_SPEC["argument_spec"], "neon": nested_options()}}


def open_neon(context: Context) -> ServerSettings:
    """Return Neon's API for the settings of a compute."""
    # Importing the client takes about as long as all else here, and whoever has no account with Neon needs no requests.
    from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.server_settings import open_server_settings

    return open_server_settings(context)


def main() -> None:
    """Run the module."""
    run_resource(SPEC, lambda context: build_setting(context, {"neon": open_neon}))


if __name__ == "__main__":
    main()
