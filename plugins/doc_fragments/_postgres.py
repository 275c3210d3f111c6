# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of every module that connects to PostgreSQL by login."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment; its argument spec is LOGIN_SPEC in module_utils/_postgres/login.py."""

    DOCUMENTATION = r"""
options:
  login:
    description:
      - How the server is reached, without the password; the RV(dbinfra.postgres.neon_database#module:connection) of the provider's module fits as it is.
      - Known keys are C(login_host), C(login_port) (default 5432), C(login_user), C(login_db), C(ssl_mode) (default V(verify-full)),
        C(ca_cert) (file with CA certificates), C(server_major), C(provider) (V(neon), V(supabase) or V(self_hosted)), C(branch_id), C(exists)
        and C(stand_in). Other keys are ignored.
      - The connection is made to the server itself, never through a pooler in transaction mode.
    type: dict
    required: true
  login_password:
    description:
      - Password of the login user. It is handed to libpq in memory and appears in no message.
      - Leave it out where the server asks for none; an empty value is an error, because it is usually a look-up that found nothing.
    type: str
  connect_timeout:
    description: Seconds to wait for one connection.
    type: int
    default: 10
  predicted:
    description:
      - Whether the server is only a prediction of an earlier task in check mode. Nothing connects then, and the result is what a run
        on a new server would give. A O(login) with C(exists=false) says the same.
      - A O(login) with C(exists=false) and C(stand_in) speaks of a server that will be a copy of the one that C(stand_in) leads to. Then the
        module connects there with O(login_password), only reads in a read-only session, tries no other password, and the result is what a
        run on the copy would give.
      - An error outside check mode.
    type: bool
    default: false
requirements:
  - psycopg2 2.9 or newer on the host that runs the module (package python3-psycopg2 on Debian, psycopg2-binary from a package index)
"""
