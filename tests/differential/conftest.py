# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One server of each supported version. A test that takes ``asking`` or ``server`` runs once for each of them."""

from __future__ import annotations

import pathlib
import re
import sys
import typing as t

import pytest
from xdist.scheduler import LoadScopeScheduling

from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.settings_snapshot import SERVERS

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from asking import Asker, asker
from postgres_server import PostgresServer, postgres_home, running_server


class ByVersion(LoadScopeScheduling):  # type: ignore[misc]
    """All tests of one version go to the same process, which has its server; the marks of xdist for that get lost on the way."""

    def _split_scope(self, nodeid: str) -> str:
        found = re.search(r"\[([0-9]+)", nodeid)
        return found[1] if found else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: t.Any) -> ByVersion:
    """Replace the scheduler that was asked for."""
    return ByVersion(config, log)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test for each version."""
    if "major" in metafunc.fixturenames:
        metafunc.parametrize("major", sorted(SERVERS, reverse=True), scope="session")


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
