# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One server of each supported version. A test that takes ``asking`` or ``server`` runs once for each of them."""

from __future__ import annotations

import pathlib
import sys
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.settings_snapshot import SERVERS

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from asking import Asker, asker
from postgres_server import PostgresServer, postgres_home, running_server


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test for each version, all of one version in the same process: it has the server."""
    if "major" in metafunc.fixturenames:
        majors = [pytest.param(major, marks=pytest.mark.xdist_group(f"postgres-{major}")) for major in sorted(SERVERS, reverse=True)]
        metafunc.parametrize("major", majors, scope="session")


@pytest.fixture(scope="session")
def server(major: int) -> t.Iterator[PostgresServer]:
    """A server of a version, or a skipped test that names it."""
    try:
        postgres_home(major)
    except AssertionError:
        pytest.skip(f"PostgreSQL {major} is NOT tested: its server programs are not there (scripts/postgres_versions.sh fetches them)")
    with running_server(major, settings={"shared_buffers": "16MB"}) as running:
        yield running


@pytest.fixture(scope="session")
def asking(server: PostgresServer, major: int) -> t.Iterator[Asker]:
    """A session of the server's superuser that asks for values."""
    with asker(server, major) as session:
        yield session
