# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of the files: those that run whole plays come first, so that no worker is left with one of them when the others are done."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by file only; inside a file everything stays as it is written."""
    items.sort(key=lambda item: not item.path.name.startswith(("test_site", "test_preview")))
