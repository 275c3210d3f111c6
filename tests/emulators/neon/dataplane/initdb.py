# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new cluster by initdb, and its result kept for the next start: it takes most of a start, and the same programs make the same.

PostgreSQL's own tests do it the same way (INITDB_TEMPLATE of PostgreSQL::Test::Cluster).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import pathlib
import secrets
import shutil

from . import processes, server_config, trees
from .cluster import Cluster
from .programs import PostgresPrograms
from .server_user import ServerUser

LOG = logging.getLogger("emulators.neon.dataplane")

# Nothing is worth syncing: when the machine dies, so does the cluster. No password: the admin comes by its system user only.
_OPTIONS = (
    "-U",
    server_config.ADMIN_ROLE,
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--auth-local=peer",
    "--auth-host=reject",
    "--no-sync",
    "--no-instructions",
    "--data-checksums",
)


async def make(cluster: Cluster, programs: PostgresPrograms, user: ServerUser, kept_in: pathlib.Path | None) -> None:
    """Make the data folder of ``cluster``, whose folders exist: from what ``kept_in`` holds of the same programs, else by initdb, and keep that.

    ``kept_in`` None keeps nothing. A folder that cannot be written to costs time only. Raises DataPlaneError when initdb fails.
    """
    kept = None if kept_in is None else kept_in / f"initdb-{programs.major}-{_digest(programs)}"
    if kept is not None and kept.is_dir():
        await asyncio.to_thread(shutil.copytree, kept, cluster.data)
        await asyncio.to_thread(trees.give_to, cluster.data, user.owner)
        return
    await processes.run([programs.initdb, "-D", str(cluster.data), *_OPTIONS], user, purpose="making the template cluster")
    if kept is not None:
        await asyncio.to_thread(_keep, cluster.data, kept)


def _digest(programs: PostgresPrograms) -> str:
    """Return what stands for the programs and the options; a copied program has its original's time."""
    parts = [repr(_OPTIONS)]
    for path in (programs.initdb, programs.postgres):
        found = pathlib.Path(path).stat()
        parts.append(f"{found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _keep(data: pathlib.Path, kept: pathlib.Path) -> None:
    """Put a copy of ``data`` in ``kept``: whole or not at all, also when two starts do it at once."""
    made = kept.with_name(f"{kept.name}.{secrets.token_hex(4)}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(data, made)
        # Fails when another start has been faster: its copy is as good.
        made.rename(kept)
    except OSError as error:
        LOG.info("the new cluster is not kept for the next start: %s", error)
        with contextlib.suppress(OSError):
            trees.remove(made)
