# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API key of the Neon modules: one that is none is refused before anything is asked, in a message that can be read and does not show it."""

from __future__ import annotations

import types

import pytest
from unit.module_runner import run_module
from unit.neon_conversation import BRANCH_ID, PROJECT_ID, conversation, options

from ansible_collections.dbinfra.postgres.plugins.modules import (
    neon_branch,
    neon_database,
    neon_endpoint,
    neon_info,
    neon_project,
    neon_role,
    neon_snapshot,
)

ON_PROJECT = {"project_id": PROJECT_ID}
ON_BRANCH = {**ON_PROJECT, "branch_id": BRANCH_ID}
TASKS = [
    (neon_project, {"name": "shop", "region_id": "aws-eu-central-1", "pg_version": 17}),
    (neon_branch, {**ON_PROJECT, "name": "staging"}),
    (neon_endpoint, ON_BRANCH),
    (neon_role, {**ON_BRANCH, "name": "shop_owner"}),
    (neon_database, {**ON_BRANCH, "name": "shop", "owner_name": "shop_owner"}),
    (neon_snapshot, {**ON_PROJECT, "name": "nightly"}),
    (neon_info, {}),
]


@pytest.mark.parametrize("key", [" ", "\n", " \t "])
@pytest.mark.parametrize(("module", "wish"), TASKS)
def test_a_blank_key_is_no_key_and_masks_no_blank(module: types.ModuleType, wish: dict[str, object], key: str) -> None:
    with conversation():
        result = run_module(module, options(**{**wish, "api_key": key}))
    assert result["msg"].startswith("option api_key (environment variable NEON_API_KEY): there is no Neon API key. Create one")


@pytest.mark.parametrize("key", ["napi_one napi_two", "napi_one\n", "napi_one\nnapi_two", "napi_öne"])
@pytest.mark.parametrize(("module", "wish"), TASKS)
def test_a_malformed_key_is_refused_and_not_shown(module: types.ModuleType, wish: dict[str, object], key: str) -> None:
    with conversation():
        result = run_module(module, options(**{**wish, "api_key": key}))
    assert "the API key holds a space, a line end or a character outside ASCII" in result["msg"]
    assert "napi_" not in repr(result)


def test_a_blank_key_of_the_environment_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEON_API_KEY", " ")
    with conversation():
        result = run_module(neon_info, {})
    assert "there is no Neon API key. Create one in the Neon console" in result["msg"]
