# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the PostgreSQL binaries are, and that they are of the declared major version."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from ..framework.contract import CHECKOUT
from ..framework.instance import InstanceError

PROGRAMS = ("initdb", "pg_ctl", "postgres")


def postgres_home(major: int) -> Path:
    """The folder with ``bin``, ``lib`` and ``share`` of PostgreSQL ``major``: ``$DBINFRA_POSTGRES_HOME_<major>``, else below the checkout's cache.

    :raises InstanceError: if programs are missing or belong to another major version.
    """
    variable = f"DBINFRA_POSTGRES_HOME_{major}"
    home = Path(os.environ.get(variable) or CHECKOUT / ".cache" / f"postgres-{major}")
    missing = [name for name in PROGRAMS if not os.access(home / "bin" / name, os.X_OK)]
    if missing:
        raise InstanceError(f"PostgreSQL {major} binaries not found: {home}/bin has no {', '.join(missing)}; run `make setup`, or set {variable}")
    shown = subprocess.run([home / "bin" / "postgres", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\(PostgreSQL\) (\d+)", shown.stdout)
    if found is None:
        raise InstanceError(f"{home}/bin/postgres does not run: {(shown.stderr or shown.stdout).strip()}")
    if int(found[1]) != major:
        raise InstanceError(f"{home} holds PostgreSQL {found[1]}, but {major} is declared; set {variable} to a folder with PostgreSQL {major}")
    return home
