# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which roles and databases a branch has that was made from a past state. The clusters themselves say it; the API knows the passwords."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from . import names
from .dataplane import Copied
from .state import Branch, Database, Project, Role, Snapshot

if TYPE_CHECKING:
    from .world import World

_VERIFIER = re.compile(r"SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)\Z")


def settle(
    world: World, project: Project, branch: Branch | Snapshot, source: Branch | Snapshot, copied: Copied, *, new_passwords: bool = False
) -> None:
    """Give the branch the roles and databases that were copied from ``source``, as far as they were made through the API.

    :param new_passwords: the passwords are about to be replaced by those that the branch's roles have then.
    """
    now = world.clock.now()
    roles: dict[str, Role] = {}
    for name, verifier in copied.verifiers.items():
        passwords = project.known_passwords.get(name)
        if not passwords:
            continue  # made in SQL
        known, in_source = branch.roles.get(name), source.roles.get(name)
        if new_passwords:
            password = known.password if known else names.password()
        else:
            likely = in_source.password if in_source else passwords[-1]
            # One that was set in SQL is not known to the API, as in every other branch.
            password = next((item for item in (likely, *reversed(passwords)) if fits(item, verifier)), likely)
        roles[name] = Role(name, password, known.created_at if known else now, now)
    databases: dict[str, Database] = {}
    for name, in_cluster in copied.owners.items():
        present = branch.databases.get(name) or source.databases.get(name)
        # Given to a role made in SQL, which the API does not show.
        owner = in_cluster if in_cluster in roles or present is None else present.owner_name
        if name in project.known_databases and owner in roles:
            mine = branch.databases.get(name)
            databases[name] = Database(mine.id if mine else world.next_database_id(), name, owner, mine.created_at if mine else now, now)
    branch.roles, branch.databases = roles, databases
    project.know(*roles.values(), *databases.values())


def fits(password: str, verifier: str) -> bool:
    """Whether a SCRAM verifier was made from ``password`` (of ASCII characters, as the API's are)."""
    parts = _VERIFIER.match(verifier)
    if parts is None:
        return False
    iterations, salt, stored_key = int(parts[1]), base64.b64decode(parts[2]), base64.b64decode(parts[3])
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), stored_key)
