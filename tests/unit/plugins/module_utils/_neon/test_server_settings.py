# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP conversation about the settings of a whole server: always with the compute that the connection leads to."""

from __future__ import annotations

import pathlib
import sys
import types
import typing as t

import pytest

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import DbinfraError
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.server_settings import ComputeSettings, open_server_settings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3]))

from neon_conversation import BRANCH_ID, ENDPOINT_ID, HOST, HOST_NAME, KEY, PROJECT_ID, conversation, endpoint, operation

LIST = f"/projects/{PROJECT_ID}/branches/{BRANCH_ID}/endpoints"
PATH = f"/projects/{PROJECT_ID}/endpoints/{ENDPOINT_ID}"
LOGIN = {"provider": "neon", "project_id": PROJECT_ID, "branch_id": BRANCH_ID, "login_host": HOST_NAME}
OTHER = endpoint(id="ep-other-1", type="read_only", host=HOST_NAME.replace(ENDPOINT_ID, "ep-other-1"), settings={"pg_settings": {"jit": "off"}})


def opened(**login: t.Any) -> ComputeSettings:
    access = {"api_host": HOST, "api_key": KEY, "timeout": 60}
    context = types.SimpleNamespace(params={"neon": access, "login": {**LOGIN, **login}}, check_mode=False, hide=lambda _secret: None)
    return open_server_settings(t.cast("t.Any", context))


def having(**pg_settings: str) -> dict[str, t.Any]:
    return endpoint(settings={"pg_settings": pg_settings, "preload_libraries": {"use_defaults": True}})


def listed(*endpoints: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"endpoints": list(endpoints)}


@pytest.mark.parametrize("host", [HOST_NAME, HOST_NAME.upper(), HOST_NAME.replace(ENDPOINT_ID, f"{ENDPOINT_ID}-pooler")])
def test_the_compute_of_the_connection_is_read_and_no_other(host: str) -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(OTHER, having(Work_Mem="8MB")))
        assert opened(login_host=host).read() == {"work_mem": "8MB"}


@pytest.mark.parametrize("host", ["ep-gone-1.c-2.eu-central-1.aws.neon.tech", "", None])
def test_no_compute_stands_in_for_another(host: str | None) -> None:
    with conversation() as neon:
        neon.expect("GET", LIST, listed(OTHER, having()))
        with pytest.raises(DbinfraError, match="has no compute with the host"):
            opened(login_host=host).read()


@pytest.mark.parametrize("missing", ["project_id", "branch_id"])
def test_a_connection_without_ids_is_refused(missing: str) -> None:
    with conversation(), pytest.raises(DbinfraError, match="project_id or branch_id is missing"):
        opened(**{missing: None}).read()


def test_one_request_changes_all_of_them_and_what_neon_has_else_stays() -> None:
    have, after = having(Work_Mem="8MB", jit="off", other="1"), having(Work_Mem="16MB", other="1", random_page_cost="1.1")
    with conversation() as neon:
        neon.expect("GET", LIST, listed(have))
        neon.expect("GET", LIST, listed(have))
        body = {"endpoint": {"settings": after["settings"]}}
        neon.expect("PATCH", PATH, {"endpoint": after, "operations": [operation("running")]}, body=body)
        neon.expect("GET", f"/projects/{PROJECT_ID}/operations/op-1", {"operation": operation()})
        neon.expect("GET", LIST, listed(after))
        opened().write({"work_mem": "16MB", "JIT": None, "random_page_cost": "1.1"})


def test_what_neon_refuses_is_said_by_name_with_neons_words() -> None:
    have = having()
    with conversation() as neon:
        neon.expect("GET", LIST, listed(have))
        neon.expect("GET", LIST, listed(have))
        body = {"endpoint": {"settings": having(deadlock_timeout="5s")["settings"]}}
        neon.expect("PATCH", PATH, {"code": "", "message": "deadlock_timeout cannot be changed"}, body=body, status=400)
        with pytest.raises(DbinfraError) as caught:
            opened().write({"deadlock_timeout": "5s"})
    message = caught.value.message()
    assert "deadlock_timeout could not be configured for the whole server: Neon refused the request" in message
    assert "deadlock_timeout cannot be changed" in message and "Name a database or a role for what a session may set" in message


@pytest.mark.parametrize(
    ("have", "wish", "words"),
    [
        ({}, {"deadlock_timeout": "5s"}, "does not show these settings as declared: deadlock_timeout"),
        ({"deadlock_timeout": "5s"}, {"deadlock_timeout": None}, "still shows these settings that were to go: deadlock_timeout"),
    ],
)
def test_what_neon_accepts_without_doing_it_is_an_error(have: dict[str, str], wish: dict[str, str | None], words: str) -> None:
    present = having(**have)
    wanted = {name: text for name, text in {**have, **wish}.items() if text is not None}
    with conversation() as neon:
        neon.expect("GET", LIST, listed(present))
        neon.expect("GET", LIST, listed(present))
        neon.expect("PATCH", PATH, {"endpoint": present, "operations": []}, body={"endpoint": {"settings": having(**wanted)["settings"]}})
        neon.expect("GET", LIST, listed(present))
        with pytest.raises(DbinfraError, match=words):
            opened().write(wish)
