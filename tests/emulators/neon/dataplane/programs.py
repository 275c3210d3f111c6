# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server programs: where they are, which version they are, and whether the server user can reach them."""

from __future__ import annotations

import asyncio
import dataclasses
import pathlib
import re

from . import processes, vendor_build
from .errors import DataPlaneError
from .roles import NEON_SUPERUSER
from .server_user import ServerUser


@dataclasses.dataclass(frozen=True)
class PostgresPrograms:
    """A PostgreSQL installation: folder with ``bin``, ``lib`` and ``share``; ``major`` is its major version."""

    home: pathlib.Path
    major: int

    @property
    def initdb(self) -> str:
        """Path of initdb."""
        return str(self.home / "bin" / "initdb")

    @property
    def postgres(self) -> str:
        """Path of postgres."""
        return str(self.home / "bin" / "postgres")


@dataclasses.dataclass(frozen=True)
class PgBouncerProgram:
    """A PgBouncer binary and its version, for example (1, 18)."""

    path: str
    version: tuple[int, int]

    @property
    def knows_prepared_statements(self) -> bool:
        """Whether it has ``max_prepared_statements`` (since 1.21)."""
        return self.version >= (1, 21)


def _unreachable(folder: pathlib.Path, user: ServerUser) -> bool:
    samples = [folder, *(path for path in folder.iterdir() if not path.is_symlink())]
    return any(user.obstacle(sample) is not None for sample in samples)


async def install_postgres(home: pathlib.Path, user: ServerUser, target: pathlib.Path) -> PostgresPrograms:
    """Return the programs of a private copy in ``target`` of the installation ``home``, changed as Neon's build is.

    The copy also serves when the server user cannot enter ``home``: a clone in a folder that only root may enter is usual (mktemp -d
    makes such folders), and PostgreSQL never runs as root.
    """
    for part in ("bin/initdb", "bin/postgres", "lib", "share"):
        if not (home / part).exists():
            raise DataPlaneError(
                f"no PostgreSQL server at {home}: {part} is missing there. `make setup` installs one; DBINFRA_POSTGRES_HOME_17 names another."
            )
    by_link = not any(_unreachable(home / part, user) for part in ("lib", "share"))
    await asyncio.to_thread(vendor_build.make, home, target, NEON_SUPERUSER, by_link=by_link)
    home = target
    text = await processes.run([str(home / "bin" / "postgres"), "--version"], user, purpose="asking PostgreSQL for its version")
    found = re.search(r"\(PostgreSQL\) (\d+)", text)
    if found is None:
        raise DataPlaneError(f"{home}/bin/postgres --version gave no version that can be read: {processes.last_lines(text)}")
    return PostgresPrograms(home, int(found.group(1)))


async def find_pgbouncer(path: pathlib.Path, user: ServerUser) -> PgBouncerProgram:
    """Return the PgBouncer at ``path`` with its version."""
    if not path.is_file():
        raise DataPlaneError(f"no PgBouncer at {path}: install the package pgbouncer, the local Neon's -pooler hosts need it")
    text = await processes.run([str(path), "--version"], user, purpose="asking PgBouncer for its version")
    found = re.search(r"PgBouncer (\d+)\.(\d+)", text)
    if found is None:
        raise DataPlaneError(f"{path} --version gave no version that can be read: {processes.last_lines(text)}")
    return PgBouncerProgram(str(path), (int(found.group(1)), int(found.group(2))))
