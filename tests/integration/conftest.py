# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of the files: those that take longest come first, so that no worker is left with one of them when the others are done."""

from __future__ import annotations

import pathlib

import pytest

# By the seconds that they take, each more than a minute where three workers share two cores; all others are shorter.
LONGEST = (
    "test_preview.py",
    "test_site.py",
    "test_site_refusals.py",
    "test_site_production_first.py",
    "test_site_killed.py",
    "test_plain_play.py",
    "test_site_together.py",
    "test_local_neon_dataplane.py",
    "test_run_lock.py",
    "test_settings_role.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by file only; inside a file everything stays as it is written."""
    here = pathlib.Path(__file__).parent
    missing = [name for name in LONGEST if not (here / name).is_file()]
    if missing:
        raise pytest.UsageError(f"tests/integration/conftest.py sorts files that are not there: {', '.join(missing)}")
    rank = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
